/** What is known of an agent's turn from what it printed: enough to judge its ending, to show it and to go on with it. */
import type { CliAgent, ErrorClass } from './cli-agent.ts'
import { classifyError, retryTimeIn } from './error-class.ts'
import type { StreamItem, Usage } from './output/stream-item.ts'

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

const NO_USAGE: Usage = { input: 0, cached: 0, output: 0, cost: null }

export class AgentFindings {
  readonly #agent: Pick<CliAgent, 'errors'>
  readonly #now: () => number
  #session: string | null = null
  #model: string | null = null
  #lastMessage: string | null = null
  #lastTool: LastTool | null = null
  #earlier: Usage = NO_USAGE
  #turn: Usage = NO_USAGE
  #problem: AgentProblem | null = null
  #repeats = 0
  #refused: string | null = null
  #hasAnswered = false

  /** `now`: unix seconds. */
  constructor(agent: Pick<CliAgent, 'errors'>, now: () => number) {
    this.#agent = agent
    this.#now = now
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
  get usage(): Usage {
    return sum(this.#earlier, this.#turn)
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
    this.#problem = null
    this.#repeats = 0
  }

  take(item: StreamItem): void {
    switch (item.kind) {
      case 'session':
        if (item.id !== '') this.#session = item.id
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
        this.#turn = item.sum ? item.usage : sum(this.#turn, item.usage)
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

const sum = (one: Usage, other: Usage): Usage => ({
  input: one.input + other.input,
  cached: one.cached + other.cached,
  output: one.output + other.output,
  cost: one.cost === null && other.cost === null ? null : (one.cost ?? 0) + (other.cost ?? 0),
})
