/** Reading the whole board, by the kernel's verb or by its bare queries. */
import { DatabaseSync } from 'node:sqlite'
import { openBoard } from '../harness/boards.ts'
import { serveProbe } from '../harness/probe.ts'

export type BoardReader = 'bare' | 'readBoard' | 'readCards'

export interface ReadOptions {
  readonly file: string
  readonly reader: BoardReader
}

/** Times one read, in milliseconds. */
export interface ReadAnswer {
  readonly ms: number
  readonly cards: number
}

const CARDS_OF_A_COLUMN = 50

await serveProbe<ReadOptions, 'read', ReadAnswer>(async ({ file, reader }) => {
  const read = reader === 'bare' ? bareRead(file) : kernelRead(file, reader)
  return async () => {
    const startedAt = performance.now()
    const cards = await read()
    return { ms: performance.now() - startedAt, cards }
  }
})

function kernelRead(file: string, reader: Exclude<BoardReader, 'bare'>): () => Promise<number> {
  const { kernel } = openBoard(file)
  const options = { tenant: null, archived: false }
  return async () => {
    const { columns } =
      reader === 'readBoard'
        ? await kernel.readBoard(options)
        : await kernel.readCards({ ...options, limit: CARDS_OF_A_COLUMN, column: null })
    return columns.reduce((sum, column) => sum + ('cards' in column ? column.cards : column.tasks).length, 0)
  }
}

function bareRead(file: string): () => Promise<number> {
  const db = new DatabaseSync(file, { readOnly: true })
  db.exec('pragma cache_size = -16000; pragma temp_store = memory')
  const [begin, commit] = [db.prepare('begin'), db.prepare('commit')]
  const tasks = db.prepare(
    `select * from tasks where status <> 'archived' order by priority desc, created_at, id`,
  )
  const others = [
    `select l.parent_id as id, count(*) as children, sum(case when c.status = 'done' then 1 else 0 end) as done
     from task_links l join tasks c on c.id = l.child_id group by l.parent_id`,
    'select child_id as id, count(*) as parents from task_links group by child_id',
    'select task_id as id, count(*) as comments from task_comments group by task_id',
    'select distinct tenant from tasks where tenant is not null order by tenant',
    `select distinct assignee from tasks where assignee is not null and status <> 'archived' order by assignee`,
    'select max(id) from task_events',
  ].map((sql) => db.prepare(sql))
  return async () => {
    begin.run()
    const rows = tasks.all()
    for (const statement of others) statement.all()
    commit.run()
    return rows.length
  }
}
