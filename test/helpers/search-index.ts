/** What a board's search index holds, against what its rows say: made anew beside it, and compared word by word. */
import { DatabaseSync } from 'node:sqlite'
import pg from 'pg'
import type { TestBoard } from './boards.ts'

/** Words that the index lacks, and words that it has too many; empty when it is what it should be. */
export const indexFaults = ({ store, location }: Pick<TestBoard, 'store' | 'location'>): Promise<string[]> =>
  store.dialect === 'sqlite' ? Promise.resolve(sqliteIndexFaults(location)) : postgresIndexFaults(location)

export function sqliteIndexFaults(file: string): string[] {
  using db = new DatabaseSync(file)
  return faultsIn(db)
}

const TOKENIZER = `tokenize = 'unicode61 remove_diacritics 2'`

export function faultsIn(db: DatabaseSync): string[] {
  // Its own structure first.
  for (const table of ['search_card_words', 'search_remark_words'])
    db.exec(`insert into ${table} (${table}) values ('integrity-check')`)
  db.exec(`
    create virtual table temp.cards_anew using fts5 (title, body, ${TOKENIZER});
    create virtual table temp.remarks_anew using fts5 (said, ${TOKENIZER});
    create temp table cards_numbered as select row_number() over (order by id) as no, id from tasks;
    create temp table remarks_numbered as
      select row_number() over () as no, * from (
        select id as task_id, 'result' as place, 0 as source, result as said from tasks where result <> ''
        union all select task_id, 'summary', id, summary from task_runs where summary <> ''
        union all select task_id, 'comment', id, body from task_comments where body <> '');
    insert into cards_anew (rowid, title, body) select n.no, t.title, substr(t.body, 1, 100000) from cards_numbered n join tasks t using (id);
    insert into remarks_anew (rowid, said) select no, substr(said, 1, 100000) from remarks_numbered;
    create virtual table temp.cards_vocab using fts5vocab (main, search_card_words, instance);
    create virtual table temp.remarks_vocab using fts5vocab (main, search_remark_words, instance);
    create virtual table temp.cards_anew_vocab using fts5vocab (temp, cards_anew, instance);
    create virtual table temp.remarks_anew_vocab using fts5vocab (temp, remarks_anew, instance)`)
  const kept = wordsBy(
    db,
    `select coalesce(c.task_id, 'nobody') || ' ' || v.col || ' ' || v.offset || ' ' || v.term as word
       from cards_vocab v left join search_cards c on c.no = v.doc
     union all select coalesce(c.task_id || ' ' || r.place || ' ' || r.source, 'nobody') || ' ' || v.offset || ' ' || v.term
       from remarks_vocab v left join search_remarks r on r.id = v.doc left join search_cards c on c.no = r.card
     union all select 'card ' || task_id from search_cards
     union all select 'remark ' || coalesce(c.task_id, 'nobody') || place || source
       from search_remarks r left join search_cards c on c.no = r.card`,
  )
  const wanted = wordsBy(
    db,
    `select n.id || ' ' || v.col || ' ' || v.offset || ' ' || v.term as word
       from cards_anew_vocab v join cards_numbered n on n.no = v.doc
     union all select n.task_id || ' ' || n.place || ' ' || n.source || ' ' || v.offset || ' ' || v.term
       from remarks_anew_vocab v join remarks_numbered n on n.no = v.doc
     union all select 'card ' || id from tasks
     union all select 'remark ' || task_id || place || source from remarks_numbered`,
  )
  return [
    ...[...wanted].filter((word) => !kept.has(word)).map((word) => `missing: ${word}`),
    ...[...kept].filter((word) => !wanted.has(word)).map((word) => `too many: ${word}`),
  ]
}

const wordsBy = (db: DatabaseSync, query: string): Set<string> =>
  new Set(
    db
      .prepare(query)
      .all()
      .map(({ word }) => String(word)),
  )

async function postgresIndexFaults(url: string): Promise<string[]> {
  const client = new pg.Client({ connectionString: url })
  await client.connect()
  try {
    const { rows } = await client.query<{ fault: string }>(`
      with wanted as (
        select id as task_id, 'card' as place, 0::bigint as source, search_words(title)::text || ' / ' || search_words(body)::text as words from tasks
        union all select id, 'result', 0, search_words(result)::text from tasks where result <> ''
        union all select task_id, 'summary', id, search_words(summary)::text from task_runs where summary <> ''
        union all select task_id, 'comment', id, search_words(body)::text from task_comments where body <> ''
      ), kept as (
        select task_id, 'card' as place, 0::bigint as source, title::text || ' / ' || body::text as words from search_cards
        union all select task_id, place, source, said::text from search_remarks
      )
      select 'missing: ' || missing::text as fault from (select * from wanted except all select * from kept) as missing
      union all select 'too many: ' || extra::text from (select * from kept except all select * from wanted) as extra`)
    return rows.map(({ fault }) => fault)
  } finally {
    await client.end()
  }
}
