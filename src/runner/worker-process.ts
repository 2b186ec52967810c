/** One worker: started in a session of its own, its output taken into the run's log, and no ending that leaves anything behind. */
import { type ChildProcess, spawn } from 'node:child_process'
import { once } from 'node:events'
import type { Readable, Writable } from 'node:stream'
import { unavailable } from '../domain/errors.ts'
import type { Clock } from '../lib/clock.ts'
import { canControlProcesses, identify, type ProcessIdentity } from '../lib/process-identity.ts'
import { readProcessTable } from '../lib/process-table.ts'
import { type Marker, terminateTree, type TreeEnding } from '../lib/process-tree.ts'
import type { OutputStream, RunLog } from './run-log.ts'
import { folderFailure, startFailure, type StartFailure } from './start-failure.ts'
import {
  makeOutputPipes,
  OPEN_STDIN,
  openWorkerStdio,
  type OutputPipes,
  type WorkerStreams,
} from './worker-stdio.ts'

export interface WorkerStart {
  readonly argv: readonly [program: string, ...args: string[]]
  readonly cwd: string
  /** The whole environment: nothing is inherited beside it. The marker is added. */
  readonly env: Readonly<Record<string, string>>
  /** All the worker may read from its standard input; without it, an end of file. */
  readonly stdin?: string | typeof OPEN_STDIN
  /** A private folder for files that live for a moment; the system's folder for temporary files by default. */
  readonly folder?: string
  /** Made beforehand by `makeOutputPipes`, for this worker alone; by default they are made now. */
  readonly pipes?: Promise<OutputPipes | null>
  /** Takes the output; stays open, because the owner may have something to add. */
  readonly log: RunLog
  /** Unique to this run, and carried by no other process: whoever carries it is ended with the run. */
  readonly marker: Marker
  readonly clock: Clock
  /** Hears what the log gets, unmasked: for limits, and for agents that speak a protocol on their output. */
  readonly onOutput?: (stream: OutputStream, chunk: Buffer) => void
}

export type StartOutcome =
  | { readonly started: true; readonly worker: WorkerProcess }
  | { readonly started: false; readonly failure: StartFailure }

export interface WorkerExit {
  readonly exitCode: number | null
  readonly signal: NodeJS.Signals | null
}

/** How the whole tree ended. When `gone` is false, something survived: call `terminate` again until it is not. */
export interface WorkerEnding extends WorkerExit, TreeEnding {
  /** Why it was terminated; null when it ended by itself. */
  readonly because: string | null
}

/** What descendants may take to end after the worker itself has. */
const LEFTOVER_GRACE_MS = 1000
/** What is still in the pipes after the last process; a stranger who was handed one must not keep the run open. */
const DRAIN_MS = 1000

export class WorkerProcess {
  readonly identity: ProcessIdentity
  /** The first process ended; its descendants may not have. Never rejects. */
  readonly exited: Promise<WorkerExit>
  /** The whole tree was ended and the output is in the log. */
  readonly ended: Promise<WorkerEnding>

  readonly #child: ChildProcess
  readonly #marker: Marker
  readonly #clock: Clock
  readonly #readers: readonly Readable[]
  readonly #input: Writable | null
  #because: string | null = null
  #termination: Termination | null = null

  /**
   * Starts a worker. A program that cannot be started is an answer; one that starts and fails at once is an exit.
   * Refuses (`platform_not_supported`) where a process tree cannot be ended for certain.
   */
  static async start(start: WorkerStart): Promise<StartOutcome> {
    if (!canControlProcesses())
      throw unavailable(
        'platform_not_supported',
        `Cannot start a worker on ${process.platform}: its processes could not be ended for certain. Run the gateway on Linux or macOS (on Windows: in WSL).`,
      )
    const { argv, cwd, env, marker } = start
    const [program, ...args] = argv
    const attempt = { program, cwd, env }
    const failure = folderFailure(attempt)
    if (failure) return { started: false, failure }
    try {
      const pipes = await (start.pipes ?? makeOutputPipes(start.folder))
      const stdio = openWorkerStdio(start.stdin, pipes, start.folder)
      let child: ChildProcess
      try {
        child = spawn(program, args, {
          cwd,
          env: { ...env, [marker.name]: marker.value },
          detached: true,
          stdio: [...stdio.forChild],
        })
        // Without a pid the reason follows as an event.
        if (child.pid === undefined) throw (await once(child, 'error'))[0]
      } catch (error) {
        stdio.abandon()
        throw error
      }
      // At once: until it is reaped, and that takes a turn of the event loop, its pid cannot be anybody else's.
      const identity = identify(child.pid)
      const streams = stdio.attach(child)
      if (identity !== null)
        return { started: true, worker: new WorkerProcess(start, child, identity, streams) }
      signalGroupOf(child, 'SIGKILL')
      for (const stream of Object.values(streams)) stream?.destroy()
      throw new Error('its identity cannot be read from the process table')
    } catch (error) {
      return { started: false, failure: startFailure(attempt, error) }
    }
  }

  private constructor(
    start: WorkerStart,
    child: ChildProcess,
    identity: ProcessIdentity,
    output: WorkerStreams,
  ) {
    this.identity = identity
    this.#child = child
    this.#marker = start.marker
    this.#clock = start.clock
    this.#readers = [output.stdout, output.stderr]
    this.#input = start.stdin === OPEN_STDIN ? output.stdin : null
    // A worker that ends without reading its input is no error.
    this.#input?.on('error', () => {})
    for (const stream of ['stdout', 'stderr'] as const) {
      // A pipe that breaks ends the output, not the run.
      output[stream]
        .on('error', () => {})
        .on('data', (chunk: Buffer) => {
          start.log.append(stream, chunk)
          start.onOutput?.(stream, chunk)
        })
    }
    child.on('error', () => {})
    this.exited = new Promise((resolve) =>
      child.once('exit', (exitCode, signal) => resolve({ exitCode, signal })),
    )
    this.ended = this.#conclude()
  }

  /**
   * Asks the tree to end, then kills it. The first reason stays; a later call can only shorten the grace. Resolves when
   * the tree is gone, or cannot be proven gone; `ended` follows with the exit code and the last output.
   */
  terminate({
    because,
    graceMs,
  }: {
    readonly because: string
    readonly graceMs: number
  }): Promise<TreeEnding> {
    if (!this.#hasExited) this.#because ??= because
    this.#termination?.endGraceIn(graceMs)
    return this.#terminate(graceMs)
  }

  /** Writes to a standard input that was left open; nothing happens when the worker has ended. */
  write(text: string): void {
    if (this.#input?.writable === true) this.#input.write(text)
  }

  /** The worker reads an end of file. */
  closeInput(): void {
    this.#input?.end()
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.terminate({ because: 'the runner is closing', graceMs: 0 })
    await this.ended
  }

  get #hasExited(): boolean {
    return this.#child.exitCode !== null || this.#child.signalCode !== null
  }

  async #conclude(): Promise<WorkerEnding> {
    const exit = await this.exited
    const tree = await this.#terminate(LEFTOVER_GRACE_MS)
    await this.#drain()
    return { ...exit, ...tree, because: this.#because }
  }

  /** Joins the termination under way, if there is one. One that could not prove the end may be repeated. */
  async #terminate(graceMs: number): Promise<TreeEnding> {
    this.#termination ??= this.#begin(graceMs)
    const current = this.#termination
    const ending = await current.ending
    if (!ending.gone && this.#termination === current) this.#termination = null
    return ending
  }

  #begin(graceMs: number): Termination {
    const [clock, hurry, over] = [this.#clock, new AbortController(), new AbortController()]
    return {
      ending: this.#endTree(graceMs, hurry.signal).finally(() => over.abort()),
      endGraceIn: (ms) => void within(clock, ms, over.signal).then((isUp) => isUp && hurry.abort()),
    }
  }

  async #endTree(graceMs: number, signal: AbortSignal): Promise<TreeEnding> {
    if (readProcessTable(null) !== 'unknown')
      return terminateTree({
        leader: this.identity,
        marker: this.#marker,
        graceMs,
        clock: this.#clock,
        signal,
      })
    // Nobody can be found, but the worker's own group can still be signalled for as long as the worker is not reaped.
    signalGroupOf(this.#child, 'SIGTERM')
    const exit = new AbortController()
    void this.exited.then(() => exit.abort())
    await within(this.#clock, graceMs, AbortSignal.any([signal, exit.signal]))
    return { gone: false, killed: signalGroupOf(this.#child, 'SIGKILL'), survivors: [] }
  }

  async #drain(): Promise<void> {
    const drained = new AbortController()
    const closed = this.#readers.map(
      (reader) => new Promise<void>((resolve) => (reader.closed ? resolve() : reader.once('close', resolve))),
    )
    void Promise.all(closed).then(() => drained.abort())
    await within(this.#clock, DRAIN_MS, drained.signal)
    this.#input?.destroy()
    for (const reader of this.#readers) reader.destroy()
  }
}

interface Termination {
  readonly ending: Promise<TreeEnding>
  endGraceIn(ms: number): void
}

/** True when the time is up, false when the signal came first. */
const within = (clock: Clock, ms: number, signal: AbortSignal): Promise<boolean> =>
  clock.sleep(ms, { signal }).then(
    () => true,
    () => false,
  )

/** True when somebody was signalled. Never for a worker that was reaped: its number may be a stranger's by now. */
const signalGroupOf = (child: ChildProcess, signal: NodeJS.Signals): boolean => {
  if (child.pid === undefined || child.exitCode !== null || child.signalCode !== null) return false
  try {
    return process.kill(-child.pid, signal)
  } catch {
    return false
  }
}
