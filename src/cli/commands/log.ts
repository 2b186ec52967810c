import { conflict, notFound } from '../../domain/errors.ts'
import type { Kernel } from '../../kernel/kernel.ts'
import type { RunView } from '../../kernel/show-task.ts'
import { command, flag, taskId, wholeNumber, type Line } from '../command.ts'
import type { Context } from '../context.ts'
import { followLog, readLog, type LogPart } from '../run-log.ts'
import { logText } from '../text/log-text.ts'

export const log = command({
  about: 'Prints what the worker of a run printed. Every run has its own log; the last one is shown.',
  effect: 'reads',
  arguments: { id: taskId },
  options: {
    run: wholeNumber('number', 'The log of this run.', { min: 1 }),
    tail: wholeNumber('bytes', 'Only the last so many bytes.', { min: 1 }),
    follow: flag('Go on while the run lasts.', { short: 'f' }),
  },
  examples: ['yard log t_1a2b', 'yard log t_1a2b --follow', 'yard log t_1a2b --run 7 --tail 2000'],
  async run(context, { arguments: { id }, options: { run: wanted, tail, follow } }) {
    const kernel = await context.kernel()
    const task = await kernel.resolveTaskId(id)
    const run = chooseRun(task, await kernel.listRuns(task), wanted)
    const path = run?.process?.logPath ?? null
    if (run !== null && path === null)
      throw notFound(
        'no_log',
        `Run ${run.id} of ${task} has no log: it was claimed by hand. See: yard runs ${task}`,
        { id: task, run: run.id },
      )
    if (run?.process && run.process.host !== kernel.deps.host)
      throw conflict(
        'log_elsewhere',
        `The log of run ${run.id} is on ${run.process.host}, at ${path}. Look there.`,
        { id: task, host: run.process.host, path },
      )
    const part = path === null ? NO_LOG : readLog(path, tail ?? null)
    if (follow && path !== null && run !== null)
      return { lines: following(context, kernel, { path, runId: run.id, part, task }) }
    return {
      data: {
        task_id: task,
        run_id: run?.id ?? null,
        path,
        exists: part.exists,
        size_bytes: part.size,
        content: part.content,
        truncated: part.isCut,
      },
      text: (style) =>
        part.content === ''
          ? run === null
            ? 'No run yet.'
            : 'Nothing was printed.'
          : logText(style, part.content),
      piped: part.content,
      ...(run === null ? { next: [`yard why ${task}`] } : {}),
    }
  },
})

const NO_LOG: LogPart = { exists: false, size: 0, content: '', isCut: false, end: { file: null, offset: 0 } }

function chooseRun(task: string, runs: readonly RunView[], wanted: number | undefined): RunView | null {
  if (wanted === undefined) return runs.findLast((run) => run.process !== null) ?? runs.at(-1) ?? null
  const found = runs.find((run) => run.id === wanted)
  if (found === undefined)
    throw notFound(
      'run_not_found',
      `${task} has no run ${wanted}. ${runs.length === 0 ? 'It has none yet.' : `Its runs: ${runs.map((run) => run.id).join(', ')}`}`,
      { id: task, run: wanted },
    )
  return found
}

interface Followed {
  readonly path: string
  readonly runId: number
  readonly task: string
  readonly part: LogPart
}

async function* following(
  { signal }: Context,
  kernel: Kernel,
  { path, runId, task, part }: Followed,
): AsyncIterable<Line> {
  const line = (content: string): Line => ({
    data: { task_id: task, run_id: runId, content },
    text: (style) => logText(style, content),
  })
  if (part.content !== '') yield line(part.content)
  const hasEnded = async () => {
    const { endedAt, process } = await kernel.getRun(runId)
    return process === null ? endedAt !== null : process.goneAt !== null
  }
  for await (const content of followLog({ path, from: part.end, signal, hasEnded })) yield line(content)
}
