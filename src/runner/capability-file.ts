/** What lets a command of a run's worker act for the run. */
import { writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { runToken } from '../domain/credential.ts'
import { RUN_FILES, type RunSpec } from './run-spec.ts'

/** Writes it into the run's private folder; gives its path. `token`: for the HTTP interface. */
export function writeCapability({ folder, runId, taskId, secret, board }: RunSpec): string {
  const file = join(folder, RUN_FILES.capability)
  writeFileSync(
    file,
    JSON.stringify({ run_id: runId, task_id: taskId, secret, token: runToken({ runId, secret }), board }),
    { mode: 0o600 },
  )
  return file
}
