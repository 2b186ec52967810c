/** What an agent does, kept in the same words for every agent: one line of JSON each, masked, beside the run's log. */
import type { StreamItem } from '../agents/output/stream-item.ts'
import type { Clock } from '../lib/clock.ts'
import { RotatingFile } from '../lib/rotating-file.ts'
import type { SecretMask } from './secret-mask.ts'

const MAX_BYTES = 2 * 1024 * 1024
/** Of one text, in characters: the raw log has the whole. */
const MAX_TEXT = 8_000
/** Lines kept as the last words of the run. */
const KEPT = 40

export class AgentStream {
  readonly #file: RotatingFile
  readonly #mask: SecretMask
  readonly #clock: Pick<Clock, 'now'>
  #recent: string[] = []

  constructor(path: string, mask: SecretMask, clock: Pick<Clock, 'now'>) {
    this.#file = new RotatingFile(path, MAX_BYTES)
    this.#mask = mask
    this.#clock = clock
  }

  take(item: StreamItem): void {
    const masked = this.#shortened(item)
    this.#file.write(`${JSON.stringify({ at: this.#clock.now(), ...masked })}\n`)
    const words = inWords(masked)
    if (words === '') return
    this.#recent.push(words)
    if (this.#recent.length > KEPT) this.#recent.shift()
  }

  /** The last of it in words, for the record of the run. */
  lastWords(maxCharacters: number): string {
    return this.#recent.join('\n').slice(-maxCharacters)
  }

  close(): void {
    this.#file.close()
  }

  /** Masked text by text, before it becomes JSON, so that no mask can eat a quote. */
  #shortened(item: StreamItem): StreamItem {
    return this.#everyText(item) as StreamItem
  }

  /** However deep it lies: the steps of a plan are texts too. */
  #everyText(value: unknown): unknown {
    if (typeof value === 'string') return this.#short(value)
    if (Array.isArray(value)) return value.map((each) => this.#everyText(each))
    if (typeof value !== 'object' || value === null) return value
    return Object.fromEntries(Object.entries(value).map(([key, each]) => [key, this.#everyText(each)]))
  }

  #short(text: string): string {
    const masked = this.#mask.maskText(text)
    return masked.length <= MAX_TEXT
      ? masked
      : `${masked.slice(0, MAX_TEXT)}\n[… ${masked.length - MAX_TEXT} more characters]`
  }
}

const inWords = (item: StreamItem): string => {
  switch (item.kind) {
    case 'message':
      return item.text
    case 'tool':
      return `→ ${item.name} ${firstLineOf(item.input)}`
    case 'result':
      return item.failed ? `✖ ${firstLineOf(item.text)}` : ''
    case 'error':
      return `✖ ${item.message}`
    case 'refused':
      return `✖ ${item.message}`
    default:
      return ''
  }
}

const firstLineOf = (text: string): string => (text.split('\n')[0] ?? '').slice(0, 200)
