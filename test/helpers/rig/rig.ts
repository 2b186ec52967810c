/**
 * A real installation for one scenario: a throw-away home, the built program, a gateway that can be killed, workers that
 * misbehave on demand, and somebody who watches the process table meanwhile.
 */
import { mkdirSync, mkdtempSync, readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { BoardReader, type RunRow, type TaskRow } from './board-reader.ts'
import { eventually } from './eventually.ts'
import { GatewayProcess } from './gateway-process.ts'
import { observe, type Report, type Sighting } from './observer.ts'
import { readProcess, stillLives } from './proc.ts'
import { checkout, startYard, type Command, type CommandResult } from './program.ts'

export interface RigOptions {
  /** Settings of config.yaml on top of those that make scenarios quick. */
  readonly kanban?: Readonly<Record<string, unknown>>
  readonly config?: Readonly<Record<string, unknown>>
  /** More variables for gateway and commands. */
  readonly env?: Readonly<Record<string, string>>
  /** How long something is waited for, in milliseconds, where the usual time is too short. */
  readonly patienceMs?: number
  /** Whether a gateway is started at once; default true. */
  readonly gateway?: boolean
}

export interface Card {
  readonly title?: string
  /** A script in the words of test/fixtures/workers/scripted.sh. */
  readonly body?: string
  /** `worker` must report, `script` is judged by its exit code. */
  readonly profile?: 'worker' | 'script' | (string & {}) | null
  /** More options of `yard create`. */
  readonly options?: readonly string[]
}

const QUICK = {
  dispatch_interval_seconds: 1,
  max_running: 4,
  max_running_per_profile: 4,
  min_free_memory_mb: 0,
  retry_backoff_seconds: 0,
  max_attempts_per_profile_per_day: 1_000_000,
  equal_failure_limit: 1000,
  stop_grace_seconds: 1,
  lease_seconds: 5,
}

const words = join(checkout, 'test/fixtures/workers/scripted.sh')

/** Compiled code of the program under test: the scenarios share it, or every command would compile afresh. */
const cache = join(tmpdir(), 'yardmaster-rig-cache')

export class Rig implements AsyncDisposable {
  /** Holds everything of this rig. */
  readonly folder: string
  readonly home: string
  /** A folder of the user's that nobody may touch. */
  readonly canary: string
  /** Shared with the workers, as `$RIG`. */
  readonly shared: string
  readonly board: BoardReader
  readonly env: NodeJS.ProcessEnv
  readonly settings: Readonly<Record<string, unknown>>
  /** Events up to this one were written by another program. */
  madeElsewhere = 0
  readonly #gateways: GatewayProcess[] = []
  readonly #secrets = new Set<string>()
  readonly #patienceMs: number | undefined
  readonly #collecting: NodeJS.Timeout

  static async open(options: RigOptions = {}): Promise<Rig> {
    const rig = new Rig(options)
    try {
      await observe(rig.home)
      await rig.ok('init')
      if (options.gateway !== false) await rig.startGateway()
      return rig
    } catch (error) {
      await rig[Symbol.asyncDispose]()
      throw error
    }
  }

  private constructor({ kanban = {}, config = {}, env = {}, patienceMs }: RigOptions) {
    this.#patienceMs = patienceMs
    this.folder = mkdtempSync(join(tmpdir(), 'yard-rig-'))
    const make = (name: string): string => {
      mkdirSync(join(this.folder, name), { recursive: true, mode: 0o700 })
      return join(this.folder, name)
    }
    this.home = make('home')
    this.shared = make('shared')
    this.canary = make('user/canary')
    writeFileSync(join(this.canary, 'precious.txt'), 'written by the user\n')
    writeFileSync(join(this.home, '.yard-test-home'), '')
    mkdirSync(cache, { recursive: true, mode: 0o700 })
    this.env = {
      PATH: process.env['PATH'],
      HOME: join(this.folder, 'user'),
      TMPDIR: make('tmp'),
      LANG: 'C.UTF-8',
      XDG_CACHE_HOME: cache,
      YARD_HOME: this.home,
      YARD_TEST: '1',
      YARD_USER: 'alice',
      ...env,
    }
    this.settings = { ...QUICK, ...kanban }
    this.configure({ ...config, kanban: this.settings })
    this.addProfile('worker', {
      agent: 'command',
      command: this.workerCommand,
      environment: this.workerEnvironment,
    })
    this.addProfile('script', { agent: 'shell', environment: this.workerEnvironment })
    this.board = new BoardReader(join(this.home, 'kanban.db'))
    this.#collecting = setInterval(() => this.#collectSecrets(), 50)
    this.#collecting.unref()
  }

  /** Writes config.yaml. The server takes any free port, so that no rig meets another, or the gateway of whoever runs the tests. */
  configure(config: Readonly<Record<string, unknown>>): void {
    // Every JSON text is YAML.
    writeFileSync(join(this.home, 'config.yaml'), JSON.stringify({ server: { port: 0 }, ...config }, null, 2))
  }

  /** For further profiles of workers that do what their card says. */
  readonly workerCommand = ['/bin/sh', words, '{body_file}']

  get workerEnvironment() {
    return { set: { RIG: this.shared, RIG_WORDS: words } }
  }

  /** Writes a program into the rig's folder; gives its path. */
  addProgram(name: string, content: string): string {
    writeFileSync(join(this.folder, name), content, { mode: 0o755 })
    return join(this.folder, name)
  }

  addProfile(name: string, frontMatter: Readonly<Record<string, unknown>>): void {
    this.addProfileText(name, `---\n${JSON.stringify(frontMatter)}\n---\n`)
  }

  addProfileText(name: string, text: string): void {
    mkdirSync(join(this.home, 'profiles'), { recursive: true })
    writeFileSync(join(this.home, 'profiles', `${name}.md`), text)
  }

  // Commands

  start(
    list: readonly string[],
    more: { env?: NodeJS.ProcessEnv; stdin?: string; cwd?: string } = {},
  ): Command {
    return startYard(list, { cwd: this.canary, env: this.env, ...more })
  }

  yard(...list: string[]): Promise<CommandResult> {
    return this.start(list).result
  }

  /** What a command that must succeed printed. */
  async ok(...list: string[]): Promise<string> {
    const { code, signal, stdout, stderr } = await this.yard(...list)
    if (code !== 0)
      throw new Error(
        `yard ${list.join(' ')} ended with ${code ?? signal}\n${stdout}${stderr}\n${this.describe()}`,
      )
    return stdout
  }

  async json<T = Record<string, unknown>>(...list: string[]): Promise<T> {
    return JSON.parse(await this.ok(...list, '--json')) as T
  }

  /** A refusal: the words of a command that must fail. */
  async refused(...list: string[]): Promise<string> {
    const { code, stdout, stderr } = await this.yard(...list)
    if (code !== 1)
      throw new Error(`yard ${list.join(' ')} should be refused, and ended with ${code}\n${stdout}${stderr}`)
    return stderr
  }

  createWords({
    title = 'a card',
    body = 'complete "done"',
    profile = 'worker',
    options = [],
  }: Card = {}): string[] {
    return ['create', title, '--body', body, ...(profile === null ? [] : ['--assignee', profile]), ...options]
  }

  async create(card: Card = {}): Promise<string> {
    return (await this.json<{ id: string }>(...this.createWords(card))).id
  }

  // Gateway

  get gateway(): GatewayProcess {
    const gateway = this.#gateways.at(-1)
    if (gateway === undefined) throw new Error('no gateway was started')
    return gateway
  }

  get isGatewayRunning(): boolean {
    return this.#gateways.at(-1)?.isRunning === true
  }

  async startGateway(list?: readonly string[], program?: string): Promise<GatewayProcess> {
    const place = {
      program,
      home: this.home,
      cwd: this.canary,
      env: this.env,
      output: join(this.folder, 'gateway.out'),
    }
    this.#gateways.push(await GatewayProcess.start(place, list))
    return this.gateway
  }

  async killGateway(): Promise<void> {
    await this.gateway.end('SIGKILL')
  }

  async stopGateway(): Promise<void> {
    const code = await this.gateway.end('SIGTERM')
    if (code !== 0)
      throw new Error(`the gateway ended with ${code} when it was asked to stop\n${this.gateway.output}`)
  }

  async restartGateway(how: 'SIGKILL' | 'SIGTERM' = 'SIGKILL'): Promise<void> {
    await this.gateway.end(how)
    await this.startGateway()
  }

  // Processes

  observed(): Promise<Report> {
    return observe(this.home)
  }

  /** The runner of a run, found by its command line. */
  async runnerOf(run: number): Promise<Sighting | null> {
    const { live } = await this.observed()
    const spec = join(this.home, 'runs', String(run), 'spec.json')
    return live.find(({ command, run: tree }) => tree === null && command.endsWith(spec)) ?? null
  }

  async killRunner(run: number): Promise<void> {
    const runner = await this.until(`the runner of run ${run}`, () => this.runnerOf(run))
    kill(runner, 'SIGKILL')
    await this.until('the runner to be gone', () => !lives(runner))
  }

  /** The first process of a worker: the board knows its pid. */
  async workerOf(run: number): Promise<Sighting | null> {
    const [row] = this.board.all<{ pid: number | null }>(
      'select worker_pid as pid from run_processes where run_id = ?',
      run,
    )
    const { live } = await this.observed()
    return live.find(({ pid, run: tree }) => pid === row?.pid && tree === run) ?? null
  }

  async killWorker(run: number): Promise<void> {
    kill(await this.until(`the worker of run ${run}`, () => this.workerOf(run)), 'SIGKILL')
  }

  /** Stops everything of this home in its tracks; gives the way to let it go on. */
  async freeze(which: (process: Sighting) => boolean = () => true): Promise<() => void> {
    const frozen = new Map<number, Sighting>()
    for (;;) {
      const running = (await this.observed()).live.filter(
        (process) => which(process) && !frozen.has(process.pid),
      )
      if (running.length === 0) break
      for (const process of running) {
        frozen.set(process.pid, process)
        kill(process, 'SIGSTOP')
      }
      for (const process of running)
        await this.until(
          `process ${process.pid} to stand still`,
          () => !lives(process) || standsStill(process.pid, [...frozen.keys()]),
        )
    }
    return () => {
      for (const process of frozen.values()) kill(process, 'SIGCONT')
    }
  }

  // Waiting

  until<T>(what: string, look: () => T | Promise<T>): Promise<NonNullable<Exclude<T, false>>> {
    return eventually(what, look, () => this.describe(), this.#patienceMs)
  }

  async untilStatus(id: string, ...statuses: string[]): Promise<TaskRow> {
    await this.until(`${id} to be ${statuses.join(' or ')}`, () =>
      statuses.includes(this.board.task(id).status),
    )
    return this.board.task(id)
  }

  /** The card's open run, once its worker is at work. */
  async untilWorking(id: string): Promise<RunRow> {
    return this.until(`the worker of ${id}`, () =>
      this.board.runs(id).find(({ ended_at, phase }) => ended_at === null && phase === 'running'),
    )
  }

  /** The card's last run, once nothing of it is left. */
  async untilGone(id: string): Promise<RunRow> {
    return this.until(`the processes of ${id} to be gone`, () => {
      const run = this.board.runs(id).at(-1)
      return run?.ended_at !== null && (run?.phase ?? 'gone') === 'gone' ? run : null
    })
  }

  async untilRunGone(run: number): Promise<void> {
    await this.until(
      `the processes of run ${run} to be gone`,
      () => this.board.count(`run_processes where run_id = ? and phase = 'gone'`, run) === 1,
    )
  }

  // What workers and test tell each other

  /** Lines that workers wrote with `note` (and their starts, as `starts`). */
  notes(name: string): string[] {
    try {
      return readFileSync(join(this.shared, name), 'utf8').split('\n').filter(Boolean)
    } catch {
      return []
    }
  }

  /** How often a worker was started for a card. */
  starts(id: string): number {
    return this.notes('starts').filter((line) => line.startsWith(`${id} `)).length
  }

  /** Lets workers go on that wait with `until_file`. */
  signal(name: string): void {
    writeFileSync(join(this.shared, name), '')
  }

  // Secrets

  /** The proofs that runs were given, as far as they were seen while their runs were open. */
  get secrets(): readonly string[] {
    return [...this.#secrets]
  }

  #collectSecrets(): void {
    for (const run of namesIn(join(this.home, 'runs'))) {
      for (const name of ['spec.json', 'capability.json']) {
        try {
          const { secret } = JSON.parse(readFileSync(join(this.home, 'runs', run, name), 'utf8')) as {
            secret?: string
          }
          if (secret !== undefined) this.#secrets.add(secret)
        } catch {
          // Gone meanwhile, not yet complete, or not given at all.
        }
      }
    }
  }

  /** What is known when a scenario does not get on. */
  describe(): string {
    try {
      const cards = this.board.tasks().map(({ id, status, title }) => {
        const runs = this.board
          .runs(id)
          .map((run) => `${run.id} ${run.outcome ?? 'open'}/${run.phase ?? '-'} ${run.error ?? ''}`)
        const holds = this.board.holds(id).map(({ kind, reason }) => `${kind}: ${reason}`)
        return `${id} ${status} "${title}" runs [${runs.join(' | ')}] holds [${holds.join(' | ')}]`
      })
      const events = this.board
        .events()
        .slice(-25)
        .map(
          ({ id, task_id, run_id, kind, actor, payload }) =>
            `${id} ${task_id} run ${run_id} ${kind} by ${actor} ${JSON.stringify(payload)}`,
        )
      const output = this.#gateways.length === 0 ? '' : this.gateway.output.split('\n').slice(-25).join('\n')
      return [...cards.slice(-40), '-- last events', ...events, '-- gateway', output].join('\n')
    } catch (error) {
      return `(the board cannot be read: ${String(error)})`
    }
  }

  /** Leaves nothing: no process, no file. */
  async [Symbol.asyncDispose](): Promise<void> {
    clearInterval(this.#collecting)
    this.board.close()
    for (;;) {
      const { live } = await observe(this.home)
      if (live.length === 0) break
      for (const process of live) kill(process, 'SIGKILL')
    }
    await observe(this.home, { forget: true })
    rmSync(this.folder, { recursive: true, force: true, maxRetries: 5 })
  }
}

export const openRig = (options?: RigOptions): Promise<Rig> => Rig.open(options)

type Named = Pick<Sighting, 'pid' | 'startTime'>

const lives = ({ pid, startTime }: Named): boolean => stillLives(pid, startTime)

/** Signals this very process and no later owner of its pid; true when there was somebody to signal. */
export const kill = (target: Named, signal: NodeJS.Signals): boolean => {
  try {
    return lives(target) && process.kill(target.pid, signal)
  } catch {
    return false
  }
}

/** Whoever starts a program waits, deaf to everything, for its child to become that program; a stopped child never does. */
function standsStill(pid: number, frozen: readonly number[]): boolean {
  const state = readProcess(pid)?.state
  if (state !== 'D') return state === 'T'
  return frozen.some((other) => {
    const child = readProcess(other)
    return child?.parent === pid && child.state === 'T'
  })
}

export const namesIn = (folder: string): string[] => {
  try {
    return readdirSync(folder)
  } catch {
    return []
  }
}
