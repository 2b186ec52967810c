/** The token of whoever owns the home: in a file that only its owner can read, made when it is first needed. */
import { writeFileDurably } from '../../lib/durable-file.ts'
import { hashSecret, newSecret, secretMatches } from '../../lib/ids.ts'
import { statOf } from '../../lib/stat-of.ts'
import { readTokenFile, TOKEN_FAULTS } from '../../lib/token-file.ts'

export class OwnerToken {
  readonly #file: string
  readonly #warn: (message: string) => void
  #stamp = ''
  #hash = ''

  constructor(file: string, warn: (message: string) => void) {
    this.#file = file
    this.#warn = warn
  }

  /** Makes the file if there is none, and makes it anew if it is good for nothing. */
  prepare(): void {
    const found = readTokenFile(this.#file)
    if ('token' in found) return
    const fact = `${this.#file} ${TOKEN_FAULTS[found.fault]}`
    if (found.fault === 'unreadable')
      return this.#warn(`${fact}, so nobody comes in with it. Give it back to this user, or remove it.`)
    if (found.fault !== 'missing')
      this.#warn(`${fact}, so it was replaced. Programs that use its content must read it again.`)
    writeFileDurably(this.#file, `yard_${newSecret()}\n`)
  }

  /** Follows the file: whoever deletes or replaces it ends the old token at once. */
  matches(secret: string): boolean {
    const stat = statOf(this.#file)
    const stamp = stat === null ? '' : `${stat.ino}:${stat.mtimeMs}:${stat.size}:${stat.mode}`
    if (stamp !== this.#stamp) {
      const found = readTokenFile(this.#file)
      this.#hash = 'token' in found ? hashSecret(found.token) : ''
      this.#stamp = stamp
    }
    return this.#hash !== '' && secretMatches(secret, this.#hash)
  }
}
