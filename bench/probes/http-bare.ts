/** A server of node:http and nothing else, which sends the board as the product does: from the bare queries each time, or as bytes made once. */
import { createServer } from 'node:http'
import { DatabaseSync } from 'node:sqlite'
import { boardView } from '../../src/contract/board-views.ts'
import { openBoard } from '../harness/boards.ts'
import { serveProbe } from '../harness/probe.ts'

export type BareServer = 'queries' | 'bytes'

export interface BareOptions {
  readonly file: string
  readonly server: BareServer
}

await serveProbe<BareOptions, 'address', string>(async ({ file, server }) => {
  const { kernel } = openBoard(file)
  const whole = await kernel.readBoard({ tenant: null, archived: false })
  const made = Buffer.from(JSON.stringify(boardView(whole)))
  const read = bareQueries(file)
  const http = createServer((_, answer) => {
    if (server === 'queries') read()
    // What the queries gave is turned into bytes anew each time; the same cards, in the same words.
    const bytes = server === 'bytes' ? made : Buffer.from(JSON.stringify(boardView(whole)))
    answer.writeHead(200, { 'content-type': 'application/json', 'content-length': bytes.length })
    answer.end(bytes)
  }).listen(0, '127.0.0.1')
  await new Promise((resolve) => http.once('listening', resolve))
  process.on('disconnect', () => process.exit())
  const { port } = http.address() as { port: number }
  return () => Promise.resolve(`http://127.0.0.1:${port}`)
})

/** The statements behind `GET /board`, executed and thrown away. */
function bareQueries(file: string): () => void {
  const db = new DatabaseSync(file, { readOnly: true })
  db.exec('pragma cache_size = -16000; pragma temp_store = memory')
  const statements = [
    `select * from tasks where status <> 'archived' order by priority desc, created_at, id`,
    `select l.parent_id as id, count(*) as children, sum(case when c.status = 'done' then 1 else 0 end) as done
     from task_links l join tasks c on c.id = l.child_id group by l.parent_id`,
    'select child_id as id, count(*) as parents from task_links group by child_id',
    'select task_id as id, count(*) as comments from task_comments group by task_id',
    'select distinct tenant from tasks where tenant is not null order by tenant',
    `select distinct assignee from tasks where assignee is not null and status <> 'archived' order by assignee`,
    'select max(id) from task_events',
  ].map((sql) => db.prepare(sql))
  const [begin, commit] = [db.prepare('begin'), db.prepare('commit')]
  return () => {
    begin.run()
    for (const statement of statements) statement.all()
    commit.run()
  }
}
