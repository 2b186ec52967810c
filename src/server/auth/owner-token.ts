/** The token of whoever owns the home: in a file that only its owner can read, made when it is first needed. */
import { closeSync, constants, fstatSync, openSync, readFileSync, statSync } from 'node:fs'
import { hashSecret, newSecret, secretMatches } from '../../lib/ids.ts'
import { writeFileDurably } from '../../lib/durable-file.ts'

export class OwnerToken {
  readonly #file: string
  readonly #warn: (message: string) => void
  #stamp = ''
  #hash = ''

  constructor(file: string, warn: (message: string) => void) {
    this.#file = file
    this.#warn = warn
  }

  /** Makes the file if there is none, and makes it anew if others could have read it. */
  prepare(): void {
    const stat = statSync(this.#file, { throwIfNoEntry: false })
    if (stat !== undefined && (stat.mode & 0o077) === 0) return
    if (stat !== undefined)
      this.#warn(
        `${this.#file} could be read by others, so it was replaced. Programs that use its content must read it again.`,
      )
    writeFileDurably(this.#file, `yard_${newSecret()}\n`)
  }

  /** Follows the file: whoever deletes or replaces it ends the old token at once. */
  matches(secret: string): boolean {
    try {
      const stat = statSync(this.#file)
      const stamp = `${stat.ino}:${stat.mtimeMs}:${stat.size}:${stat.mode}`
      if (stamp !== this.#stamp) {
        this.#hash = hashOf(this.#file)
        this.#stamp = stamp
      }
    } catch {
      this.#stamp = this.#hash = ''
    }
    return this.#hash !== '' && secretMatches(secret, this.#hash)
  }
}

/** Empty when the file is no private file with a token in it. */
function hashOf(file: string): string {
  const fd = openSync(file, constants.O_RDONLY | constants.O_NOFOLLOW)
  try {
    const stat = fstatSync(fd)
    if (!stat.isFile() || (stat.mode & 0o077) !== 0) return ''
    const token = readFileSync(fd, 'utf8').trim()
    return token.length < 32 ? '' : hashSecret(token)
  } finally {
    closeSync(fd)
  }
}
