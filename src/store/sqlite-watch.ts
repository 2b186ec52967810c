/**
 * The change feed of SQLite: tells soon after a commit, whichever process made it, and costs next to nothing in between.
 * The system reports writes to the files; whether a commit became visible is asked of SQLite.
 */
import { watch, type FSWatcher } from 'node:fs'
import { basename, dirname } from 'node:path'
import type { ChangeListener } from './connection.ts'

export interface SqliteWatchOptions {
  readonly file: string
  /** Something that differs after every commit to the file, by any connection; must be cheap. Throws when the file is unreadable. */
  readonly version: () => string
  readonly warn: (message: string) => void
}

/**
 * The report of a write comes before its commit is visible, and no report comes when it is. So after each report the
 * version is checked again after these pauses, in milliseconds, until well past the longest flush to disk.
 */
const LADDER_MS = [1, 1, 2, 4, 8, 16, 32, 64] as const
/** Should a report ever be lost. */
const SAFETY_MS = 1_000
/** Where the system reports nothing. */
const POLL_MS = 200

export class SqliteWatch {
  readonly #options: SqliteWatchOptions
  readonly #listeners = new Set<ChangeListener>()
  #watcher: FSWatcher | undefined
  #safety: NodeJS.Timeout | undefined
  #ladder: NodeJS.Timeout | undefined
  #step = 0
  #seen = ''
  #waking: NodeJS.Immediate | undefined

  constructor(options: SqliteWatchOptions) {
    this.#options = options
  }

  watch(listener: ChangeListener): Disposable {
    // Two watches with the same function are two: each is disposed of by itself.
    const own: ChangeListener = () => listener()
    if (this.#listeners.size === 0) this.#start()
    this.#listeners.add(own)
    return {
      [Symbol.dispose]: () => {
        if (this.#listeners.delete(own) && this.#listeners.size === 0) this.#stop()
      },
    }
  }

  /** A commit by this very process: known without looking. */
  committed(): void {
    if (this.#listeners.size === 0) return
    this.#seen = this.#version()
    this.#wake()
  }

  close(): void {
    this.#listeners.clear()
    this.#stop()
  }

  #start(): void {
    this.#seen = this.#version()
    const { file } = this.#options
    const names = new Set([basename(file), `${basename(file)}-wal`])
    try {
      // The folder, not the files: those come and go with the connections that use them.
      this.#watcher = watch(dirname(file), (_, name) => {
        if (name === null || names.has(name)) this.#climb()
      })
      this.#watcher.on('error', (error) => this.#poll(error))
      this.#safety = setInterval(() => this.#check(), SAFETY_MS)
      this.#safety.unref()
    } catch (error) {
      this.#poll(error)
    }
  }

  /** The system will not report, for example because its watches are used up: ask often instead. */
  #poll(error: unknown): void {
    this.#watcher?.close()
    this.#watcher = undefined
    clearInterval(this.#safety)
    const reason = error instanceof Error ? error.message : String(error)
    this.#options.warn(
      `Cannot watch ${dirname(this.#options.file)} for changes (${reason}): looking every ${POLL_MS} ms instead.`,
    )
    this.#safety = setInterval(() => this.#check(), POLL_MS)
  }

  #stop(): void {
    this.#watcher?.close()
    this.#watcher = undefined
    clearInterval(this.#safety)
    clearTimeout(this.#ladder)
    clearImmediate(this.#waking)
    this.#ladder = this.#waking = undefined
  }

  /** Goes up the whole ladder from its foot, also when a change was seen: another commit may be behind the same report. */
  #climb(): void {
    const isNearFoot = this.#ladder !== undefined && this.#step <= 2
    this.#step = 0
    // Reports come several to a commit: starting over at each would never reach the first rung.
    if (isNearFoot) return
    clearTimeout(this.#ladder)
    this.#check()
    this.#next()
  }

  #next(): void {
    const pause = LADDER_MS[this.#step]
    this.#ladder = undefined
    if (pause === undefined) return
    this.#step += 1
    this.#ladder = setTimeout(() => {
      this.#check()
      this.#next()
    }, pause)
    this.#ladder.unref()
  }

  #check(): void {
    const version = this.#version()
    if (version === this.#seen) return
    this.#seen = version
    this.#wake()
  }

  #version(): string {
    try {
      return this.#options.version()
    } catch {
      // Whoever is woken reads, and is told what is wrong.
      return 'unreadable'
    }
  }

  /** Commits that come together wake once. */
  #wake(): void {
    this.#waking ??= setImmediate(() => {
      this.#waking = undefined
      for (const listener of this.#listeners) listener()
    })
  }
}
