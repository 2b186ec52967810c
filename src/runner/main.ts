/** The entry of a run's own process: `runner <spec file>`. Started by a dispatcher, and by nobody else. */
import { readFileSync, rmSync } from 'node:fs'
import type { RunEnding } from '../domain/run.ts'
import { openRunBoard } from '../kernel/open-run-board.ts'
import type { Kernel } from '../kernel/kernel.ts'
import { systemClock } from '../lib/clock.ts'
import type { RunSpec } from './run-spec.ts'
import { runTask, type RunHints } from './run-task.ts'
import { spoolEnding } from './spooled-ending.ts'
import { makeOutputPipes } from './worker-stdio.ts'

/** How long the board is asked to take an ending before it is left to the next gateway, in milliseconds. */
const REPORT_FOR_MS = 10 * 60_000
const REPORT_EVERY_MS = 2_000

async function main(specFile: string): Promise<void> {
  const hints = listen()
  const spec = JSON.parse(readFileSync(specFile, 'utf8')) as RunSpec
  // It holds the run's secret, and soon there is a worker that can read whatever its user can.
  rmSync(specFile)
  // Made by another process while this one looks at the board.
  const pipes = makeOutputPipes(spec.folder)
  await using board = await openRunBoard(spec.board, spec.boardId, spec.policy)
  const ending = await runTask({
    spec,
    kernel: board.kernel,
    clock: systemClock,
    parentEnv: process.env,
    hints,
    pipes,
  })
  if (ending === null || (await report(board.kernel, spec, ending)))
    rmSync(spec.folder, { recursive: true, force: true })
}

async function report(kernel: Kernel, spec: RunSpec, ending: RunEnding): Promise<boolean> {
  const deadline = systemClock.monotonicMs() + REPORT_FOR_MS
  for (let spooled = false; ;) {
    try {
      await kernel.closeRun(spec.runId, ending, { actor: 'runner', door: 'runner', runId: spec.runId })
      return true
    } catch (error) {
      if (!spooled) {
        console.error(
          new Date(systemClock.now() * 1000).toISOString(),
          'the board did not take the ending; it is kept beside the run',
          error,
        )
        spoolEnding(spec.folder, ending)
        spooled = true
      }
      if (systemClock.monotonicMs() > deadline) return false
      await systemClock.sleep(REPORT_EVERY_MS)
    }
  }
}

/** From the first moment on, so that no signal ends the runner before it can end its worker. */
function listen(): RunHints {
  const listeners = { poke: [] as (() => void)[], told: [] as (() => void)[] }
  const early = { poke: false, told: false }
  const receive = (kind: 'poke' | 'told') => () => {
    early[kind] = true
    for (const listener of listeners[kind]) listener()
  }
  const join = (kind: 'poke' | 'told') => (listener: () => void) => {
    listeners[kind].push(listener)
    if (early[kind]) listener()
  }
  process.on('SIGUSR2', receive('poke'))
  for (const signal of ['SIGTERM', 'SIGINT', 'SIGHUP'] as const) process.on(signal, receive('told'))
  return { onPoke: join('poke'), onTold: join('told') }
}

main(process.argv[2] ?? '').catch((error: unknown) => {
  console.error(error)
  process.exitCode = 1
})
