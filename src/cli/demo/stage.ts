/** Where the demo plays: a throw-away home with a gateway of its own, driven through the command line like any user's. */
import { type ChildProcess, execFile, spawn } from 'node:child_process'
import { chmodSync, mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { createInterface } from 'node:readline'
import { unavailable } from '../../domain/errors.ts'

export interface Answer {
  readonly code: number
  readonly stdout: string
  readonly stderr: string
}

/** An event as `yard watch --json` prints it. */
export interface SeenEvent {
  readonly id: number
  readonly task_id: string | null
  readonly run_id: number | null
  readonly kind: string
  readonly payload: Readonly<Record<string, unknown>>
  readonly actor: string | null
}

/** How long one story may wait for something, in milliseconds. */
const PATIENCE_MS = 45_000

export class Stage implements AsyncDisposable {
  readonly home: string
  readonly #program: readonly [string, ...string[]]
  readonly #env: NodeJS.ProcessEnv
  readonly #events: SeenEvent[] = []
  readonly #waiting = new Set<() => void>()
  #gateway: ChildProcess | undefined
  #watch: ChildProcess | undefined

  constructor(program: readonly [string, ...string[]], env: Readonly<Record<string, string | undefined>>) {
    this.home = mkdtempSync(join(tmpdir(), 'yard-demo-'))
    this.#program = program
    const { YARD_DATABASE: _database, ...rest } = env
    this.#env = { ...rest, YARD_HOME: this.home, YARD_USER: 'you', NO_COLOR: '1' }
    if (env['YARD_TEST'] === '1') writeFileSync(join(this.home, '.yard-test-home'), '')
  }

  /** Writes a file below the home; scripts are made executable. */
  write(name: string, content: string, mode = 0o600): string {
    const path = join(this.home, name)
    mkdirSync(join(path, '..'), { recursive: true, mode: 0o700 })
    writeFileSync(path, content)
    chmodSync(path, mode)
    return path
  }

  async open(): Promise<void> {
    await this.yard('init')
    await this.startGateway()
    this.#watch = this.#spawn(['watch', '--json', '--since', '0'])
    const lines = createInterface({ input: this.#watch.stdout ?? process.stdin })
    lines.on('line', (line) => {
      this.#events.push(JSON.parse(line) as SeenEvent)
      for (const look of this.#waiting) look()
    })
  }

  async startGateway(): Promise<void> {
    const gateway = (this.#gateway = this.#spawn(['gateway', 'start']))
    await new Promise<void>((resolve, reject) => {
      gateway.stdout?.once('data', () => resolve())
      gateway.once('exit', (code) =>
        reject(
          unavailable(
            'demo_gateway',
            `Cannot play the demo: its gateway ended with code ${code}. See ${join(this.home, 'logs')}.`,
          ),
        ),
      )
    })
  }

  /** As a power cut would: without a word. */
  async killGateway(): Promise<void> {
    const gateway = this.#gateway
    if (gateway === undefined) return
    const gone = new Promise((resolve) => gateway.once('exit', resolve))
    gateway.removeAllListeners('exit')
    gateway.once('exit', () => undefined)
    gateway.kill('SIGKILL')
    if (gateway.exitCode === null && gateway.signalCode === null)
      await Promise.race([gone, new Promise((resolve) => gateway.once('exit', resolve))])
  }

  /** Runs one command to its end. */
  yard(...words: string[]): Promise<Answer> {
    const [program, ...args] = this.#program
    return new Promise((resolve) => {
      execFile(
        program,
        [...args, ...words],
        { env: this.#env, maxBuffer: 2 ** 26 },
        (error, stdout, stderr) =>
          resolve({
            code: typeof error?.code === 'number' ? error.code : error === null ? 0 : 1,
            stdout,
            stderr,
          }),
      )
    })
  }

  async json<T>(...words: string[]): Promise<T> {
    const answer = await this.yard(...words, '--json')
    if (answer.stdout.trim() === '')
      throw unavailable(
        'demo_failed',
        `The demo stopped: yard ${words.join(' ')} said: ${answer.stderr.trim()}`,
      )
    return JSON.parse(answer.stdout) as T
  }

  /** Puts a card on the board and gives its id. */
  async create(title: string, ...words: string[]): Promise<string> {
    const answer = await this.yard('create', title, ...words, '--json')
    if (answer.code !== 0)
      throw unavailable(
        'demo_failed',
        `The demo stopped: the card "${title}" was refused: ${answer.stderr.trim()}`,
      )
    const made = JSON.parse(answer.stdout) as { id?: string; task?: { id: string } }
    return made.task?.id ?? made.id ?? ''
  }

  /** The first event of a card of this kind, seen or still to come. */
  event(taskId: string, kind: string, nth = 1): Promise<SeenEvent> {
    return this.until(
      `${kind} of ${taskId}`,
      () => this.#events.filter((event) => event.task_id === taskId && event.kind === kind)[nth - 1],
    )
  }

  count(taskIds: readonly string[], kind: string): number {
    return this.#events.filter(
      (event) => event.task_id !== null && taskIds.includes(event.task_id) && event.kind === kind,
    ).length
  }

  /** Looks at every event until something is found. */
  async until<T>(what: string, look: () => T | undefined): Promise<T> {
    const found = look()
    if (found !== undefined) return found
    return new Promise((resolve, reject) => {
      const again = () => {
        const now = look()
        if (now === undefined) return
        settle()
        resolve(now)
      }
      const settle = () => {
        clearTimeout(timer)
        this.#waiting.delete(again)
      }
      const timer = setTimeout(() => {
        settle()
        reject(
          unavailable(
            'demo_waited',
            `The demo waited ${PATIENCE_MS / 1000} s for ${what}, and it did not come. The home is ${this.home}.`,
          ),
        )
      }, PATIENCE_MS)
      this.#waiting.add(again)
    })
  }

  async [Symbol.asyncDispose](): Promise<void> {
    for (const child of [this.#watch, this.#gateway]) {
      if (child === undefined || child.exitCode !== null || child.signalCode !== null) continue
      const gone = new Promise((resolve) => child.once('exit', resolve))
      child.kill('SIGTERM')
      await gone
    }
    rmSync(this.home, { recursive: true, force: true })
  }

  #spawn(words: readonly string[]): ChildProcess {
    const [program, ...args] = this.#program
    return spawn(program, [...args, ...words], { env: this.#env, stdio: ['ignore', 'pipe', 'ignore'] })
  }
}
