// Opens the board of a home, as the first one or not, writes one card, closes it, as often as it is told, and prints the
// identity of the board.
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

const [home = '', number = '', times = '1'] = process.argv.slice(2)
let boardId = ''
for (let round = 0; round < Number(times); round++) {
  const store = await openStore({
    paths: homePaths(home),
    database: null,
    create: true,
    clock: systemClock,
    env: process.env,
  })
  await store.write((tx) =>
    tx.run(insert, { id: `t_${number}${round === 0 ? '' : `_${round}`}`, now: tx.now }),
  )
  boardId = store.boardId
  await store.close()
}
console.log(boardId)
