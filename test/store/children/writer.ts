// Writes cards to a board, each with its event in one transaction. Sent `count pause`, it writes that many with pauses of
// up to so many milliseconds and prints `done`; sent `storm`, it writes without end and prints each number once it is saved.
import { createInterface } from 'node:readline'
import { systemClock } from '../../../src/lib/clock.ts'
import type { Store } from '../../../src/store/connection.ts'
import { openPostgres } from '../../../src/store/postgres.ts'
import { SqliteBoard } from '../../../src/store/sqlite-board.ts'
import { inspectSqliteFile } from '../../../src/store/sqlite-file.ts'
import { statement } from '../../../src/store/statement.ts'

const insert = statement<{ id: string; now: number }>()((db, p) =>
  db.insertInto('tasks').values({
    id: p.id,
    title: 'a card',
    status: 'ready',
    priority: 0,
    created_at: p.now,
    workspace_kind: 'scratch',
    spawn_failures: 0,
  }),
)

const [location = '', name = ''] = process.argv.slice(2)
const store = await open(location)
let written = 0
const write = () =>
  store.write(async (tx) => {
    const id = `t_${name}_${written++}`
    await tx.run(insert, { id, now: tx.now })
    tx.emit({
      taskId: id,
      runId: null,
      kind: 'created',
      payload: {},
      createdAt: tx.now,
      actor: name,
      door: 'cli',
    })
  })

console.log('ready')
for await (const line of createInterface({ input: process.stdin })) {
  if (line === 'storm') {
    // As fast as it can, until it is killed.
    for (;;) {
      await write()
      process.stdout.write(`t_${name}_${written - 1}\n`)
    }
  }
  const [count = 1, pauseMs = 0] = line.split(' ').map(Number)
  for (let number = 0; number < count; number++) {
    await write()
    if (pauseMs > 0) await systemClock.sleep((number * 7) % (pauseMs + 1))
  }
  process.stdout.write(`done ${line}\n`)
}
await store[Symbol.asyncDispose]()

async function open(place: string): Promise<Store> {
  if (place.startsWith('postgres')) return await openPostgres({ url: place, poolSize: 1 })
  const found = inspectSqliteFile(place)
  if (found.kind !== 'board') throw new Error(`${place} is ${found.kind}`)
  return new SqliteBoard({ file: place, clock: systemClock, boardId: found.boardId })
}
