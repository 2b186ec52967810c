/** A dispatcher on a board where nothing can be started: how long its passes take. */
import { Dispatcher } from '../../src/dispatch/dispatcher.ts'
import { newBoardFile, openBoard } from '../harness/boards.ts'
import { dispatchDeps } from '../harness/dispatching.ts'
import { serveProbe } from '../harness/probe.ts'
import { seed } from '../harness/seed.ts'

export type PassBoard = 'empty' | '10 000 done' | '10 000 todo'

export interface PassOptions {
  readonly folder: string
  readonly board: PassBoard
}

export interface PassQuestion {
  readonly passes: number
}

const CARDS = 10_000
const DEPTH = 10

await serveProbe<PassOptions, PassQuestion, number>(async ({ folder, board: kind }) => {
  const file = newBoardFile(folder)
  seed(file, (board) => {
    if (kind === '10 000 done') board.cards(CARDS, 'done')
    if (kind === '10 000 todo') board.chains(CARDS, DEPTH, board.cards(1, 'triage')[0] ?? '')
  })
  const board = openBoard(file)
  const dispatcher = new Dispatcher(dispatchDeps(board, file))
  return async ({ passes }) => {
    const startedAt = performance.now()
    for (let pass = 0; pass < passes; pass++) {
      const report = await dispatcher.pass()
      if (report.spawned.length > 0 || report.waiting.length > 0) throw new Error('something was to be done')
    }
    return (performance.now() - startedAt) / passes
  }
})
