/** The ending of a run that could not be written to the board: kept in the run's folder for the next gateway. */
import { readFileSync, renameSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import type { RunEnding } from '../domain/run.ts'
import { RUN_FILES } from './run-spec.ts'

export function spoolEnding(folder: string, ending: RunEnding): void {
  const file = join(folder, RUN_FILES.ending)
  writeFileSync(`${file}.new`, JSON.stringify(ending), { mode: 0o600 })
  renameSync(`${file}.new`, file)
}

/** Null when there is none that can be read. */
export function readSpooledEnding(folder: string): RunEnding | null {
  try {
    return JSON.parse(readFileSync(join(folder, RUN_FILES.ending), 'utf8')) as RunEnding
  } catch {
    return null
  }
}
