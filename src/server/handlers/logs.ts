import { followLog, readLog, type LogFile } from '../../home/run-log.ts'
import type { Kernel } from '../../kernel/kernel.ts'
import type { StandingConnections } from '../events/standing.ts'
import { Reply, type Call, type Handlers } from '../handler.ts'
import { logOf, requireItems, requireLog } from '../run-log.ts'
import { textStream } from '../text-stream.ts'

export interface LogsDeps {
  readonly kernel: Kernel
  /** The folder of run logs. */
  readonly logs: string
  readonly standing: StandingConnections
}

export const logHandlers = ({ kernel, logs, standing }: LogsDeps) => {
  const stream = (
    log: LogFile,
    media: string,
    { input, presented }: Call<'streamRunLog' | 'streamRunItems'>,
  ): Reply => {
    const { id, tail = null, follow = false } = input
    const body = textStream({
      onOpen: (end) => standing.add({ presented, end }),
      async *produce(signal) {
        // One byte more tells whether the tail begins with a whole line; half a one would be no line.
        const part = await readLog(log, tail === null ? null : tail + 1)
        const isCut = part.isCut || (tail !== null && part.size > tail)
        const content = isCut ? part.content.slice(part.content.indexOf('\n') + 1) : part.content
        if (content !== '') yield content
        if (!follow) return
        yield* followLog({
          log,
          from: part.end,
          signal,
          hasEnded: async () => (await kernel.getRun(id)).process?.goneAt !== null,
          watchEnd: (listener) => kernel.deps.store.watch(listener),
        })
      },
    })
    return new Reply(body, { 'content-type': `${media}; charset=utf-8`, 'x-accel-buffering': 'no' })
  }
  return {
    async getRunLog({ input: { id, tail } }) {
      const run = await kernel.getRun(id)
      const log = logOf(kernel, run, logs)
      const part = log === null ? null : await readLog(log, tail ?? null)
      return {
        run_id: id,
        task_id: run.taskId,
        path: log?.path ?? null,
        exists: part?.exists ?? false,
        size_bytes: part?.size ?? 0,
        content: part?.content ?? '',
        truncated: part?.isCut ?? false,
      }
    },

    async streamRunLog(call) {
      const run = await kernel.getRun(call.input.id)
      return stream(requireLog(kernel, run, logs), 'text/plain', call)
    },

    async streamRunItems(call) {
      const run = await kernel.getRun(call.input.id)
      return stream(await requireItems(kernel, run, logs), 'application/jsonl', call)
    },
  } satisfies Partial<Handlers>
}
