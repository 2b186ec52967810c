/**
 * What a worker's standard streams are connected to. On Linux real pipes and a file: Node's own "pipes" are sockets,
 * and a script that writes to /dev/stderr or reads /dev/stdin cannot open a socket by that name.
 */
import { type ChildProcess, execFile } from 'node:child_process'
import { closeSync, constants, mkdtempSync, openSync, rmSync, writeFileSync } from 'node:fs'
import { Socket } from 'node:net'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import type { Readable, Writable } from 'node:stream'
import { promisify } from 'node:util'

/** For a worker that is talked to while it runs. */
export const OPEN_STDIN = Symbol('stdin stays open')

export interface WorkerStdio {
  /** For `spawn`. */
  readonly forChild: readonly [
    stdin: number | 'ignore' | 'pipe',
    stdout: number | 'pipe',
    stderr: number | 'pipe',
  ]
  /** Our side, once the child is started: it has its own copies, and only without ours do the streams end with its last holder. */
  attach(child: ChildProcess): WorkerStreams
  /** The child was not started. */
  abandon(): void
}

export interface WorkerStreams {
  readonly stdout: Readable
  readonly stderr: Readable
  /** Where it is to stay open. */
  readonly stdin: Writable | null
}

/**
 * `stdin` is the whole text the worker may read; without it, it reads an end of file at once. `place`: the folder for files
 * that are gone again when this returns; whoever owns it removes what a killed process left there.
 */
export const openWorkerStdio = async (
  stdin: string | typeof OPEN_STDIN | undefined,
  place: string = tmpdir(),
): Promise<WorkerStdio> => {
  if (process.platform !== 'linux') return nodePipes(stdin)
  try {
    return await realPipes(stdin, place)
  } catch {
    // No mkfifo, or no room for temporary files: most workers never open their streams by name.
    return nodePipes(stdin)
  }
}

const run = promisify(execFile)

const realPipes = async (
  stdin: string | typeof OPEN_STDIN | undefined,
  place: string,
): Promise<WorkerStdio> => {
  const opened: number[] = []
  const open = (path: string, flags: number): number => {
    const file = openSync(path, flags)
    opened.push(file)
    return file
  }
  const closeAll = () => opened.splice(0).forEach((file) => closeSync(file))
  const folder = mkdtempSync(join(place, 'yard-stdio-'))
  const [out, err, input] = [join(folder, 'stdout'), join(folder, 'stderr'), join(folder, 'stdin')]
  try {
    await run('mkfifo', ['-m', '600', out, err])
    // Readers first and without waiting, because opening the one side of a pipe waits for the other.
    const readers = [out, err].map((path) => open(path, constants.O_RDONLY | constants.O_NONBLOCK))
    const [stdoutEnd, stderrEnd] = [out, err].map((path) => open(path, constants.O_WRONLY)) as [
      number,
      number,
    ]
    if (typeof stdin === 'string') writeFileSync(input, stdin, { mode: 0o600 })
    const stdinEnd =
      typeof stdin === 'string'
        ? open(input, constants.O_RDONLY)
        : stdin === OPEN_STDIN
          ? ('pipe' as const)
          : ('ignore' as const)
    return {
      forChild: [stdinEnd, stdoutEnd, stderrEnd],
      attach: (child) => {
        const [stdout, stderr] = readers.map((fd) => new Socket({ fd, readable: true, writable: false })) as [
          Socket,
          Socket,
        ]
        opened.splice(0, readers.length)
        closeAll()
        return { stdout, stderr, stdin: child.stdin }
      },
      abandon: closeAll,
    }
  } catch (error) {
    closeAll()
    throw error
  } finally {
    // Everything is reached through its descriptor from here on.
    rmSync(folder, { recursive: true, force: true })
  }
}

const nodePipes = (stdin: string | typeof OPEN_STDIN | undefined): WorkerStdio => ({
  forChild: [stdin === undefined ? 'ignore' : 'pipe', 'pipe', 'pipe'],
  attach: (child) => {
    // A worker that ends without reading its input is no error.
    child.stdin?.on('error', () => {})
    if (typeof stdin === 'string') child.stdin?.end(stdin)
    if (child.stdout === null || child.stderr === null)
      throw new Error('a child that was spawned with pipes has none')
    return { stdout: child.stdout, stderr: child.stderr, stdin: child.stdin }
  },
  abandon: () => {},
})
