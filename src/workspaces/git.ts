/**
 * Runs git as an instrument: no prompts, no hooks, no network, and in an environment that holds nothing of ours.
 * A worker can write to the repository it works in, so whatever the repository configures must find nothing worth having.
 */
import { spawn } from 'node:child_process'
import { systemClock } from '../lib/clock.ts'

/** What git and the filters of a repository (large files, line endings) need to run; everything else stays here. */
const PASSED_ON = [
  'PATH',
  'HOME',
  'USER',
  'LOGNAME',
  'TMPDIR',
  'XDG_CONFIG_HOME',
  'SYSTEMROOT',
  'USERPROFILE',
  'TEMP',
  'TMP',
  'SSL_CERT_FILE',
  'SSL_CERT_DIR',
  'http_proxy',
  'https_proxy',
  'no_proxy',
  'HTTP_PROXY',
  'HTTPS_PROXY',
  'NO_PROXY',
]

const ALWAYS = [
  ['core.hooksPath', '/dev/null'],
  ['core.fsmonitor', 'false'],
  ['core.splitIndex', 'false'],
  ['submodule.recurse', 'false'],
  ['gc.auto', '0'],
  ['maintenance.auto', 'false'],
].flatMap(([key, value]) => ['-c', `${key}=${value}`])

const MAX_OUTPUT_BYTES = 16 * 1024 * 1024
const MAX_ERROR_BYTES = 16 * 1024

export interface GitOptions {
  /** The folder to run in. */
  readonly cwd: string
  /** The repository, where it must not be found from `cwd`. */
  readonly gitDir?: string
  readonly env?: Readonly<Record<string, string>>
  readonly input?: string | Uint8Array
  /** Output beyond this is cut (and git ended); `truncated` says so. */
  readonly maxBytes?: number
  readonly timeoutMs?: number
  readonly signal?: AbortSignal | undefined
}

export interface GitResult {
  readonly code: number
  readonly stdout: Buffer
  /** As git wrote it, in English, at most 16 KB. */
  readonly stderr: string
  readonly truncated: boolean
}

/** A git command that had to succeed and did not. */
export class GitFailure extends Error {
  readonly args: readonly string[]
  readonly result: GitResult

  constructor(args: readonly string[], result: GitResult) {
    super(`git ${args[0] ?? ''} failed: ${firstComplaint(result)}`)
    this.name = 'GitFailure'
    this.args = args
    this.result = result
  }
}

/** The line of git's complaint that says what is wrong. */
export function firstComplaint({ stderr, code }: Pick<GitResult, 'stderr' | 'code'>): string {
  const lines = stderr
    .split('\n')
    .map((line) => line.trim())
    .filter(Boolean)
  const complaint =
    lines.find((line) => line.startsWith('fatal:')) ??
    lines.find((line) => line.startsWith('error:')) ??
    lines[0]
  return complaint?.replace(/^(fatal|error): |\.+$/g, '') ?? `exit code ${code}`
}

/** Runs git and resolves with what it said, whatever the exit code. Rejects when git cannot be started, is too slow or is aborted. */
export function tryGit(args: readonly string[], options: GitOptions): Promise<GitResult> {
  const { cwd, gitDir, env, input, maxBytes = MAX_OUTPUT_BYTES, timeoutMs = 120_000, signal } = options
  const passedOn = Object.fromEntries(
    PASSED_ON.flatMap((name) => (process.env[name] === undefined ? [] : [[name, process.env[name]]])),
  )
  const argv = [...(gitDir === undefined ? [] : [`--git-dir=${gitDir}`]), ...ALWAYS, ...args]
  return new Promise((resolve, reject) => {
    signal?.throwIfAborted()
    const child = spawn('git', argv, {
      cwd,
      // Optional locks would let a mere look at the state write to the user's index.
      env: {
        ...passedOn,
        LC_ALL: 'C',
        GIT_TERMINAL_PROMPT: '0',
        GIT_OPTIONAL_LOCKS: '0',
        GIT_PAGER: 'cat',
        ...env,
      },
      stdio: ['pipe', 'pipe', 'pipe'],
      detached: true,
    })
    const out: Buffer[] = []
    let outBytes = 0
    let stderr = ''
    let truncated = false
    let stoppedBy: Error | undefined
    let killing: NodeJS.Timeout | undefined
    const stop = (error?: Error) => {
      stoppedBy ??= error
      // The whole group: a filter git started would go on holding our pipes. TERM first: git then removes its lock files.
      signalGroup(child.pid, 'SIGTERM')
      killing ??= setTimeout(() => signalGroup(child.pid, 'SIGKILL'), 5_000)
    }
    const timer = setTimeout(
      () => stop(new Error(`git ${args[0]} did not finish within ${timeoutMs / 1000} s in ${cwd}`)),
      timeoutMs,
    )
    const onAbort = () => stop(signal?.reason instanceof Error ? signal.reason : new Error('aborted'))
    signal?.addEventListener('abort', onAbort, { once: true })
    const settled = () => {
      clearTimeout(timer)
      clearTimeout(killing)
      signal?.removeEventListener('abort', onAbort)
    }

    child.stdout.on('data', (chunk: Buffer) => {
      if (truncated) return
      truncated = outBytes + chunk.length > maxBytes
      const kept = truncated ? chunk.subarray(0, maxBytes - outBytes) : chunk
      out.push(kept)
      outBytes += kept.length
      if (truncated) stop()
    })
    child.stderr.setEncoding('utf8').on('data', (text: string) => {
      if (stderr.length < MAX_ERROR_BYTES) stderr = (stderr + text).slice(0, MAX_ERROR_BYTES)
    })
    child.stdin.on('error', () => {}) // git ended before it read everything: its exit code tells
    child.stdin.end(input)
    child.on('error', (error) => {
      settled()
      reject(error)
    })
    child.on('close', (code) => {
      settled()
      if (stoppedBy) reject(stoppedBy)
      else resolve({ code: truncated ? 0 : (code ?? 128), stdout: Buffer.concat(out), stderr, truncated })
    })
  })
}

function signalGroup(pid: number | undefined, signal: 'SIGTERM' | 'SIGKILL'): void {
  if (pid === undefined) return
  try {
    process.kill(-pid, signal)
  } catch {
    // it is gone
  }
}

/** Runs git; a non-zero exit is a GitFailure. */
export async function git(args: readonly string[], options: GitOptions): Promise<GitResult> {
  const result = await tryGit(args, options)
  if (result.code !== 0) throw new GitFailure(args, result)
  return result
}

/** The output as text without the final newline. */
export const gitText = async (args: readonly string[], options: GitOptions): Promise<string> =>
  (await git(args, options)).stdout.toString('utf8').replace(/\n$/, '')

/** The output of a `-z` command as its parts. */
export const gitParts = async (args: readonly string[], options: GitOptions): Promise<string[]> =>
  (await git(args, options)).stdout.toString('utf8').split('\0').filter(Boolean)

/** The text, or null when git says no (a ref that does not exist, a detached head). */
export async function gitTextOrNull(args: readonly string[], options: GitOptions): Promise<string | null> {
  const result = await tryGit(args, options)
  return result.code === 0 ? result.stdout.toString('utf8').replace(/\n$/, '') : null
}

// What git says when another git holds a file it needs, or has only half written its own worktree registration.
const CONTENTION = [
  /\.lock': File exists/,
  /could not lock config file/,
  /failed to read .*worktrees\/.*(commondir|gitdir|HEAD)/,
  /unable to create .*worktrees.*File exists/i,
]

const ATTEMPTS = 40

/** Runs git, trying again for some ten seconds while another git process, here or on another host, holds one of the repository's locks. */
export async function gitWhenFree(args: readonly string[], options: GitOptions): Promise<GitResult> {
  for (let attempt = 1; ; attempt++) {
    const result = await tryGit(args, options)
    if (result.code === 0) return result
    if (attempt === ATTEMPTS || !CONTENTION.some((pattern) => pattern.test(result.stderr)))
      throw new GitFailure(args, result)
    await systemClock.sleep(Math.min(10 * attempt, 300), options.signal ? { signal: options.signal } : {})
  }
}
