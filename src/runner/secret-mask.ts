/**
 * Nothing a worker prints reaches a disk or a screen before its secrets are masked: those it was given, in every form
 * we know of, and whatever looks like a credential. Works on whole lines, because a secret may arrive in two writes.
 */
import { StringDecoder } from 'node:string_decoder'
import { formsOf } from './secret-forms.ts'
import { MASK, maskPatterns, openPrivateKey, PATTERNS } from './secret-patterns.ts'
import { keepColours } from './terminal-text.ts'

/** How much of a line without an end is held back. */
const LONGEST_LINE = 64 * 1024
/** How much is held back while a private key has begun and not ended. */
const LONGEST_KEY = 32 * 1024
/** Of an overlong line this much stays held back, for a credential that has only begun. */
const SHORTEST_TAIL = 4 * 1024
/** Above this a form is searched for by itself: it would only make the common expression huge. */
const LONGEST_IN_EXPRESSION = 256

interface Known {
  readonly expression: RegExp | null
  readonly long: readonly string[]
  readonly longest: number
}

/**
 * A stream's masker. `push` returns what is ready to be kept, `end` the rest; concatenated they are the masked stream.
 * Colours stay in it, other terminal control does not.
 */
export class SecretMask {
  readonly #known: Known
  readonly #limit: number
  readonly #decoder = new StringDecoder('utf8')
  #held = ''

  /** `secrets`: exact values to mask, in plain and encoded form; those shorter than 6 characters are left alone. */
  constructor(secrets: readonly string[] | SecretMask) {
    this.#known = secrets instanceof SecretMask ? secrets.#known : compile(secrets)
    this.#limit = Math.max(LONGEST_LINE, 2 * this.#known.longest)
  }

  /** A masker with the same secrets for another stream. */
  forStream(): SecretMask {
    return new SecretMask(this)
  }

  /** Masks a text that is complete: a message, a result, a comment. */
  maskText(text: string): string {
    return maskPatterns(maskKnown(keepColours(text), this.#known))
  }

  /**
   * Looks for the secrets in a file that comes in pieces, and gives the reason not to keep it once there is one. What
   * merely looks like a credential is not for us to refuse in a file.
   */
  screen(): (chunk: Uint8Array) => string | null {
    const decoder = new StringDecoder('utf8')
    let held = ''
    return (chunk) => {
      held += decoder.write(Buffer.from(chunk.buffer, chunk.byteOffset, chunk.byteLength))
      if (holdsKnown(held, this.#known)) return HOLDS_SECRET
      held = held.slice(-Math.max(1, this.#known.longest - 1))
      return null
    }
  }

  push(chunk: Buffer): string {
    const text = this.#decoder.write(chunk)
    this.#held += text
    if (/[\r\n]/.test(text)) return this.#takeLines()
    return this.#held.length > this.#limit ? this.#takeOverlong() : ''
  }

  end(): string {
    const rest = this.#held + this.#decoder.end()
    this.#held = ''
    return this.maskText(rest)
  }

  /** What is still held back, as it would look now. */
  peek(): string {
    return this.#held === '' ? '' : this.maskText(this.#held)
  }

  #takeLines(): string {
    // A carriage return ends a line too (progress bars have no other), unless the line feed may still follow.
    let ready =
      Math.max(this.#held.lastIndexOf('\n'), this.#held.lastIndexOf('\r', this.#held.length - 2)) + 1
    const key = openPrivateKey(this.#held)
    if (key !== -1 && key < ready && this.#held.length - key <= LONGEST_KEY)
      ready = this.#held.lastIndexOf('\n', key) + 1
    return this.#take(ready)
  }

  /** A line too long to wait for: gives away all but a tail, never cutting through anything that is or may become a secret. */
  #takeOverlong(): string {
    let cut = this.#held.length - Math.max(SHORTEST_TAIL, this.#known.longest)
    const key = openPrivateKey(this.#held)
    if (key !== -1) cut = Math.min(cut, key)
    // From the back, so that a cut moved forward by one match is still checked against those that begin before it.
    for (const { start, end } of this.#spans().sort((a, b) => b.start - a.start))
      if (start < cut && cut < end) cut = start
    // One match over the whole line: it is masked whole, and there is nothing to wait for.
    if (cut <= 0) cut = this.#held.length
    return this.#take(isLowSurrogate(this.#held, cut) ? cut - 1 : cut)
  }

  #spans(): Span[] {
    const { expression, long } = this.#known
    const text = this.#held
    return [
      ...spansOf(text, PATTERNS),
      ...(expression ? spansOf(text, expression) : []),
      ...long.flatMap((form) => placesOf(text, form)),
    ]
  }

  #take(length: number): string {
    const ready = this.#held.slice(0, length)
    this.#held = this.#held.slice(length)
    return ready === '' ? '' : this.maskText(ready)
  }
}

const HOLDS_SECRET = 'it holds a secret that was given to this run; remove it and attach again'

const holdsKnown = (text: string, { expression, long }: Known): boolean =>
  long.some((form) => text.includes(form)) || (expression !== null && text.search(expression) !== -1)

const compile = (secrets: readonly string[]): Known => {
  // The longest first, so that of two secrets that begin alike the whole of the longer one goes.
  const forms = [...new Set(secrets.flatMap(formsOf))].sort((a, b) => b.length - a.length)
  const short = forms.filter((form) => form.length <= LONGEST_IN_EXPRESSION)
  return {
    expression:
      short.length === 0
        ? null
        : new RegExp(short.map((form) => form.replace(/[\\^$.*+?()[\]{}|]/g, '\\$&')).join('|'), 'g'),
    long: forms.filter((form) => form.length > LONGEST_IN_EXPRESSION),
    longest: forms[0]?.length ?? 0,
  }
}

const maskKnown = (text: string, { expression, long }: Known): string => {
  let masked = text
  for (const form of long) masked = masked.replaceAll(form, MASK)
  return expression === null ? masked : masked.replace(expression, MASK)
}

interface Span {
  readonly start: number
  readonly end: number
}

const spansOf = (text: string, expression: RegExp): Span[] =>
  [...text.matchAll(expression)].map((match) => ({ start: match.index, end: match.index + match[0].length }))

const placesOf = (text: string, form: string): Span[] => {
  const places: Span[] = []
  for (let at = text.indexOf(form); at !== -1; at = text.indexOf(form, at + form.length))
    places.push({ start: at, end: at + form.length })
  return places
}

const isLowSurrogate = (text: string, at: number): boolean => {
  const code = text.charCodeAt(at)
  return code >= 0xdc00 && code <= 0xdfff
}
