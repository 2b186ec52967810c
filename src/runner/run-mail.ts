/** Comments on their way to a worker: taken from the board once, and written down when they have arrived. */
import { message } from '../agents/prompt.ts'
import { mailText } from '../kernel/worker-context.ts'
import type { AgentRunOptions } from './drivers/driver.ts'

export interface Mail {
  /** The comments as the agent is told them. */
  readonly text: string
  /** They have reached it. A board that cannot be told keeps nobody from working: they are told again at the next attempt. */
  arrived(): void
}

type Options = Pick<AgentRunOptions, 'spec' | 'kernel' | 'capability' | 'clock'>

/** What the worker has not heard of yet; null when there is nothing. Nothing is taken twice. */
export class RunMail {
  readonly #options: Options
  #taken = 0

  constructor(options: Options) {
    this.#options = options
  }

  async take(): Promise<Mail | null> {
    const { kernel, capability, spec, clock } = this.#options
    const comments = (await kernel.readMail(capability)).filter(({ id }) => id > this.#taken)
    const newest = comments.at(-1)
    if (newest === undefined) return null
    this.#taken = newest.id
    return {
      text: message(spec.taskId, mailText(comments, clock.now())),
      arrived: () =>
        void kernel
          .recordDelivery(
            capability,
            comments.map(({ id }) => id),
          )
          .catch((error: unknown) => console.error('the board could not be told what was delivered', error)),
    }
  }
}
