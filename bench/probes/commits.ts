/** Another process that works on the board: one change each time it is asked. */
import { openBoard, PERSON } from '../harness/boards.ts'
import { serveProbe } from '../harness/probe.ts'

export interface CommitOptions {
  readonly file: string
  /** Cards that are there, each used again and again. */
  readonly cards: readonly string[]
}

export interface CommitAnswer {
  /** Of the last event of the change. */
  readonly eventId: number
  /** When the commit had returned, in nanoseconds of the clock that all processes of a machine share. */
  readonly committedAt: string
}

await serveProbe<CommitOptions, 'change', CommitAnswer>(async ({ file, cards }) => {
  const { kernel } = openBoard(file)
  let turn = 0
  return async () => {
    const card = cards[turn++ % cards.length] ?? ''
    await kernel.commentTask(card, `remark ${turn}`, null, PERSON)
    const committedAt = process.hrtime.bigint()
    return { eventId: await kernel.getLatestEventId(), committedAt: String(committedAt) }
  }
})
