/** What is known of an agent's turn from what it printed: enough to judge its ending, to show it and to go on with it. */
import type { CliAgent, ErrorClass } from '../domain/cli-agent.ts'
import { classifyError, retryTimeIn } from './error-class.ts'
import type { StreamItem, Usage } from './output/stream-item.ts'
import type { SessionCounters, TokenCounts, TokenUsage } from '../domain/run-agent.ts'
import { isPriced, NO_TOKENS } from '../domain/usage.ts'

export interface AgentProblem {
  /** Null: nobody knows what it means. */
  readonly class: ErrorClass | null
  readonly message: string
  /** When the provider may be asked again, in unix seconds. */
  readonly retryAt: number | null
}

export interface LastTool {
  readonly name: string
  readonly input: string
}

const NO_USAGE: Required<TokenUsage> = { ...NO_TOKENS, cost: null, unpriced: NO_TOKENS }

export class AgentFindings {
  readonly #agent: Pick<CliAgent, 'errors'>
  readonly #now: () => number
  #session: string | null = null
  #model: string | null = null
  #lastMessage: string | null = null
  #lastTool: LastTool | null = null
  /** What earlier turns of this run used, and this one. */
  #earlier: Required<TokenUsage> = NO_USAGE
  #turn: Usage = NO_USAGE
  /** Where the session's own counters stood when this turn began, and where they stand. */
  #base: TokenCounts
  #counted: SessionCounters | null
  readonly #resumed: string | null
  #problem: AgentProblem | null = null
  #repeats = 0
  #refused: string | null = null
  #hasAnswered = false

  /** `now`: unix seconds. `resumed`: the session it goes on in. */
  constructor(
    agent: Pick<CliAgent, 'errors'>,
    now: () => number,
    resumed: { readonly session: string; readonly counted?: SessionCounters | null } | null = null,
  ) {
    this.#agent = agent
    this.#now = now
    this.#resumed = resumed?.session ?? null
    this.#counted = resumed?.counted ?? null
    this.#base = this.#counted ?? NO_TOKENS
  }

  get session(): string | null {
    return this.#session
  }
  get model(): string | null {
    return this.#model
  }
  get lastMessage(): string | null {
    return this.#lastMessage
  }
  get lastTool(): LastTool | null {
    return this.#lastTool
  }
  get usage(): Required<TokenUsage> {
    return sum(this.#earlier, withUnpriced(this.#turn))
  }
  /** Where the session's own counters stand; null for an agent that counts each turn by itself. */
  get sessionUsage(): SessionCounters | null {
    return this.#counted
  }
  /** What went wrong last, unless the agent got on since. */
  get problem(): AgentProblem | null {
    return this.#problem
  }
  /** How often it went wrong in a row. */
  get repeats(): number {
    return this.#repeats
  }
  /** A tool that the client kept from the model, in its words. */
  get refused(): string | null {
    return this.#refused
  }
  /** Whether the model said or did anything. */
  get hasAnswered(): boolean {
    return this.#hasAnswered
  }

  /** Another turn of the same run begins: what it used so far is kept, what went wrong is not. */
  beginTurn(): void {
    this.#earlier = this.usage
    this.#turn = NO_USAGE
    this.#base = this.#counted ?? NO_TOKENS
    this.#problem = null
    this.#repeats = 0
  }

  take(item: StreamItem): void {
    switch (item.kind) {
      case 'session':
        if (item.id !== '') this.#begin(item.id)
        this.#model = item.model ?? this.#model
        return
      case 'message':
        this.#lastMessage = item.text
        return this.#gotOn()
      case 'thought':
      case 'plan':
        return
      case 'tool':
        this.#lastTool = { name: item.name, input: item.input }
        return this.#gotOn()
      case 'result':
        return this.#gotOn()
      case 'usage':
        this.#turn =
          item.session === true
            ? this.#since(item.usage)
            : item.sum
              ? item.usage
              : plus(this.#turn, item.usage)
        if (item.sessionCost !== undefined)
          this.#counted = { ...(this.#counted ?? NO_TOKENS), cost: item.sessionCost }
        return
      case 'refused':
        this.#refused = item.message
        return
      case 'error':
        return this.#failed(item)
    }
  }

  /** What only the words on standard error tell, when the stream itself told nothing. */
  readErrorOutput(words: string): void {
    if (this.#problem !== null || words.trim() === '') return
    const found = classifyError({ message: words }, this.#agent.errors)
    if (found === null || found === 'transient') return
    const line = words
      .split('\n')
      .find((each) => classifyError({ message: each }, this.#agent.errors) === found)
    this.#problem = {
      class: found,
      message: (line ?? words).trim().slice(0, 500),
      retryAt: retryTimeIn(words, this.#now()),
    }
  }

  /** Another session than before begins to count anew. */
  #begin(session: string): void {
    if (session !== (this.#session ?? this.#resumed ?? session)) {
      this.#counted = null
      this.#base = NO_TOKENS
    }
    this.#session = session
  }

  /** Of a session's counters, the part that belongs to this turn. Counters that stand lower than before have begun anew. */
  #since({ input, cached, output, cost }: Usage): Usage {
    const base = input < this.#base.input || output < this.#base.output ? NO_TOKENS : this.#base
    this.#counted = { ...this.#counted, input, cached, output }
    return {
      input: input - base.input,
      cached: Math.max(0, cached - base.cached),
      output: output - base.output,
      // Some tell it by itself.
      cost: cost ?? this.#turn.cost,
    }
  }

  #gotOn(): void {
    this.#hasAnswered = true
    this.#problem = null
    this.#repeats = 0
  }

  #failed({ message, status }: Extract<StreamItem, { kind: 'error' }>): void {
    const found = classifyError({ message, status }, this.#agent.errors)
    this.#repeats++
    // A last word that says less than the ones before it, such as "the turn failed", takes nothing away from them.
    if (found === null && this.#problem !== null) return
    this.#problem = {
      class: found,
      message: message.trim().slice(0, 500),
      retryAt: retryTimeIn(message, this.#now()) ?? this.#problem?.retryAt ?? null,
    }
  }
}

const counts = (one: TokenCounts, other: TokenCounts): TokenCounts => ({
  input: one.input + other.input,
  cached: one.cached + other.cached,
  output: one.output + other.output,
})

const plus = (one: Usage, other: Usage): Usage => ({
  ...counts(one, other),
  cost: one.cost === null && other.cost === null ? null : (one.cost ?? 0) + (other.cost ?? 0),
})

const withUnpriced = (usage: Usage): Required<TokenUsage> => ({
  ...usage,
  unpriced: isPriced(usage) ? NO_TOKENS : usage,
})

const sum = (one: Required<TokenUsage>, other: Required<TokenUsage>): Required<TokenUsage> => ({
  ...plus(one, other),
  unpriced: counts(one.unpriced, other.unpriced),
})
