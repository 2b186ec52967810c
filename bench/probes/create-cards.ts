/** Puts cards on a board one by one, as any process may, and says when each was acknowledged. */
import { PERSON, openBoard } from '../harness/boards.ts'
import { serveProbe } from '../harness/probe.ts'
import { epochMs } from '../harness/time.ts'

export interface CreateOptions {
  readonly file: string
}

export interface CreateQuestion {
  readonly title: string
  readonly body: string
  readonly assignee: string | null
}

/** The id, and the moment of the answer in milliseconds since 1970. */
export interface CreateAnswer {
  readonly id: string
  readonly at: number
}

await serveProbe<CreateOptions, CreateQuestion, CreateAnswer>(async ({ file }) => {
  const { kernel } = openBoard(file)
  return async (card) => {
    const { task } = await kernel.createTask(card, PERSON)
    return { id: task.id, at: epochMs() }
  }
})
