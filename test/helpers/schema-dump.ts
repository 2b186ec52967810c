/** A database's schema as text, the same text for the same schema: what `src/store/migrations/schema.*.sql` hold. */
import type { DatabaseSync } from 'node:sqlite'
import type { ClientBase } from 'pg'
import { boardTables, quoted } from '../../src/store/board-tables.ts'
import { APPLICATION_ID } from '../../src/store/migrate.ts'

const HEADER = '-- Made by: npm run schema:dump. Shows what the migrations add up to; nothing reads it.\n'

/** @param others tables that are not of a board, and are left out */
export function dumpSqlite(db: DatabaseSync, others: readonly string[] = []): string {
  const rows = db
    .prepare(
      `select sql, tbl_name as owner from sqlite_schema where sql is not null and type <> 'view' and name not like 'sqlite\\_%' escape '\\'
        and tbl_name not in (select name from pragma_table_list where type = 'shadow') order by tbl_name, type desc, name`,
    )
    .all()
  const own = rows.filter(({ owner }) => !others.includes(String(owner)))
  return `${HEADER}\n${own.map(({ sql }) => `${unindented(String(sql))};\n`).join('\n')}`
}

const unindented = (sql: string): string => sql.replaceAll(/\n\s+/g, '\n  ').replace(/\n\s+\)/, '\n)')

/** A whole board as text: the fixture of a released schema. */
export function dumpBoard(db: DatabaseSync, version: number): string {
  const indexes = db.prepare(
    `select sql from sqlite_schema where tbl_name = ? and type = 'index' and sql is not null order by name`,
  )
  const tables = boardTables(db)
  // What triggers make of the rows is made again by them, so all of it stands before the first row.
  const derived = db
    .prepare(
      `select sql, name from sqlite_schema where (type = 'trigger' or (type = 'table' and name in (
        select name from pragma_table_list where type in ('table', 'virtual') and name not like 'sqlite\\_%' escape '\\')))
        order by type, name`,
    )
    .all()
    .filter(({ name }) => !tables.some((table) => table.name === name))
    .map(({ sql }) => `${String(sql)};`)
  const parts = tables.map(({ name, columns }) => {
    const created = db.prepare(`select sql from sqlite_schema where type = 'table' and name = ?`).all(name)
    const rows = db
      .prepare(
        `select ${columns.map((column) => `quote(${quoted(column)})`).join(" || ',' || ")} as row from ${quoted(name)}`,
      )
      .all()
    return {
      made: [...created, ...indexes.all(name)].map(({ sql }) => `${String(sql)};`).join('\n'),
      filled: rows
        .map(({ row }) => `insert into ${name} (${columns.join()}) values (${String(row)});`)
        .join('\n'),
    }
  })
  const head = `-- A board as schema version ${version} left it. Never edited: it stands for the boards people have.\n`
  return `${head}pragma application_id = ${APPLICATION_ID};\n\n${[...parts.map(({ made }) => made), derived.join('\n'), ...parts.map(({ filled }) => filled)].filter(Boolean).join('\n\n')}\n`
}

interface Column {
  readonly table: string
  readonly name: string
  readonly type: string
  readonly required: boolean
  readonly fallback: string | null
  readonly identity: string
}

/** Dumps the current schema of the connection. */
export async function dumpPostgres(client: Pick<ClientBase, 'query'>): Promise<string> {
  const columns = await client.query<Column>(`
    select c.relname as table, a.attname as name, format_type(a.atttypid, a.atttypmod) as type, a.attnotnull as required,
      pg_get_expr(d.adbin, d.adrelid) as fallback, a.attidentity as identity
    from pg_class c join pg_attribute a on a.attrelid = c.oid and a.attnum > 0 and not a.attisdropped
      left join pg_attrdef d on d.adrelid = c.oid and d.adnum = a.attnum
    where c.relnamespace = current_schema()::regnamespace and c.relkind = 'r'
    order by c.relname, a.attnum`)
  const constraints = await client.query<{ table: string; definition: string }>(`
    select c.relname as table, pg_get_constraintdef(o.oid) as definition
    from pg_constraint o join pg_class c on c.oid = o.conrelid
    where o.connamespace = current_schema()::regnamespace and o.contype in ('p', 'u', 'c', 'f')
    order by c.relname, o.contype desc, definition`)
  const indexes = await client.query<{ table: string; definition: string }>(`
    select tablename as table, replace(indexdef, schemaname || '.', '') as definition from pg_indexes
    where schemaname = current_schema()
      and not exists (select from pg_constraint where conname = indexname and connamespace = current_schema()::regnamespace)
    order by tablename, indexname`)
  const tables = [...new Set(columns.rows.map(({ table }) => table))]
  const texts = tables.map((table) => {
    const own = <T extends { readonly table: string }>(rows: readonly T[]) =>
      rows.filter((row) => row.table === table)
    const lines = [
      ...own(columns.rows).map(column),
      ...own(constraints.rows).map(({ definition }) => definition),
    ]
    const created = `create table ${table} (\n${lines.map((line) => `  ${line}`).join(',\n')}\n);\n`
    return (
      created +
      own(indexes.rows)
        .map(({ definition }) => `\n${definition};\n`)
        .join('')
    )
  })
  const programs = await client.query<{ definition: string }>(`
    select definition from (
      select 1 as place, proname as name, pg_get_functiondef(oid) as definition
        from pg_proc where pronamespace = current_schema()::regnamespace
      union all
      select 2, tgname, pg_get_triggerdef(t.oid) from pg_trigger t join pg_class c on c.oid = t.tgrelid
        where c.relnamespace = current_schema()::regnamespace and not tgisinternal
    ) as programs order by place, name`)
  const { rows } = await client.query<{ schema: string }>('select current_schema() as schema')
  const made = programs.rows.map(
    ({ definition }) => `${definition.replaceAll(`${rows[0]?.schema}.`, '').trimEnd()};\n`,
  )
  return `${HEADER}\n${[...texts, ...made].join('\n')}`
}

function column({ name, type, required, fallback, identity }: Column): string {
  const numbered = identity === 'd' ? ' generated by default as identity' : ''
  return `${name} ${type}${required ? ' not null' : ''}${fallback === null ? '' : ` default ${fallback}`}${numbered}`
}
