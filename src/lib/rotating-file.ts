/**
 * A file that never grows beyond a size: when full it becomes `<path>.1`, replacing the one before, and a new one begins.
 * It outlives a full disk: what cannot be written is counted, and the gap is marked once there is room again.
 */
import {
  closeSync,
  constants,
  fchmodSync,
  fstatSync,
  mkdirSync,
  openSync,
  renameSync,
  writeSync,
} from 'node:fs'
import { dirname } from 'node:path'

const NEWLINE = 0x0a
// Never through a planted link: the folder may be one that a worker can write to.
const OPEN_FLAGS = constants.O_WRONLY | constants.O_APPEND | constants.O_CREAT | constants.O_NOFOLLOW

/** What stands where `bytes` are missing, as one line. */
export type GapLine = (bytes: number, fault: string) => string

const inWords: GapLine = (bytes, fault) => `[yard] ${bytes} bytes of output are missing here: ${fault}`

export class RotatingFile {
  readonly #path: string
  readonly #maxBytes: number
  readonly #gapLine: GapLine
  #file: number | null = null
  #size = 0
  #droppedBytes = 0
  #fault: string | null = null
  #endsMidLine = false

  /** Opens or continues the file, readable by its owner only. Never throws: see `fault`. */
  constructor(path: string, maxBytes: number, gapLine: GapLine = inWords) {
    this.#path = path
    this.#maxBytes = maxBytes
    this.#gapLine = gapLine
    try {
      this.#open()
    } catch (error) {
      this.#fault = (error as Error).message
    }
  }

  /** Why the latest write failed; null when it did not. */
  get fault(): string | null {
    return this.#fault
  }

  /** Appends text, rotating between lines. */
  write(text: string): void {
    if (!this.#markGap()) {
      this.#droppedBytes += Buffer.byteLength(text)
      return
    }
    let bytes = Buffer.from(text)
    while (bytes.length > 0) {
      const piece = bytes.subarray(0, this.#pieceLength(bytes))
      const written = this.#append(piece)
      bytes = bytes.subarray(written)
      if (written < piece.length) {
        this.#droppedBytes += bytes.length
        return
      }
    }
  }

  close(): void {
    this.#markGap()
    this.#close()
  }

  /** Says in the file what is missing from it; false while there is still no room for that. */
  #markGap(): boolean {
    if (this.#droppedBytes === 0) return true
    const gap = Buffer.from(
      `${this.#endsMidLine ? '\n' : ''}${this.#gapLine(this.#droppedBytes, this.#fault ?? '')}\n`,
    )
    if (this.#append(gap) < gap.length) return false
    this.#droppedBytes = 0
    return true
  }

  #close(): void {
    if (this.#file !== null) closeSync(this.#file)
    this.#file = null
  }

  /** As many whole lines as fit into what is left, or into a new file, or as much of one line as fits. */
  #pieceLength(bytes: Buffer): number {
    for (const room of [this.#maxBytes - this.#size, this.#maxBytes]) {
      if (bytes.length <= room) return bytes.length
      const end = room <= 0 ? 0 : bytes.lastIndexOf(NEWLINE, room - 1) + 1
      if (end > 0) return end
    }
    return this.#maxBytes
  }

  /** Returns how many bytes were written: less than all of them sets the fault. */
  #append(bytes: Buffer): number {
    let written = 0
    try {
      const file = this.#withRoomFor(bytes.length)
      while (written < bytes.length) {
        const count = writeSync(file, bytes, written)
        written += count
        this.#size += count
        this.#endsMidLine = bytes[written - 1] !== NEWLINE
      }
      this.#fault = null
    } catch (error) {
      this.#fault = (error as Error).message
    }
    return written
  }

  #withRoomFor(length: number): number {
    const file = this.#file ?? this.#open()
    return this.#size > 0 && this.#size + length > this.#maxBytes ? this.#rotate() : file
  }

  #open(): number {
    mkdirSync(dirname(this.#path), { recursive: true, mode: 0o700 })
    const file = openSync(this.#path, OPEN_FLAGS, 0o600)
    this.#file = file
    fchmodSync(file, 0o600)
    this.#size = fstatSync(file).size
    this.#endsMidLine = false
    return file
  }

  #rotate(): number {
    this.#close()
    try {
      renameSync(this.#path, `${this.#path}.1`)
    } catch (error) {
      // Somebody removed the file: there is nothing to keep.
      if ((error as NodeJS.ErrnoException).code !== 'ENOENT') throw error
    }
    return this.#open()
  }
}
