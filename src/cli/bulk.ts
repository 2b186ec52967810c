/** One verb for several cards: each has its own outcome, and one that fails does not keep the rest from theirs. */
import { taskView } from '../contract/views.ts'
import { isYardError } from '../domain/errors.ts'
import type { Task } from '../domain/task.ts'
import type { Kernel } from '../kernel/kernel.ts'
import type { Outcome } from './command.ts'
import type { Context } from './context.ts'
import { paintStatus } from './text/style.ts'

interface Done {
  readonly task: Task
  /** Its run is being ended first; it arrives when its processes are gone. */
  readonly stopping?: boolean
}

interface Result {
  readonly given: string
  readonly done?: Done
  readonly error?: { readonly detail: string; readonly code: string }
}

/** `ids` as they were typed. What is no refusal ends everything. */
export async function forEachTask(
  { kernel: open }: Context,
  ids: readonly string[],
  act: (kernel: Kernel, id: string) => Promise<Done>,
): Promise<Outcome> {
  const kernel = await open()
  const results: Result[] = []
  for (const given of ids) {
    try {
      results.push({ given, done: await act(kernel, await kernel.resolveTaskId(given)) })
    } catch (error) {
      if (!isYardError(error)) throw error
      results.push({ given, error: { detail: error.message, code: error.code } })
    }
  }
  const failed = results.filter(({ error }) => error !== undefined)
  return {
    data: { results: results.map(resultView) },
    text: (style) =>
      results
        .flatMap(({ done }) =>
          done === undefined ? [] : [lineOf(done, (status) => paintStatus(style, status))],
        )
        .join('\n'),
    errors: failed.map(({ error }) => error?.detail ?? ''),
    exitCode: failed.length > 0 ? 1 : 0,
  }
}

const resultView = ({ given, done, error }: Result) =>
  done === undefined
    ? { id: given, ok: false, error: error?.detail, code: error?.code }
    : { id: done.task.id, ok: true, stopping: done.stopping ?? false, task: taskView(done.task) }

const lineOf = ({ task, stopping }: Done, paint: (status: Task['status']) => string): string =>
  stopping === true
    ? `${task.id}: its run is being stopped; it moves on once its processes are gone`
    : `${task.id}: ${paint(task.status)}`
