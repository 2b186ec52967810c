/**
 * JSON lines on standard input and output, as Claude Code speaks them: a message of the user begins a turn, a result ends it,
 * and what is said meanwhile is taken in between two steps of the model.
 */
import { readClaude } from '../../agents/output/claude.ts'
import { jsonIn, readLines } from '../../agents/output/read-output.ts'
import { fields, text, type Fields, type ReadValue } from '../../agents/output/stream-item.ts'
import { newUuid } from '../../lib/ids.ts'
import {
  ConversationError,
  type Conversation,
  type ConversationEvents,
  type TurnEnd,
} from './conversation.ts'
import type { AgentRunOptions } from './driver.ts'

const ENDED = 'it ended before its turn was over'

export class StreamJsonConversation implements Conversation {
  readonly #options: Pick<AgentRunOptions, 'task'>
  readonly #events: ConversationEvents
  readonly #lines = readLines(jsonIn)
  /** Messages that were said in a turn and have not been taken in, by their ids. */
  readonly #waiting = new Map<string, (taken: boolean) => void>()
  #read: ReadValue = readClaude()
  #turn: PromiseWithResolvers<TurnEnd> | null = null
  #isOver = false

  constructor(options: Pick<AgentRunOptions, 'task'>, events: ConversationEvents) {
    this.#options = options
    this.#events = events
  }

  /** The session is chosen by the arguments; one that is not there any more ends the program. */
  open(session: string | null): Promise<boolean> {
    return Promise.resolve(session !== null)
  }

  prompt(words: string): Promise<TurnEnd> {
    if (this.#isOver) return Promise.reject(new ConversationError(ENDED))
    this.#turn = Promise.withResolvers<TurnEnd>()
    this.#say(words)
    return this.#turn.promise
  }

  interject(words: string): Promise<boolean> {
    const taken = Promise.withResolvers<boolean>()
    if (this.#isOver) return Promise.resolve(false)
    this.#waiting.set(this.#say(words), taken.resolve)
    return taken.promise
  }

  receive(chunk: Buffer): void {
    for (const value of this.#lines.push(chunk)) this.#take(fields(value))
  }

  cancel(): void {
    this.#send({ type: 'control_request', request_id: newUuid(), request: { subtype: 'interrupt' } })
  }

  closed(): void {
    this.#isOver = true
    for (const taken of this.#waiting.values()) taken(false)
    this.#waiting.clear()
    this.#turn?.reject(new ConversationError(ENDED))
  }

  #take(value: Fields): void {
    if (value['type'] === 'control_request') return this.#answer(value)
    if (value['isReplay'] === true) {
      const id = text(value['uuid'])
      this.#waiting.get(id)?.(true)
      this.#waiting.delete(id)
      return
    }
    this.#events.heard(this.#read(value))
    if (value['type'] !== 'result') return
    // It counts anew in each turn.
    this.#read = readClaude()
    // What it has not taken in yet begins another turn by itself.
    if (this.#waiting.size > 0 && value['is_error'] !== true) return this.#events.again()
    this.#turn?.resolve(value['is_error'] === true ? 'failed' : 'stopped')
    this.#turn = null
  }

  /** Nobody else is there to be asked: with full permissions everything may be done, otherwise what the arguments allow. */
  #answer({ request_id, request }: Fields): void {
    const asked = fields(request)
    const response =
      asked['subtype'] !== 'can_use_tool'
        ? { subtype: 'error', request_id, error: `the board does not answer ${text(asked['subtype'])}` }
        : {
            subtype: 'success',
            request_id,
            response:
              this.#options.task.permissions === 'full'
                ? { behavior: 'allow', updatedInput: asked['input'] }
                : { behavior: 'deny', message: 'The permissions of the profile do not allow it.' },
          }
    this.#send({ type: 'control_response', response })
  }

  #say(words: string): string {
    const uuid = newUuid()
    this.#send({
      type: 'user',
      message: { role: 'user', content: [{ type: 'text', text: words }] },
      parent_tool_use_id: null,
      uuid,
    })
    return uuid
  }

  #send(value: unknown): void {
    this.#events.send(JSON.stringify(value))
  }
}
