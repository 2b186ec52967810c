/** A dispatcher on a board where nothing can be started: how long its passes take. */
import { Dispatcher } from '../../src/dispatch/dispatcher.ts'
import { newBoardFile, openBoard } from '../harness/boards.ts'
import { dispatchDeps } from '../harness/dispatching.ts'
import { openOurs } from '../harness/our-board.ts'
import { serveProbe } from '../harness/probe.ts'
import { seed } from '../harness/seed.ts'

export type PassBoard = 'empty' | '10 000 done' | '10 000 todo' | '10 000 ready'

export interface PassOptions {
  readonly folder: string
  readonly board: PassBoard
}

export interface PassQuestion {
  readonly passes: number
}

const CARDS = 10_000
const DEPTH = 10

/** The cap of a profile; so many runs are open where cards are ready. */
const CAP = 8

await serveProbe<PassOptions, PassQuestion, number>(async ({ folder, board: kind }) => {
  const file = newBoardFile(folder)
  const ready = seed(file, (board) => {
    if (kind === '10 000 done') board.cards(CARDS, 'done')
    if (kind === '10 000 todo') board.chains(CARDS, DEPTH, board.cards(1, 'triage')[0] ?? '')
    return kind === '10 000 ready' ? board.cards(CARDS + CAP, 'ready') : []
  })
  {
    await using subject = openOurs(file)
    for (const id of ready.slice(0, CAP)) await subject.openRun(id)
  }
  const board = openBoard(file)
  const dispatcher = new Dispatcher(
    dispatchDeps(board, file, { maxRunning: 2 * CAP, maxRunningPerProfile: CAP }),
  )
  return async ({ passes }) => {
    const startedAt = performance.now()
    for (let pass = 0; pass < passes; pass++) {
      const report = await dispatcher.pass()
      if (report.spawned.length > 0 || report.preflight_failed.length > 0)
        throw new Error('something was to be done')
    }
    return (performance.now() - startedAt) / passes
  }
})
