/** What is known of an agent at work: kept in its stream, judged when it ends, and told to the board as it goes. */
import { AgentFindings } from '../agents/findings.ts'
import { toldRefusals } from '../agents/refusal-preload.ts'
import { readErrorLines } from '../agents/output/read-error-lines.ts'
import type { StreamItem } from '../agents/output/stream-item.ts'
import type { RunAgentNews } from '../domain/run-agent.ts'
import { AgentStream } from './agent-stream.ts'
import type { AgentRunOptions, AgentWords } from './drivers/driver.ts'

/** How often the board hears what the agent does, at the most, in milliseconds. */
const TELL_EVERY_MS = 1_000
/** The same refusal so many times in a row, and the client's own patience is only waiting. */
const HOPELESS = { credential: 2, model: 2, quota: 3 } as const
/** A provider that names a time so far away will not be waited for, in seconds. */
const FAR_AWAY = 120
/** Of the standard error of one turn, its end, in characters. */
const ERROR_OUTPUT = 16_384
const LAST_WORDS = 4_096
/** Text of a last tool call, in characters. */
const TOOL_WORDS = 300

type Options = Pick<
  AgentRunOptions,
  'spec' | 'task' | 'kernel' | 'capability' | 'clock' | 'mask' | 'onHopeless'
>

export class AgentRecord implements Disposable {
  readonly findings: AgentFindings
  /** The session whose id we chose; it is one from the first sign of life in it on. */
  givenSession: string | null = null
  readonly #options: Options
  readonly #stream: AgentStream
  readonly #errorLines: ReturnType<typeof readErrorLines>
  #errorOutput = ''
  #toldAt = Number.NEGATIVE_INFINITY
  #telling: Promise<void> = Promise.resolve()
  #isHopeless = false

  constructor(options: Options) {
    const { task, spec, mask, clock } = options
    this.#options = options
    this.findings = new AgentFindings(task.cli, () => clock.now(), task.resume)
    this.#stream = new AgentStream(spec.streamPath, mask, clock)
    this.#errorLines = readErrorLines(toldRefusals(task.cli))
  }

  /** Another turn begins: what went wrong in the last one is over. */
  beginTurn(): void {
    this.findings.beginTurn()
    this.#errorOutput = ''
    this.#isHopeless = false
  }

  /** The agent did something. */
  take(found: readonly StreamItem[]): void {
    for (const item of found) {
      this.#stream.take(item)
      this.findings.take(item)
      if (item.kind === 'error' && item.final) this.#isHopeless = false
    }
    if (found.length === 0) return
    const { clock } = this.#options
    if (clock.monotonicMs() - this.#toldAt >= TELL_EVERY_MS) void this.tell().catch(() => undefined)
    this.#giveUpIfHopeless()
  }

  takeErrorOutput(chunk: Buffer): void {
    this.#errorOutput = (this.#errorOutput + chunk.toString('utf8')).slice(-ERROR_OUTPUT)
    this.take(this.#errorLines(chunk))
  }

  /** What went wrong may stand on standard error alone, also after a turn that looks like a success. */
  readErrorOutput(): void {
    this.findings.readErrorOutput(this.#errorOutput)
  }

  /** Tells the board; one after the other, so that it never goes back to older news. */
  tell(): Promise<void> {
    const { kernel, capability, clock } = this.#options
    this.#toldAt = clock.monotonicMs()
    this.#telling = this.#telling
      .catch(() => undefined)
      .then(() => kernel.recordAgent(capability, this.#news()))
    return this.#telling
  }

  /** What is known at the end. */
  words(): AgentWords {
    const { problem, refused } = this.findings
    const found = problem?.class ?? null
    return {
      error: problem !== null ? `${DESCRIBED[found ?? 'unknown']}: ${problem.message}` : refused,
      problem:
        problem !== null && isOfProvider(found)
          ? {
              class: found,
              provider: this.#options.task.provider,
              message: this.#options.mask.maskText(problem.message),
              retryAt: problem.retryAt,
            }
          : null,
      lastWords: this.#lastWords(),
    }
  }

  /** The last news to the board, and what is known at the end. A board that cannot be told keeps nobody from ending. */
  async end(): Promise<AgentWords> {
    await this.tell().catch((error: unknown) =>
      console.error('the board could not be told what the agent did last', error),
    )
    return this.words()
  }

  [Symbol.dispose](): void {
    this.#stream.close()
  }

  #lastWords(): string {
    const said = this.#stream.lastWords(LAST_WORDS)
    const errors = this.#options.mask.maskText(this.#errorOutput).trim()
    return [said, errors].filter(Boolean).join('\n').slice(-LAST_WORDS)
  }

  #giveUpIfHopeless(): void {
    const { problem, repeats } = this.findings
    if (this.#isHopeless || !isOfProvider(problem?.class)) return
    const isFar = problem.retryAt !== null && problem.retryAt - this.#options.clock.now() > FAR_AWAY
    if (repeats < HOPELESS[problem.class] && !isFar) return
    this.#isHopeless = true
    this.#options.onHopeless()
  }

  #news(): RunAgentNews {
    const { session, model, hasAnswered, lastTool, lastMessage, usage, sessionUsage, problem } = this.findings
    const { mask, task } = this.#options
    return {
      session: session ?? (hasAnswered ? this.givenSession : null),
      model: model ?? task.model,
      hasAnswered,
      lastTool:
        lastTool === null ? null : mask.maskText(`${lastTool.name} ${lastTool.input}`.slice(0, TOOL_WORDS)),
      lastMessage: lastMessage === null ? null : mask.maskText(lastMessage),
      usage,
      sessionUsage,
      problem: problem?.class ?? null,
    }
  }
}

type ProviderClass = keyof typeof HOPELESS

/** Nothing a fresh start would help against. */
export const isOfProvider = (found: string | null | undefined): found is ProviderClass =>
  found === 'quota' || found === 'credential' || found === 'model'

const DESCRIBED = {
  credential: 'its login or key was not accepted',
  quota: 'its provider has had enough for now',
  model: 'its model cannot be used',
  context: 'its conversation cannot go on',
  transient: 'its provider could not be reached',
  refused: 'its client refused a tool',
  unknown: 'it failed',
} as const
