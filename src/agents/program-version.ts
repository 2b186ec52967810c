/**
 * Asks a program for its version, once per version: the answer is remembered beside the file it came from, and counts until
 * that file is replaced.
 */
import { spawn } from 'node:child_process'
import { readFileSync, realpathSync } from 'node:fs'
import { systemClock } from '../lib/clock.ts'
import { writeFileDurably } from '../lib/durable-file.ts'
import { statOf } from '../lib/stat-of.ts'

export interface VersionQuestion {
  /** Absolute path of the program. */
  readonly program: string
  readonly arguments: readonly string[]
  readonly env: Readonly<Record<string, string | undefined>>
}

export interface ProgramVersions {
  /** Null when the program does not say, or not in time. */
  of(question: VersionQuestion): Promise<string | null>
}

/** Some of these programs take seconds to start, and several are asked at once. */
const TIME_LIMIT_MS = 10_000
const LONGEST_ANSWER = 16_384

/** `file`: where answers are kept between processes; null keeps them in memory alone. */
export function openProgramVersions(file: string | null): ProgramVersions {
  const known = file === null ? {} : recall(file)
  return {
    async of(question) {
      const stamp = stampOf(question.program)
      if (stamp === null) return null
      const before = known[question.program]
      if (before?.stamp === stamp) return before.version
      const version = await ask(question)
      // One that was too slow may answer the next time.
      if (version === null) return null
      known[question.program] = { stamp, version }
      if (file !== null) remember(file, known)
      return version
    },
  }
}

/** The first number with a dot in what a program prints for its version; null when there is none. */
export const versionIn = (text: string): string | null =>
  /\d+\.\d+(?:\.\d+)*(?:-[0-9A-Za-z.-]+)?/.exec(text)?.[0] ?? null

/**
 * Whether a program of this version may behave unlike the one the tests drive. These programs change every few days and keep
 * what they take; another first number is the one sign that they do not.
 */
export const isFarFrom = (version: string, tested: string): boolean =>
  version.split('.')[0] !== tested.split('.')[0]

/** Says which program is behind a path. Packages may come with a fixed time of change, so that alone proves nothing. */
function stampOf(program: string): string | null {
  try {
    const real = realpathSync(program)
    const stat = statOf(real)
    return stat === null ? null : [real, stat.ino, stat.size, stat.mtimeMs, stat.ctimeMs].join(' ')
  } catch {
    return null
  }
}

async function ask({ program, arguments: words, env }: VersionQuestion): Promise<string | null> {
  const child = spawn(program, words, { env: { ...env }, detached: true, stdio: ['ignore', 'pipe', 'pipe'] })
  const over = new AbortController()
  const printed = { stdout: '', stderr: '' }
  for (const stream of ['stdout', 'stderr'] as const)
    child[stream].on('data', (chunk: Buffer) => {
      if (printed[stream].length < LONGEST_ANSWER) printed[stream] += chunk.toString('utf8')
    })
  const closed = new Promise<void>((resolve) => {
    child.once('error', () => resolve())
    child.once('close', () => resolve())
  })
  const tooLong = systemClock.sleep(TIME_LIMIT_MS, { signal: over.signal }).catch(() => undefined)
  await Promise.race([closed, tooLong])
  over.abort()
  endGroup(child.pid)
  for (const stream of [child.stdout, child.stderr]) stream.destroy()
  return versionIn(printed.stdout) ?? versionIn(printed.stderr)
}

/** Whatever it started ends with it. */
function endGroup(pid: number | undefined): void {
  if (pid === undefined) return
  try {
    process.kill(-pid, 'SIGKILL')
  } catch {
    // Nobody is left.
  }
}

type Known = Record<string, { readonly stamp: string; readonly version: string }>

function recall(file: string): Known {
  try {
    return JSON.parse(readFileSync(file, 'utf8')) as Known
  } catch {
    return {}
  }
}

/** Nothing is lost when it cannot be kept. */
function remember(file: string, known: Known): void {
  try {
    writeFileDurably(file, JSON.stringify(known))
  } catch {
    // A home that is not there yet, or may not be written.
  }
}
