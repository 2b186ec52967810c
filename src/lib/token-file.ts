/** A file with a secret of its owner. It counts only while nobody else can read it. */
import { closeSync, constants, fstatSync, openSync, readFileSync } from 'node:fs'

export type TokenFile = { readonly token: string } | { readonly fault: TokenFault }

export type TokenFault = 'missing' | 'unreadable' | 'no plain file' | 'open to others' | 'too short'

const SHORTEST = 32

export function readTokenFile(file: string): TokenFile {
  try {
    const fd = openSync(file, constants.O_RDONLY | constants.O_NOFOLLOW)
    try {
      const stat = fstatSync(fd)
      if (!stat.isFile()) return { fault: 'no plain file' }
      if ((stat.mode & 0o077) !== 0) return { fault: 'open to others' }
      const token = readFileSync(fd, 'utf8').trim()
      return token.length < SHORTEST ? { fault: 'too short' } : { token }
    } finally {
      closeSync(fd)
    }
  } catch (error) {
    return { fault: FAULTS[(error as NodeJS.ErrnoException).code ?? ''] ?? 'unreadable' }
  }
}

const FAULTS: Readonly<Record<string, TokenFault>> = { ENOENT: 'missing', ELOOP: 'no plain file' }

/** What is wrong with the file, as the end of a sentence about it. */
export const TOKEN_FAULTS: Readonly<Record<TokenFault, string>> = {
  missing: 'is missing',
  unreadable: 'cannot be read',
  'no plain file': 'is no plain file',
  'open to others': 'could be read by others',
  'too short': `holds no token (fewer than ${SHORTEST} characters)`,
}
