/**
 * Cards by the words in them. The index is kept by triggers (migration 8); the databases ask it in words of their own: a
 * full-text table on SQLite, which gives the newest matches first without looking at the others, and `tsvector` columns on
 * PostgreSQL.
 */
import { sql, type RawBuilder } from 'kysely'
import type { FoundCard, FoundPlace, Tier } from '../../domain/search.ts'
import type { SearchQuery, SearchTerm } from '../../domain/search-query.ts'
import type { TaskStatus } from '../../domain/task.ts'
import type { Connection } from '../connection.ts'
import { adHoc, textsIn, type DialectName, type StatementDialect } from '../statement.ts'

export interface SearchFilter {
  readonly status?: readonly TaskStatus[] | undefined
  /** Null: of nobody. */
  readonly assignee?: string | null | undefined
  readonly tenant?: string | undefined
  /** Whether the archive is looked at, too. */
  readonly archived: boolean
  /** These cards only. */
  readonly among?: readonly string[] | undefined
}

interface PageRequest {
  readonly query: SearchQuery
  readonly filter: SearchFilter
  readonly tier: Tier
  /** The card before, null at the beginning of the tier. */
  readonly after: string | null
  readonly limit: number
}

/** Ids of the cards of one tier, the newest first. */
export async function findMatches(db: Connection, page: PageRequest): Promise<string[]> {
  if (page.query.all.length === 0) return []
  const rows =
    db.dialect === 'sqlite'
      ? await ask(db, (dialect) => sqliteMatches(page, dialect))
      : await ask(db, await postgresMatches(db, page))
  return rows.map(({ id }) => id)
}

const ask = <T>(db: Connection, build: (dialect: StatementDialect) => RawBuilder<T>): Promise<T[]> =>
  db.all(
    adHoc<T>(db.dialect, (kysely, dialect) => ({ compile: () => build(dialect).compile(kysely) })),
    {},
  )

function sqliteMatches(page: PageRequest, dialect: StatementDialect): RawBuilder<{ id: string }> {
  const { query, filter, tier, after, limit } = page
  if (tier === 'said') return sqliteSaid(page, dialect)
  const title = `{title} : (${fts(query.all, 'AND')})`
  const wanted = tier === 'title' ? title : `({title body} : (${fts(query.all, 'AND')})) NOT (${title})`
  const not = query.none.length === 0 ? '' : ` NOT ({title body} : (${fts(query.none, 'OR')}))`
  // In this order: the index gives the newest first, and whoever has enough stops.
  return sql`select c.task_id as id from search_card_words w
      cross join search_cards c on c.no = w.rowid cross join tasks t on t.id = c.task_id
    where w.search_card_words match ${`(${wanted})${not}`}
      ${after === null ? sql`` : sql`and w.rowid < (select no from search_cards where task_id = ${after})`}
      ${unlessSaid(query)} ${narrowed(filter, dialect)}
    order by w.rowid desc limit ${limit}`
}

/** Each word is in the card or was said on it, and not all are in the card. */
function sqliteSaid(
  { query, filter, after, limit }: PageRequest,
  dialect: StatementDialect,
): RawBuilder<{ id: string }> {
  // Of a single word, the first condition says it all.
  const each = query.all.length === 1 ? [] : query.all.map((term) => fts([term], 'AND'))
  return sql`select c.task_id as id from search_cards c cross join tasks t on t.id = c.task_id
    where c.no in (${saidWith(fts(query.all, 'OR'))})
      ${joined(each.map((term) => sql`and (c.no in (${cardsWith(term)}) or c.no in (${saidWith(term)}))`))}
      and c.no not in (${cardsWith(fts(query.all, 'AND'))})
      ${query.none.length === 0 ? sql`` : sql`and c.no not in (${cardsWith(fts(query.none, 'OR'))})`}
      ${after === null ? sql`` : sql`and c.no < (select no from search_cards where task_id = ${after})`}
      ${unlessSaid(query)} ${narrowed(filter, dialect)}
    order by c.no desc limit ${limit}`
}

/** Words of ours hold letters, digits and marks only, so nothing in them means anything to the index. */
const fts = (terms: readonly SearchTerm[], operator: 'AND' | 'OR'): string =>
  terms.map(({ words, isPrefix }) => `"${words.join(' ')}"${isPrefix ? ' *' : ''}`).join(` ${operator} `)

const cardsWith = (expression: string): RawBuilder<unknown> =>
  sql`select rowid from search_card_words where search_card_words match ${expression}`

const saidWith = (expression: string): RawBuilder<unknown> =>
  sql`select r.card from search_remark_words x cross join search_remarks r on r.id = x.rowid
    where x.search_remark_words match ${expression}`

const unlessSaid = ({ none }: SearchQuery): RawBuilder<unknown> =>
  none.length === 0 ? sql`` : sql`and c.no not in (${saidWith(fts(none, 'OR'))})`

/** Beyond so many matches, walking the cards from the newest on meets enough of them soon. */
const FEW = 2_000

/**
 * PostgreSQL cannot tell from its statistics how rare a rare word is, and would walk through all cards for it. So the index
 * is asked first whether there are few; then these are sorted, and only many are walked.
 */
async function postgresMatches(
  db: Connection,
  { query, filter, tier, after, limit }: PageRequest,
): Promise<(dialect: StatementDialect) => RawBuilder<{ id: string }>> {
  const inTitle = (term: SearchTerm) => sql`c.title @@ ${tsquery(term)}`
  const inCard = (term: SearchTerm) => sql`(c.title @@ ${tsquery(term)} or c.body @@ ${tsquery(term)})`
  const wasSaid = (term: SearchTerm) =>
    sql`exists (select from search_remarks r where r.task_id = c.task_id and r.said @@ ${tsquery(term)})`
  const allIn = (where: (term: SearchTerm) => RawBuilder<unknown>) =>
    sql`(${joined(query.all.map(where), sql` and `)})`
  const tiers: Readonly<Record<Tier, () => RawBuilder<unknown>>> = {
    title: () => allIn(inTitle),
    card: () => sql`${allIn(inCard)} and not ${allIn(inTitle)}`,
    said: () =>
      sql`c.task_id in (select r.task_id from search_remarks r where ${joined(
        query.all.map((term) => sql`r.said @@ ${tsquery(term)}`),
        sql` or `,
      )}) and ${allIn((term) => sql`(${inCard(term)} or ${wasSaid(term)})`)} and not ${allIn(inCard)}`,
  }
  const matches = sql`${tiers[tier]()} ${joined(query.none.map((term) => sql`and not ${inCard(term)} and not ${wasSaid(term)}`))}`
  const [counted] = await ask(
    db,
    () =>
      sql<{
        n: number
      }>`select count(*) as n from (select from search_cards c where ${matches} limit ${sql.lit(FEW + 1)}) as matched`,
  )
  const isFew = Number(counted?.n ?? 0) <= FEW
  return (dialect) => {
    const page = sql`${after === null ? sql`` : sql`and (t.created_order, t.id) < (select created_order, id from tasks where id = ${after})`}
      ${narrowed(filter, dialect)} order by t.created_order desc, t.id desc limit ${limit}`
    return isFew
      ? sql`with few as materialized (select c.task_id from search_cards c where ${matches})
          select f.task_id as id from few f join tasks t on t.id = f.task_id where true ${page}`
      : sql`select c.task_id as id from search_cards c join tasks t on t.id = c.task_id where ${matches} ${page}`
  }
}

const tsquery = ({ words, isPrefix }: SearchTerm): RawBuilder<unknown> =>
  sql`search_term(${words.join(' ')}, ${sql.lit(isPrefix)})`

const joined = <T>(
  parts: readonly RawBuilder<unknown>[],
  between: RawBuilder<unknown> = sql` `,
): RawBuilder<T> => sql.join<T>(parts.length === 0 ? [sql``] : parts, between)

function narrowed(filter: SearchFilter, dialect: StatementDialect): RawBuilder<unknown> {
  const { status, assignee, tenant, archived, among } = filter
  return joined([
    ...(status !== undefined
      ? [sql`and t.status in (${sql.join([...status])})`]
      : archived
        ? []
        : [sql`and t.status <> 'archived'`]),
    ...(assignee === undefined
      ? []
      : assignee === null
        ? [sql`and t.assignee is null`]
        : [sql`and t.assignee = ${assignee}`]),
    ...(tenant === undefined ? [] : [sql`and t.tenant = ${tenant}`]),
    ...(among === undefined ? [] : [sql`and t.id in ${textsIn(JSON.stringify(among), dialect)}`]),
  ])
}

/** As much of a text as search looks at. */
const LOOKED_AT = 100_000

export interface FoundTexts extends FoundCard {
  readonly body: string | null
}

/** The cards of a page with their texts, in the order of the ids. */
export async function findFoundCards(db: Connection, ids: readonly string[]): Promise<FoundTexts[]> {
  if (ids.length === 0) return []
  const rows = await db.all(
    adHoc(db.dialect, (kysely) =>
      kysely
        .selectFrom('tasks')
        .select((eb) => [
          'id',
          'title',
          'status',
          'assignee',
          'tenant',
          'priority',
          'created_at as createdAt',
          'completed_at as completedAt',
          eb.fn<string | null>('substr', ['body', eb.val(1), eb.val(LOOKED_AT)]).as('body'),
        ])
        .where('id', 'in', [...ids]),
    ),
    {},
  )
  const found = new Map(rows.map((row) => [row.id, { ...row, status: row.status as TaskStatus }]))
  return ids.flatMap((id) => found.get(id) ?? [])
}

export interface Said {
  readonly place: FoundPlace
  readonly text: string
}

interface SaidRow {
  readonly place: 'result' | 'summary' | 'comment'
  readonly source: number
  readonly text: string | null
  readonly author: string | null
  readonly at: number | null
}

/** What was said on a card that holds any of the terms: its result, and of summaries and comments the newest. */
export async function findSaid(
  db: Connection,
  taskId: string,
  terms: readonly SearchTerm[],
): Promise<Said[]> {
  const rows = await db.all(
    adHoc<SaidRow>(db.dialect, (kysely) => ({
      compile: () =>
        joined(
          (['result', 'summary', 'comment'] as const).map((place) =>
            saidIn(db.dialect, place, taskId, terms),
          ),
          sql` union all `,
        ).compile(kysely),
    })),
    {},
  )
  return rows.flatMap(({ text, ...row }) => (text === null ? [] : [{ place: placeOf(row), text }]))
}

/** Of each kind so many: enough to show why a card was found. */
const NEWEST = 2

function saidIn(
  dialect: DialectName,
  place: SaidRow['place'],
  taskId: string,
  terms: readonly SearchTerm[],
): RawBuilder<unknown> {
  const [source, match] =
    dialect === 'sqlite'
      ? [
          sql`search_remarks r cross join search_remark_words w on w.rowid = r.id`,
          sql`r.card = (select no from search_cards where task_id = ${taskId}) and w.search_remark_words match ${fts(terms, 'OR')}`,
        ]
      : [
          sql`search_remarks r`,
          sql`r.task_id = ${taskId} and (${joined(
            terms.map((term) => sql`r.said @@ ${tsquery(term)}`),
            sql` or `,
          )})`,
        ]
  const { table, text, author, at } = SOURCES[place]
  return sql`select * from (select r.place, r.source, substr(${sql.ref(text)}, 1, ${sql.lit(LOOKED_AT)}) as text,
      ${sql.raw(author)} as author, ${sql.raw(at)} as at
    from ${source} join ${sql.table(table)} s on s.id = ${place === 'result' ? taskId : sql.ref('r.source')}
    where r.place = ${place} and ${match}
    order by r.source desc limit ${sql.lit(NEWEST)}) as ${sql.ref(place)}`
}

const SOURCES = {
  result: { table: 'tasks', text: 's.result', author: 'null', at: 's.completed_at' },
  summary: {
    table: 'task_runs',
    text: 's.summary',
    author: 's.profile',
    at: 'coalesce(s.ended_at, s.started_at)',
  },
  comment: { table: 'task_comments', text: 's.body', author: 's.author', at: 's.created_at' },
} as const

function placeOf({ place, source, author, at }: Omit<SaidRow, 'text'>): FoundPlace {
  const when = Number(at ?? 0)
  if (place === 'result') return { kind: 'result' }
  if (place === 'summary') return { kind: 'summary', runId: Number(source), author, at: when }
  return { kind: 'comment', commentId: Number(source), author: author ?? '', at: when }
}
