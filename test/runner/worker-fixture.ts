/** Starts the misbehaving children of test/fixtures/workers under a WorkerProcess. */
import { randomUUID } from 'node:crypto'
import { mkdtempSync, readFileSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { systemClock } from '../../src/lib/clock.ts'
import { RunLog } from '../../src/runner/run-log.ts'
import { SecretMask } from '../../src/runner/secret-mask.ts'
import { WorkerProcess, type WorkerStart } from '../../src/runner/worker-process.ts'

export const fixture = (name: string): string => join(import.meta.dirname, '../fixtures/workers', name)

export interface Scene extends Disposable {
  readonly folder: string
  readonly logPath: string
  readonly log: RunLog
  /** All the output so far. */
  output(): string
  options(argv: readonly [string, ...string[]], more?: Partial<WorkerStart>): WorkerStart
  start(argv: readonly [string, ...string[]], more?: Partial<WorkerStart>): Promise<WorkerProcess>
}

export const openScene = (secrets: readonly string[] = []): Scene => {
  const folder = mkdtempSync(join(tmpdir(), 'yard-test-'))
  const logPath = join(folder, 'logs', 'run.log')
  const log = RunLog.open(logPath, { mask: new SecretMask(secrets), clock: systemClock })
  const options: Scene['options'] = (argv, more = {}) => ({
    argv,
    cwd: folder,
    env: { PATH: process.env['PATH'] ?? '' },
    log,
    marker: { name: 'YARD_TEST_MARK', value: randomUUID() },
    clock: systemClock,
    ...more,
  })
  return {
    folder,
    logPath,
    log,
    output: () => readFileSync(logPath, 'utf8'),
    options,
    start: async (argv, more) => {
      const outcome = await WorkerProcess.start(options(argv, more))
      if (!outcome.started) throw new Error(outcome.failure.message)
      return outcome.worker
    },
    [Symbol.dispose]: () => {
      log.close()
      rmSync(folder, { recursive: true, force: true })
    },
  }
}
