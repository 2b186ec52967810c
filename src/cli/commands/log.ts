import { conflict, notFound } from '../../domain/errors.ts'
import type { Kernel } from '../../kernel/kernel.ts'
import type { RunView } from '../../kernel/show-task.ts'
import { Bell } from '../bell.ts'
import { command, flag, taskId, wholeNumber, type Line } from '../command.ts'
import type { Context } from '../context.ts'
import { followLog, readLog, type LogPart } from '../../home/run-log.ts'
import { logText } from '../text/log-text.ts'
import { streamText } from '../text/stream-text.ts'

export const log = command({
  about:
    'Prints what the worker of a run printed, and of an agent what it did. Every run has its own log; the last one is shown.',
  effect: 'reads',
  arguments: { id: taskId },
  options: {
    run: wholeNumber('number', 'The log of this run.', { min: 1 }),
    tail: wholeNumber('bytes', 'Only the last so many bytes.', { min: 1 }),
    follow: flag('Wait for a run, and go on while it lasts.', { short: 'f' }),
  },
  examples: ['yard log t_1a2b', 'yard log t_1a2b --follow', 'yard log t_1a2b --run 7 --tail 2000'],
  async run(context, { arguments: { id }, options: { run: wanted, tail = null, follow } }) {
    const kernel = await context.kernel()
    const task = await kernel.resolveTaskId(id)
    const found = await findLog(kernel, task, wanted)
    if (follow) return { lines: following(context, kernel, { task, wanted, found, tail }) }
    const part = found === null ? NO_LOG : await readLog(trusted(found.path), tail)
    const told = found === null || found.stream === null ? null : await readLog(trusted(found.stream), tail)
    return {
      data: {
        task_id: task,
        run_id: found?.runId ?? null,
        path: found?.path ?? null,
        exists: part.exists,
        size_bytes: part.size,
        content: part.content,
        truncated: part.isCut,
      },
      text: (style) => {
        if (found === null) return 'No run has begun yet.'
        if (part.content === '') return 'Nothing was printed.'
        return told === null ? logText(style, part.content) : streamText(style, told.content)
      },
      piped: part.content,
      ...(found === null ? { next: [`yard why ${task}`] } : {}),
    }
  },
})

/** Whoever runs the command may read whatever it can. */
const trusted = (path: string) => ({ path, folder: null })

const NO_LOG: LogPart = { exists: false, size: 0, content: '', isCut: false, end: { file: null, offset: 0 } }

interface FoundLog {
  readonly runId: number
  readonly path: string
  /** Where it is told in words what an agent did, beside what its program printed; null for other workers. */
  readonly stream: string | null
}

/** The log of the wanted run, or of the last one that has a log; null when none has begun to write one. */
async function findLog(
  { listRuns, listRunAgents, deps }: Pick<Kernel, 'listRuns' | 'listRunAgents' | 'deps'>,
  task: string,
  wanted: number | undefined,
): Promise<FoundLog | null> {
  const runs = await listRuns(task)
  const run = wanted === undefined ? runs.findLast(hasProcess) : runs.find(({ id }) => id === wanted)
  if (run === undefined) {
    if (wanted === undefined) return null
    const known = runs.length === 0 ? 'It has none yet.' : `Its runs: ${runs.map(({ id }) => id).join(', ')}`
    throw notFound('run_not_found', `${task} has no run ${wanted}. ${known}`, { id: task, run: wanted })
  }
  const { process } = run
  if (process === null)
    throw notFound(
      'no_log',
      `Run ${run.id} of ${task} has no log: it was claimed by hand. See: yard runs ${task}`,
      { id: task, run: run.id },
    )
  if (process.logPath === null) return null
  if (process.host !== deps.host)
    throw conflict(
      'log_elsewhere',
      `The log of run ${run.id} is on ${process.host}, at ${process.logPath}. Look there.`,
      { id: task, host: process.host, path: process.logPath },
    )
  const isAgent = (await listRunAgents(task)).some(({ runId }) => runId === run.id)
  return { runId: run.id, path: process.logPath, stream: isAgent ? `${process.logPath}.jsonl` : null }
}

const hasProcess = ({ process }: RunView): boolean => process !== null

interface Following {
  readonly task: string
  readonly wanted: number | undefined
  readonly found: FoundLog | null
  readonly tail: number | null
}

async function* following(
  { signal }: Context,
  kernel: Kernel,
  { task, wanted, found, tail }: Following,
): AsyncIterable<Line> {
  const log = found ?? (await awaitLog(kernel, task, wanted, signal))
  if (log === null) return
  const line = (content: string): Line => ({
    data: { task_id: task, run_id: log.runId, content },
    text: (style) => (log.stream === null ? logText(style, content) : streamText(style, content)),
  })
  const file = trusted(log.stream ?? log.path)
  const part = await readLog(file, tail)
  if (part.content !== '') yield line(part.content)
  const hasEnded = async () => (await kernel.getRun(log.runId)).process?.goneAt !== null
  const watchEnd = (listener: () => void) => kernel.deps.store.watch(listener)
  for await (const content of followLog({ log: file, from: part.end, signal, hasEnded, watchEnd }))
    yield line(content)
}

/** Null when the person has seen enough. */
async function awaitLog(
  kernel: Kernel,
  task: string,
  wanted: number | undefined,
  signal: AbortSignal,
): Promise<FoundLog | null> {
  const bell = new Bell(signal)
  using _ = kernel.deps.store.watch(() => bell.ring())
  while (!signal.aborted) {
    const found = await findLog(kernel, task, wanted)
    if (found !== null) return found
    await bell.wait()
  }
  return null
}
