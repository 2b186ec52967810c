/** The log of a run as the board knows it, and whether it can be read here. */
import { conflict, notFound } from '../domain/errors.ts'
import type { LogFile } from '../home/run-log.ts'
import type { Kernel } from '../kernel/kernel.ts'
import type { RunView } from '../kernel/show-task.ts'

/** Null for a run that has none: it was claimed by hand. Throws `log_elsewhere` for one on another host. */
export function logOf(kernel: Kernel, run: RunView, folder: string): LogFile | null {
  const path = run.process?.logPath ?? null
  if (run.process === null || path === null) return null
  const { host } = run.process
  if (host === kernel.deps.host) return { path, folder }
  throw conflict(
    'log_elsewhere',
    `The log of run ${run.id} is on ${host}, at ${path}. Ask the server there.`,
    { run: run.id, host, path, next: `Ask the server on ${host}.` },
  )
}

/** The same where something must be there to be read. Throws `no_log`. */
export function requireLog(kernel: Kernel, run: RunView, folder: string): LogFile {
  const log = logOf(kernel, run, folder)
  if (log !== null) return log
  throw notFound('no_log', `Run ${run.id} of ${run.taskId} has no log: it was claimed by hand.`, {
    run: run.id,
    next: `See the attempts with GET /tasks/${run.taskId}/runs`,
  })
}

/** What the run's agent did, beside what it printed. Throws `no_agent` for a run without one. */
export async function requireItems(kernel: Kernel, run: RunView, folder: string): Promise<LogFile> {
  const { path } = requireLog(kernel, run, folder)
  const agents = await kernel.listRunAgents(run.taskId)
  if (agents.some(({ runId }) => runId === run.id)) return { path: `${path}.jsonl`, folder }
  throw notFound(
    'no_agent',
    `Run ${run.id} of ${run.taskId} is no agent's, so there is only what it printed.`,
    { run: run.id, next: `Read it with GET /runs/${run.id}/log` },
  )
}
