/** Fills boards with cards in one transaction, before anything is measured. */
import { DatabaseSync } from 'node:sqlite'
import type { TaskStatus } from '../../src/domain/task.ts'
import { systemClock } from '../../src/lib/clock.ts'
import { HOST } from './boards.ts'

export const BODY = 'Look at the failing test in the checkout and say what is wrong. '.repeat(4)

export class Seeder implements Disposable {
  readonly #db: DatabaseSync
  readonly #now = systemClock.now()
  readonly #task
  readonly #run
  readonly #link
  readonly #comment
  #cards: number

  constructor(file: string) {
    this.#db = new DatabaseSync(file)
    this.#db.exec('pragma synchronous = off; pragma cache_size = -64000; begin immediate')
    this.#cards = Number(this.#db.prepare('select count(*) as n from tasks').get()?.['n'])
    this.#task = this.#db.prepare(
      `insert into tasks (id, title, body, assignee, status, priority, created_by, created_at, completed_at, workspace_kind)
       values (?, ?, ?, ?, ?, ?, 'bench', ?, ?, 'scratch')`,
    )
    this.#run = this.#db.prepare(
      `insert into task_runs (task_id, profile, status, claim_lock, claim_expires, started_at) values (?, 'worker', 'running', ?, ?, ?)`,
    )
    this.#link = this.#db.prepare('insert into task_links (parent_id, child_id) values (?, ?)')
    this.#comment = this.#db.prepare(
      'insert into task_comments (task_id, author, body, created_at) values (?, ?, ?, ?)',
    )
  }

  /** Gives the ids of the new cards. */
  cards(
    count: number,
    status: Exclude<TaskStatus, 'running'>,
    options: { assignee?: string } = {},
  ): string[] {
    return Array.from({ length: count }, (_, index) => {
      const id = this.#newId()
      const completedAt = status === 'done' ? this.#now - 10 : null
      this.#task.run(
        id,
        `Card number ${index}`,
        BODY,
        options.assignee ?? 'worker',
        status,
        index % 3,
        this.#now - 100,
        completedAt,
      )
      return id
    })
  }

  /** Cards that were claimed by hand. */
  runningCards(count: number): string[] {
    const ids = this.cards(count, 'ready')
    const claim = this.#db.prepare(
      `update tasks set status = 'running', current_run_id = ?, claim_lock = ?, claim_expires = ?, started_at = ? where id = ?`,
    )
    const lock = `${HOST}:bench`
    for (const id of ids) {
      const { lastInsertRowid } = this.#run.run(id, lock, this.#now + 900, this.#now)
      claim.run(lastInsertRowid, lock, this.#now + 900, this.#now, id)
    }
    return ids
  }

  /** Spread over the whole space like random ones, and never the same twice: an odd factor is a permutation modulo 2^32. */
  #newId(): string {
    return `t_${(Math.imul(++this.#cards, 0x9e37_79b1) >>> 0).toString(16).padStart(8, '0')}`
  }

  link(parent: string, child: string): void {
    this.#link.run(parent, child)
  }

  /** Chains of `depth` cards, all waiting in the end for the card `root`. */
  chains(count: number, depth: number, root: string): string[] {
    const ids: string[] = []
    for (let made = 0; made < count; made += depth) {
      let parent = root
      for (const id of this.cards(Math.min(depth, count - made), 'todo')) {
        this.link(parent, id)
        ids.push(id)
        parent = id
      }
    }
    return ids
  }

  comment(task: string, text: string): void {
    this.#comment.run(task, 'bench', text, this.#now)
  }

  /** A long history, spread over the cards. */
  events(cards: readonly string[], count: number): void {
    const event = this.#db.prepare(
      `insert into task_events (task_id, kind, payload, created_at, actor, door) values (?, 'edited', '{"fields":["priority"]}', ?, 'bench', 'cli')`,
    )
    for (let index = 0; index < count; index++) event.run(cards[index % cards.length] ?? '', this.#now - 100)
  }

  /** Commits, and puts everything where it is on a board that has been in use for long. */
  [Symbol.dispose](): void {
    this.#db.exec('commit; pragma wal_checkpoint(truncate)')
    this.#db.close()
  }
}

export function seed<T>(file: string, fill: (seeder: Seeder) => T): T {
  using seeder = new Seeder(file)
  return fill(seeder)
}
