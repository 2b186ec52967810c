/** A board full of words: how long it takes to find some, and to add more with and without the index. */
import { DatabaseSync } from 'node:sqlite'
import { newBoardFile, openBoard, PERSON } from '../harness/boards.ts'
import { serveProbe } from '../harness/probe.ts'
import { BODY } from '../harness/seed.ts'
import { RESULT } from '../harness/subject.ts'

export interface SearchOptions {
  readonly folder: string
  readonly cards: number
  /** Without it, the triggers that keep the index are taken off the board before it is filled. */
  readonly hasIndex: boolean
}

export type Kept = 'create' | 'comment' | 'complete'

export type SearchQuestion =
  | { readonly find: string; readonly times: number }
  | { readonly keep: Kept; readonly calls: number }

/** Milliseconds of one call, of them on the processor, and how many cards were found. */
export interface SearchAnswer {
  readonly ms: number
  readonly cpuMs: number
  readonly found: number
}

/** The n-th most frequent word; frequencies fall as they do in languages. */
const wordNo = (n: number): string => {
  const syllable = SYLLABLES[(n * 37) % SYLLABLES.length] ?? ''
  return n < SYLLABLES.length ? syllable : syllable + wordNo(Math.floor(n / SYLLABLES.length))
}
const SYLLABLES = 'bcdfghjklmnprstvwxyz'
  .split('')
  .flatMap((first) => 'aeiou'.split('').map((second) => first + second))
const VOCABULARY = 20_000

/** The same numbers every time. */
function* numbers(): Generator<number> {
  for (let state = 42; ;) {
    state = (Math.imul(state, 1_664_525) + 1_013_904_223) >>> 0
    yield state / 2 ** 32
  }
}

function fill(file: string, cards: number): string[] {
  using db = new DatabaseSync(file)
  db.exec('pragma synchronous = off; pragma cache_size = -64000; begin immediate')
  const random = numbers()
  const next = () => random.next().value as number
  const words = (count: number) =>
    Array.from({ length: count }, () => wordNo(Math.floor(VOCABULARY ** next()))).join(' ')
  const task = db.prepare(
    `insert into tasks (id, title, body, status, created_by, created_at, created_order) values (?, ?, ?, 'ready', 'bench', ?, ?)`,
  )
  const comment = db.prepare(
    `insert into task_comments (task_id, author, body, created_at) values (?, 'bench', ?, 1)`,
  )
  const ids = []
  for (let index = 0; index < cards; index++) {
    const id = `t_${(Math.imul(index + 1, 0x9e37_79b1) >>> 0).toString(16).padStart(8, '0')}`
    task.run(id, `${words(6)} card`, words(60), 1_700_000_000 + index, index + 1)
    if (index % 3 === 0) comment.run(id, `${words(20)} remark${index % 1_000 === 0 ? ' heron' : ''}`)
    ids.push(id)
  }
  db.exec('commit; pragma wal_checkpoint(truncate)')
  return ids
}

await serveProbe<SearchOptions, SearchQuestion, SearchAnswer>(async ({ folder, cards, hasIndex }) => {
  const file = newBoardFile(folder)
  if (!hasIndex) {
    using db = new DatabaseSync(file)
    for (const { name } of db.prepare(`select name from sqlite_schema where type = 'trigger'`).all())
      db.exec(`drop trigger ${String(name)}`)
  }
  const ids = fill(file, cards)
  const { kernel } = openBoard(file)
  let done = 0
  const keep: Readonly<Record<Kept, (id: string) => Promise<unknown>>> = {
    create: () => kernel.createTask({ title: `Card number ${done}`, body: BODY }, PERSON),
    comment: (id) => kernel.commentTask(id, BODY, null, PERSON),
    complete: (id) => kernel.completeTask(id, { result: RESULT }, PERSON),
  }
  return async (question) => {
    let found = 0
    const count = 'find' in question ? question.times : question.calls
    const cpuBefore = process.cpuUsage()
    const startedAt = performance.now()
    for (let call = 0; call < count; call++) {
      if ('find' in question) {
        const page = await kernel.searchTasks(question.find, { limit: 20, cursor: null, archived: true })
        found = page.results.length
      } else await keep[question.keep](ids[done++ % ids.length] ?? '')
    }
    const { user, system } = process.cpuUsage(cpuBefore)
    return { ms: (performance.now() - startedAt) / count, cpuMs: (user + system) / 1_000 / count, found }
  }
})
