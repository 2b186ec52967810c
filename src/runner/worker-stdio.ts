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

/** The two ends of the worker's standard output and standard error. */
export interface OutputPipes {
  readonly readers: readonly [stdout: number, stderr: number]
  readonly writers: readonly [stdout: number, stderr: number]
}

/**
 * Pipes with nobody at their ends yet. A program has to be started to make them, so whoever knows that it will start a worker
 * lets them be made meanwhile. Null where there are none: no mkfifo, or no room for temporary files. `place`: the folder for
 * files that are gone again by then; whoever owns it removes what a killed process left there.
 */
export async function makeOutputPipes(place: string = tmpdir()): Promise<OutputPipes | null> {
  if (process.platform !== 'linux') return null
  const opened: number[] = []
  const open = (path: string, flags: number): number => {
    const file = openSync(path, flags)
    opened.push(file)
    return file
  }
  let folder: string | undefined
  try {
    folder = mkdtempSync(join(place, 'yard-stdio-'))
    const [out, err] = [join(folder, 'stdout'), join(folder, 'stderr')]
    await run('mkfifo', ['-m', '600', out, err])
    // Readers first and without waiting, because opening the one side of a pipe waits for the other.
    const { O_RDONLY, O_NONBLOCK, O_WRONLY } = constants
    return {
      readers: [open(out, O_RDONLY | O_NONBLOCK), open(err, O_RDONLY | O_NONBLOCK)],
      writers: [open(out, O_WRONLY), open(err, O_WRONLY)],
    }
  } catch {
    // Most workers never open their streams by name.
    closeAll(opened)
    return null
  } finally {
    // Everything is reached through its descriptor from here on.
    if (folder !== undefined) rmSync(folder, { recursive: true, force: true })
  }
}

const run = promisify(execFile)

const closeAll = (files: readonly number[]): void => files.forEach((file) => closeSync(file))

/** `stdin` is the whole text the worker may read; without it, it reads an end of file at once. */
export function openWorkerStdio(
  stdin: string | typeof OPEN_STDIN | undefined,
  pipes: OutputPipes | null,
  place: string = tmpdir(),
): WorkerStdio {
  if (pipes === null) return nodePipes(stdin)
  const { readers, writers } = pipes
  try {
    const input = typeof stdin === 'string' ? fileWith(stdin, place) : null
    const ours = [...writers, ...(input === null ? [] : [input])]
    return {
      forChild: [input ?? (stdin === OPEN_STDIN ? 'pipe' : 'ignore'), ...writers],
      attach: (child) => {
        const streamOf = (fd: number) => new Socket({ fd, readable: true, writable: false })
        closeAll(ours)
        return { stdout: streamOf(readers[0]), stderr: streamOf(readers[1]), stdin: child.stdin }
      },
      abandon: () => closeAll([...readers, ...ours]),
    }
  } catch {
    // No room for the text: it is handed over by a pipe of Node.
    closeAll([...readers, ...writers])
    return nodePipes(stdin)
  }
}

/** Opened for reading, and gone from the folder. */
function fileWith(text: string, place: string): number {
  const folder = mkdtempSync(join(place, 'yard-stdin-'))
  try {
    const path = join(folder, 'stdin')
    writeFileSync(path, text, { mode: 0o600 })
    return openSync(path, 'r')
  } finally {
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
