/**
 * What a worker printed: masked, bounded, on disk, with its last lines at hand. Written synchronously, so that a worker
 * that prints faster than the disk takes it is slowed down by its own full pipe, nothing piles up in memory, and what
 * was read is in the file even when the runner is killed the next instant.
 */
import type { Clock } from '../lib/clock.ts'
import { RotatingFile } from '../lib/rotating-file.ts'
import type { SecretMask } from './secret-mask.ts'
import { plainLines } from './terminal-text.ts'

const STREAMS = ['stdout', 'stderr'] as const
export type OutputStream = (typeof STREAMS)[number]

export interface RunLogOptions {
  readonly mask: SecretMask
  readonly clock: Pick<Clock, 'monotonicMs'>
  /** Size of one generation; there are at most two. Default 2 MiB. */
  readonly maxBytes?: number
}

const MAX_BYTES = 2 * 1024 * 1024
/** How much of the end is remembered for `lastLines`, in characters. */
const REMEMBERED = 32 * 1024

export class RunLog {
  readonly #file: RotatingFile
  readonly #clock: Pick<Clock, 'monotonicMs'>
  readonly #masks: Readonly<Record<OutputStream, SecretMask>>
  /** Whose line is not ended yet. */
  #midLine: OutputStream | null = null
  #recent = ''
  #bytesSeen = 0
  #lastOutputAt: number

  /** Opens the log of one run; a folder that has to be made is the owner's alone. Never throws: see `fault`. */
  static open(path: string, options: RunLogOptions): RunLog {
    return new RunLog(path, options)
  }

  private constructor(path: string, { mask, clock, maxBytes = MAX_BYTES }: RunLogOptions) {
    this.#file = new RotatingFile(path, maxBytes)
    this.#clock = clock
    this.#masks = { stdout: mask.forStream(), stderr: mask.forStream() }
    this.#lastOutputAt = clock.monotonicMs()
  }

  /** How much the worker has printed, in bytes, masked or dropped ones included. */
  get bytesSeen(): number {
    return this.#bytesSeen
  }

  /** When it printed last, on the clock's monotonic milliseconds; when the log was opened, if it never did. */
  get lastOutputAt(): number {
    return this.#lastOutputAt
  }

  /** Why output is being lost right now (a full disk); null when none is. */
  get fault(): string | null {
    return this.#file.fault
  }

  /** Takes what the worker printed. Lines of the two streams are kept whole. */
  append(stream: OutputStream, chunk: Buffer): void {
    this.#bytesSeen += chunk.length
    this.#lastOutputAt = this.#clock.monotonicMs()
    this.#keep(stream, this.#masks[stream].push(chunk))
  }

  /** Adds a line of the runner's own. */
  note(text: string): void {
    this.#keep(null, `[yard] ${this.#masks.stdout.maskText(text)}\n`)
  }

  /** The end of the output for a record: at most `count` lines and `maxBytes`, without colours, unfinished lines included. */
  lastLines(count: number, maxBytes: number): string {
    let text = this.#recent.slice(-REMEMBERED)
    let midLine = this.#midLine
    for (const stream of STREAMS) {
      const unfinished = this.#masks[stream].peek()
      if (unfinished === '') continue
      text += midLine !== null && midLine !== stream ? `\n${unfinished}` : unfinished
      midLine = stream
    }
    const lines = plainLines(text)
    while (lines.at(-1)?.trim() === '') lines.pop()
    return endOf(lines.slice(-count), maxBytes)
  }

  /** Writes what was held back and closes the file. */
  close(): void {
    for (const stream of STREAMS) this.#keep(stream, this.#masks[stream].end())
    this.#file.close()
  }

  #keep(stream: OutputStream | null, text: string): void {
    if (text === '') return
    const whole = this.#midLine !== null && this.#midLine !== stream ? `\n${text}` : text
    this.#midLine = text.endsWith('\n') ? null : stream
    this.#file.write(whole)
    this.#recent += whole
    if (this.#recent.length > 2 * REMEMBERED) this.#recent = this.#recent.slice(-REMEMBERED)
  }
}

/** As many of the last lines as fit; of a single line that does not, its end. */
const endOf = (lines: readonly string[], maxBytes: number): string => {
  let kept = ''
  for (const line of lines.toReversed()) {
    const longer = kept === '' ? line : `${line}\n${kept}`
    if (Buffer.byteLength(longer) > maxBytes) {
      if (kept !== '') return kept
      const bytes = Buffer.from(line)
      let from = bytes.length - maxBytes
      // Not into the middle of a character: its later bytes begin with the bits 10.
      while ((bytes[from] ?? 0) >> 6 === 2) from++
      return bytes.toString('utf8', from)
    }
    kept = longer
  }
  return kept
}
