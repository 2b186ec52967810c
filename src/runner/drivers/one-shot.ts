/**
 * The program is started once per turn: it is told everything at the start, and what it prints is read until it exits. When
 * it stops without a verdict it is started once more, in the same session.
 */
import { openOutput, type OutputReader } from '../../agents/output/read-output.ts'
import { continuation, reminder } from '../../agents/prompt.ts'
import { newUuid } from '../../lib/ids.ts'
import { AgentRecord, isOfProvider } from '../agent-record.ts'
import { layOut, startOf } from '../agent-start.ts'
import { RunMail } from '../run-mail.ts'
import type { OutputStream } from '../run-log.ts'
import type { AgentDriver, AgentRunOptions, AgentWords, Turn } from './driver.ts'

export class OneShotDriver implements AgentDriver {
  readonly #options: AgentRunOptions
  readonly #record: AgentRecord
  readonly #mail: RunMail
  #reader: OutputReader
  /** The session of the coming turn. */
  #session: string
  #isResuming: boolean
  #reminded = false
  #startedFresh = false

  static async open(options: AgentRunOptions): Promise<OneShotDriver> {
    return new OneShotDriver(options, await openOutput(options.task.cli.output))
  }

  private constructor(options: AgentRunOptions, reader: OutputReader) {
    this.#options = options
    this.#reader = reader
    this.#record = new AgentRecord(options)
    this.#mail = new RunMail(options)
    this.#isResuming = options.task.resume !== null
    this.#session = options.task.resume?.session ?? newUuid()
  }

  first(): Promise<Turn> {
    const { task, spec } = this.#options
    layOut(this.#options)
    return this.#turn(
      task.resume === null ? task.prompt : continuation(spec.taskId, task.resume.news, task.cli.tools),
    )
  }

  started(): void {}

  /** Between two turns only: the program hears nothing while it runs. */
  mail(): void {}

  take(stream: OutputStream, chunk: Buffer): void {
    if (stream === 'stderr') this.#record.takeErrorOutput(chunk)
    else this.#record.take(this.#reader.push(chunk))
  }

  stopping(): Promise<void> {
    return Promise.resolve()
  }

  async next(exitCode: number | null): Promise<Turn | null> {
    this.#record.take(this.#reader.end())
    const { kernel, capability, spec, task } = this.#options
    const { findings } = this.#record
    if (exitCode !== 0) this.#record.readErrorOutput()
    await this.#record.tell()
    if (!(await kernel.askLease(capability)).open) return null
    const { problem, hasAnswered } = findings
    const wasLost = this.#isResuming && !hasAnswered && exitCode !== 0 && !isOfProvider(problem?.class)
    if (wasLost || problem?.class === 'context') {
      if (this.#startedFresh) return null
      this.#startedFresh = true
      this.#isResuming = false
      this.#session = newUuid()
      return this.#again(task.prompt)
    }
    if (problem !== null || exitCode !== 0 || this.#reminded || task.cli.sessions === 'none') return null
    const session = findings.session ?? this.#record.givenSession
    if (session === null) return null
    this.#reminded = true
    this.#session = session
    this.#isResuming = true
    const mail = await this.#mail.take()
    mail?.arrived()
    return this.#again([mail?.text, reminder(spec.taskId, task.cli.tools)].filter(Boolean).join('\n'))
  }

  end(): Promise<AgentWords> {
    this.#record.take(this.#reader.end())
    return this.#record.end()
  }

  async [Symbol.asyncDispose](): Promise<void> {
    this.#record[Symbol.dispose]()
    await this.#options.tools?.close().catch(() => undefined)
  }

  async #again(prompt: string): Promise<Turn> {
    this.#record.beginTurn()
    this.#reader = await openOutput(this.#options.task.cli.output)
    return this.#turn(prompt)
  }

  #turn(prompt: string): Promise<Turn> {
    if (this.#options.task.cli.sessions === 'given') this.#record.givenSession = this.#session
    return startOf(this.#options, { prompt, session: this.#session, isResuming: this.#isResuming })
  }
}
