/**
 * One process for the whole run: it is told what to do, and when it stops without a verdict it is reminded where it stands.
 * Another one is started only for a conversation that cannot go on, and only where the same process cannot begin a fresh one.
 */
import type { StreamItem } from '../../agents/output/stream-item.ts'
import { continuation, reminder } from '../../agents/prompt.ts'
import { newUuid } from '../../lib/ids.ts'
import { AgentRecord, isOfProvider } from '../agent-record.ts'
import { layOut, startOf } from '../agent-start.ts'
import { RunMail, type Mail } from '../run-mail.ts'
import type { OutputStream } from '../run-log.ts'
import { OPEN_STDIN } from '../worker-stdio.ts'
import {
  ConversationError,
  type Conversation,
  type ConversationEvents,
  type TurnEnd,
} from './conversation.ts'
import type { AgentDriver, AgentProcess, AgentRunOptions, AgentWords, Turn } from './driver.ts'

/** What an agent may take to end its turn when it is asked to, in milliseconds. */
const CANCEL_MS = 1_000

export class LiveDriver implements AgentDriver {
  readonly #options: AgentRunOptions
  readonly #record: AgentRecord
  readonly #begin: () => Conversation
  #conversation: Conversation
  readonly #mail: RunMail
  #over = new AbortController()
  #process: AgentProcess | null = null
  #talking: Promise<void> = Promise.resolve()
  /** The session of the process. */
  #session: string
  #isResuming: boolean
  #isInTurn = false
  #isInterjecting = false
  /** What the coming prompt tells it. */
  #outgoing: Mail | null = null
  #reminded = false
  #startedFresh = false

  constructor(options: AgentRunOptions, converse: (events: ConversationEvents) => Conversation) {
    this.#options = options
    this.#record = new AgentRecord(options)
    this.#mail = new RunMail(options)
    const events: ConversationEvents = {
      send: (line) => this.#process?.write(`${line}\n`),
      heard: (items) => this.#record.take(items.map((item) => asError(item, options.task.cli.spokenErrors))),
      again: () => this.#record.beginTurn(),
    }
    this.#begin = () => converse(events)
    this.#conversation = this.#begin()
    this.#session = options.task.resume?.session ?? newUuid()
    this.#isResuming = options.task.resume !== null
  }

  async first(): Promise<Turn> {
    layOut(this.#options)
    return this.#start()
  }

  started(process: AgentProcess): void {
    this.#process = process
    this.#talking = this.#talk(process)
  }

  /** Said at once where the agent takes something in during a turn; otherwise it waits for the end of the turn. */
  mail(): void {
    if (!this.#isInTurn || this.#isInterjecting || this.#conversation.interject === undefined) return
    this.#isInterjecting = true
    void this.#interject()
      .catch((error: unknown) => console.error('comments could not be delivered', error))
      .finally(() => (this.#isInterjecting = false))
  }

  take(stream: OutputStream, chunk: Buffer): void {
    if (stream === 'stderr') this.#record.takeErrorOutput(chunk)
    else this.#conversation.receive(chunk)
  }

  async stopping(): Promise<void> {
    if (!this.#isInTurn) return
    this.#conversation.cancel()
    const { clock } = this.#options
    await Promise.race([
      this.#talking,
      clock.sleep(CANCEL_MS, { signal: this.#over.signal }).catch(() => undefined),
    ])
  }

  async next(exitCode: number | null): Promise<Turn | null> {
    await this.#hangUp()
    const { problem, hasAnswered } = this.#record.findings
    const wasLost = this.#isResuming && !hasAnswered && exitCode !== 0 && !isOfProvider(problem?.class)
    if (this.#conversation.renew !== undefined || this.#startedFresh) return null
    if (!wasLost && problem?.class !== 'context') return null
    const { kernel, capability } = this.#options
    if (!(await kernel.askLease(capability)).open) return null
    this.#startedFresh = true
    this.#isResuming = false
    this.#session = newUuid()
    this.#record.beginTurn()
    this.#over = new AbortController()
    this.#conversation = this.#begin()
    return this.#start()
  }

  async #start(): Promise<Turn> {
    const [session, isResuming] = [this.#session, this.#isResuming]
    if (this.#options.task.cli.sessions === 'given') this.#record.givenSession = session
    return { ...(await startOf(this.#options, { prompt: '', session, isResuming })), stdin: OPEN_STDIN }
  }

  async end(): Promise<AgentWords> {
    await this.#hangUp()
    return this.#record.end()
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.#hangUp()
    this.#record[Symbol.dispose]()
    await this.#options.tools?.close().catch(() => undefined)
  }

  async #interject(): Promise<void> {
    const mail = await this.#mail.take()
    if (mail !== null && (await this.#conversation.interject?.(mail.text)) === true) mail.arrived()
  }

  async #hangUp(): Promise<void> {
    this.#over.abort()
    this.#conversation.closed()
    await this.#talking
  }

  async #talk(process: AgentProcess): Promise<void> {
    let failure: string | null = null
    try {
      failure = await this.#converse()
    } catch (error) {
      if (!(error instanceof ConversationError))
        console.error('the conversation with the agent failed', error)
      if (!this.#over.signal.aborted) failure = (error as Error).message
      this.#record.readErrorOutput()
    }
    if (this.#over.signal.aborted) return
    process.closeInput()
    process.over(failure)
  }

  /** Why it ended too early; null when it did not. */
  async #converse(): Promise<string | null> {
    const { task, spec } = this.#options
    const resumed = await this.#conversation.open(this.#isResuming ? this.#session : null)
    if (this.#isResuming && !resumed) this.#startedFresh = true
    let prompt: string | null =
      resumed && task.resume !== null
        ? continuation(spec.taskId, task.resume.news, task.cli.tools)
        : task.prompt
    while (prompt !== null) {
      this.#isInTurn = true
      const turn: Promise<TurnEnd> = this.#conversation.prompt(prompt)
      this.#outgoing?.arrived()
      this.#outgoing = null
      const end: TurnEnd = await turn.finally(() => (this.#isInTurn = false))
      prompt = await this.#after(end)
      if (prompt === null && end === 'failed') return 'its turn failed'
    }
    return null
  }

  /** What to say after a turn; null when there is nothing more to say. */
  async #after(end: TurnEnd): Promise<string | null> {
    const { kernel, capability, task, spec } = this.#options
    const isOpen = (await kernel.askLease(capability)).open
    // A turn may look like a success although the provider refused it.
    if (isOpen) this.#record.readErrorOutput()
    await this.#record.tell()
    if (!isOpen || end === 'cancelled') return null
    const { problem } = this.#record.findings
    if (problem?.class === 'context' && !this.#startedFresh && this.#conversation.renew !== undefined) {
      this.#startedFresh = true
      this.#record.beginTurn()
      await this.#conversation.renew()
      return task.prompt
    }
    if (end === 'failed' || problem !== null) return null
    this.#outgoing = await this.#mail.take()
    if (this.#outgoing !== null) {
      this.#record.beginTurn()
      return this.#outgoing.text
    }
    if (this.#reminded) return null
    this.#reminded = true
    this.#record.beginTurn()
    return reminder(spec.taskId, task.cli.tools)
  }
}

/** Some agents tell of a failed request as if the model had said it. */
const asError = (item: StreamItem, spoken: string | undefined): StreamItem =>
  item.kind === 'message' && spoken !== undefined && new RegExp(spoken).test(item.text)
    ? { kind: 'error', message: item.text, status: null, final: false }
    : item
