/** One verb, again and again, on a board of its own: how long each call took. */
import { copyOfBoard, extentOf, newBoardFile, type Extent } from '../harness/boards.ts'
import { openBare } from '../harness/bare-board.ts'
import { openOurs } from '../harness/our-board.ts'
import { serveProbe } from '../harness/probe.ts'
import { seed } from '../harness/seed.ts'
import type { OpenedRun, Variant, Verb } from '../harness/subject.ts'

export interface VerbOptions {
  readonly variant: Variant
  readonly verb: Verb
  readonly folder: string
  /** How many calls can be asked for in all. */
  readonly total: number
  /** A board that is copied; by default a new one. */
  readonly template?: string
}

/** `calls`: make so many. `extent`: what was written so far. */
export type VerbQuestion = { readonly calls: number } | 'extent'

export interface VerbAnswer {
  /** Milliseconds of each call. */
  readonly times: readonly number[]
  /** Microseconds of processor time of this process, by call. */
  readonly cpu: number
}

/** Runs that are open at any moment while runs are opened and closed. */
const OPEN_RUNS = 8

await serveProbe<VerbOptions, VerbQuestion, VerbAnswer | Extent>(
  async ({ variant, verb, folder, total, template }) => {
    const file = template === undefined ? newBoardFile(folder) : copyOfBoard(template, folder)
    const ids = seed(file, (board) => {
      if (verb === 'create') return []
      if (verb !== 'complete') return board.cards(total, 'ready')
      const parents = board.runningCards(total)
      const children = board.cards(total, 'todo')
      for (const [index, parent] of parents.entries()) board.link(parent, children[index] ?? '')
      return parents
    })
    const subject = variant === 'ours' ? openOurs(file) : openBare(file)
    const open: OpenedRun[] = []
    if (verb === 'closeRun') for (const id of ids.slice(0, OPEN_RUNS)) open.push(await subject.openRun(id))
    let done = 0

    function begin(index: number): unknown {
      const id = ids[index] ?? ''
      switch (verb) {
        case 'create':
          return subject.create(`Card number ${String(index).padStart(6, '0')}`)
        case 'claim':
          return subject.claim(id)
        case 'complete':
          return subject.complete(id)
        case 'openRun':
          return subject.openRun(id)
        case 'closeRun':
          return subject.closeRun(open.shift() ?? { taskId: '', runId: 0 })
      }
    }

    /** Between the calls that are measured: as many runs stay open as at first. */
    async function settle(result: unknown, index: number): Promise<void> {
      if (verb === 'openRun') {
        open.push(result as OpenedRun)
        const oldest = open.length > OPEN_RUNS ? open.shift() : undefined
        if (oldest !== undefined) await subject.closeRun(oldest)
      } else if (verb === 'closeRun') {
        const next = ids[index + OPEN_RUNS]
        if (next !== undefined) open.push(await subject.openRun(next))
      }
    }

    return async (question) => {
      if (question === 'extent') {
        await subject[Symbol.asyncDispose]()
        return extentOf(file)
      }
      const times: number[] = []
      let cpu = 0
      for (const end = done + question.calls; done < end; done++) {
        const cpuBefore = process.cpuUsage()
        const startedAt = performance.now()
        const begun = begin(done)
        const result = begun instanceof Promise ? await begun : begun
        times.push(performance.now() - startedAt)
        const used = process.cpuUsage(cpuBefore)
        cpu += used.user + used.system
        await settle(result, done)
      }
      return { times, cpu: cpu / question.calls }
    }
  },
)
