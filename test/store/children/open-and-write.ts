// Opens the board of a home, as the first one or not, writes one card and prints the identity of the board.
import { homePaths } from '../../../src/lib/paths.ts'
import { systemClock } from '../../../src/lib/clock.ts'
import { openStore } from '../../../src/store/open-store.ts'
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

const [home = '', number = ''] = process.argv.slice(2)
const store = await openStore({
  paths: homePaths(home),
  database: null,
  create: true,
  clock: systemClock,
  env: process.env,
})
await store.write((tx) => tx.run(insert, { id: `t_${number}`, now: tx.now }))
console.log(store.boardId)
await store.close()
