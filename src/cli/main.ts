/** The terminal's door: words in, text and an exit code out. */
import type { Actor } from '../domain/actor.ts'
import { denied, isYardError, YardError } from '../domain/errors.ts'
import type { Kernel } from '../kernel/kernel.ts'
import type { HomePaths } from '../lib/paths.ts'
import { UsageError, type Command, type Outcome } from './command.ts'
import type { Context } from './context.ts'
import { daemonAbove } from '../lib/parents.ts'
import { environmentsAbove, findEnclosingRun, readCapability, type EnclosingRun } from './enclosing-run.ts'
import { maskWords } from './mask-words.ts'
import { parse } from './parse.ts'
import { personName } from './person.ts'
import type { Services } from './services.ts'
import type { Entry } from './table.ts'
import { createStyle, wantsColours, widthOf, type Style } from './text/style.ts'
import { Unmeasurable } from './text/width.ts'

interface Output {
  readonly isTTY?: boolean
  readonly columns?: number
  write(text: string): boolean
  once(event: 'drain', listener: () => void): unknown
}

export interface Terminal {
  readonly stdout: Output
  readonly stderr: Output
  readonly stdin: AsyncIterable<Uint8Array | string> & { readonly isTTY?: boolean }
}

export interface App extends AsyncDisposable {
  readonly paths: HomePaths
  /** A home for tests, which holds no real work. */
  readonly isTestHome: boolean
  /** Opens the board on first use. */
  kernel(): Promise<Kernel>
  readonly services: Services
}

export interface CliOptions {
  /** Without the program. */
  readonly words: readonly string[]
  readonly terminal: Terminal
  readonly env: Readonly<Record<string, string | undefined>>
  readonly folder: string
  readonly version: string
  readonly now: number
  /** Aborted by the first Ctrl+C, once somebody listens: a command that goes on ends, any other dies at once. */
  readonly interrupted: () => AbortSignal
  readonly openApp: () => Promise<App>
  /** Told of what should never happen; gives the place of the details. */
  readonly recordBug: (error: unknown) => string | null
}

/** Runs one invocation; gives the exit code: 0 done, 1 refused or failed, 2 usage. */
export async function runCli(options: CliOptions): Promise<number> {
  const { terminal, env, words } = options
  const style = createStyle({
    colours: wantsColours(terminal.stdout, env),
    width: widthOf(terminal.stdout, env),
    now: options.now,
  })
  const errors = createStyle({
    colours: wantsColours(terminal.stderr, env),
    width: widthOf(terminal.stderr, env),
    now: options.now,
  })
  let isJson = words.includes('--json')
  try {
    const parsed = await parse(words, { version: options.version, width: Math.min(style.width, 100) })
    if (parsed.kind === 'text') {
      await print(terminal.stdout, parsed.text)
      return 0
    }
    isJson = parsed.input.json
    return await runCommand(options, parsed.entry, parsed.command, parsed.input, { style, errors })
  } catch (error) {
    return explain(options, error, { isJson, errors })
  }
}

async function runCommand(
  options: CliOptions,
  entry: Entry,
  command: Command,
  input: Parameters<Command['run']>[1],
  { style, errors }: { style: Style; errors: Style },
): Promise<number> {
  const { terminal } = options
  await using app = await options.openApp()
  const context = await contextOf(options, app, entry, command)
  const outcome = await command
    .run(context, maskWords(command, input, context.mask))
    .catch(async (error: unknown) => {
      throw await withBoard(error, app)
    })
  const { stderr } = terminal
  const warn = (head: string, message: string) => stderr.write(`${errors.paint('yellow', head)} ${message}\n`)
  for (const warning of outcome.warnings ?? []) warn('warning:', warning)
  if (!input.json) {
    for (const notice of outcome.notices ?? []) warn('note:', notice)
    for (const error of outcome.errors ?? []) stderr.write(`${errors.paint('red', error)}\n`)
  }
  if (outcome.lines === undefined) await printOutcome(terminal, outcome, { isJson: input.json, style })
  else
    for await (const line of outcome.lines) {
      if ('warning' in line) warn('warning:', line.warning)
      else
        await print(terminal.stdout, input.json ? JSON.stringify(line.data) : await shown(line.text, style))
    }
  return outcome.exitCode ?? 0
}

/** Whoever misses a task may be looking at another board than the one it is on. */
async function withBoard(error: unknown, app: App): Promise<unknown> {
  if (!isYardError(error) || error.code !== 'task_not_found') return error
  const { location } = (await app.kernel()).deps.store
  const { kind, code, message, details, cause } = error
  return new YardError(kind, code, `${message}\nThis is the board ${location}`, { details, cause })
}

async function printOutcome(
  { stdout }: Terminal,
  outcome: Outcome,
  { isJson, style }: { isJson: boolean; style: Style },
): Promise<void> {
  if (isJson) return print(stdout, JSON.stringify(outcome.data ?? null, null, 2))
  const text =
    stdout.isTTY !== true && outcome.piped !== undefined
      ? outcome.piped
      : outcome.text && (await shown(outcome.text, style))
  if (text !== undefined && text !== '') await print(stdout, text)
  if (stdout.isTTY === true && outcome.next !== undefined && outcome.next.length > 0)
    await print(stdout, outcome.next.map((step) => style.paint('dim', `→ ${step}`)).join('\n'))
}

/** Most text is simple to measure; what is not is shown again, with what it takes. */
async function shown(text: (style: Style) => string, style: Style): Promise<string> {
  try {
    return text(style)
  } catch (error) {
    if (!(error instanceof Unmeasurable)) throw error
    const { fullWidth } = await import('./text/full-width.ts')
    return text({ ...style, measure: fullWidth })
  }
}

/** Waits where the reader is slower than we are. */
async function print(stdout: Output, text: string): Promise<void> {
  if (!stdout.write(text.endsWith('\n') ? text : `${text}\n`))
    await new Promise<void>((resolve) => stdout.once('drain', resolve))
}

async function contextOf(options: CliOptions, app: App, entry: Entry, command: Command): Promise<Context> {
  const { env, terminal, now, folder } = options
  const run = command.effect === 'changes' ? findEnclosingRun(env, app) : null
  const actor = command.effect === 'changes' ? await actorOf(run, env, app, entry, command) : null
  let personhood: Promise<void> | undefined
  const mask = actor?.kind === 'worker' ? await maskFor(actor, env, app) : (words: string) => words
  return {
    paths: app.paths,
    get actor(): Actor {
      if (actor === null)
        throw new Error(`${entry.name} is said to read only, and asked in whose name it changes`)
      return actor
    },
    me: () => findEnclosingRun(env, app)?.profile ?? personName(env),
    async kernel() {
      const kernel = await app.kernel()
      if (actor?.kind === 'person') await (personhood ??= denyStrays(kernel))
      return kernel
    },
    services: app.services,
    now,
    env,
    folder,
    input: () => bytesOf(terminal.stdin),
    mask,
    readInput: async () =>
      mask(Buffer.concat(await Array.fromAsync(bytesOf(terminal.stdin))).toString('utf8')),
    get signal(): AbortSignal {
      return options.interrupted()
    },
    isInteractive: terminal.stdout.isTTY === true && terminal.stdin.isTTY === true,
  }
}

/**
 * What has left its worker, and dropped everything that says where it comes from, is known by when and where it started.
 * A person whom this meets has a terminal.
 */
async function denyStrays(kernel: Kernel): Promise<void> {
  const daemon = daemonAbove(process.pid)
  const run = daemon === null ? null : await kernel.findRunAround(daemon)
  if (run === null) return
  throw denied(
    'maybe_inside_worker',
    `This command has no terminal, and what called it started in the workspace of run ${run.runId} of ${run.taskId} while that was under way, so it may be part of it. Reading is allowed; to change the board, use a terminal.`,
    { run: run.runId, task: run.taskId },
  )
}

/** A person; or inside a worker its run, if this process was given the right to speak for it. */
async function actorOf(
  run: EnclosingRun | null,
  env: CliOptions['env'],
  app: App,
  entry: Entry,
  command: Command,
): Promise<Actor> {
  if (run === null) return { kind: 'person', name: personName(env), door: 'cli' }
  const capability = readCapability(run)
  if (!command.forWorkers)
    throw denied(
      'worker_denied',
      `A worker cannot use yard ${entry.name}: it may report on its own card, comment, and create and link cards. Say what you need with: yard block ${run.taskId ?? '<your card>'} "<question>"`,
      { run: run.runId },
    )
  const { profile } = await (await app.kernel()).getRun(run.runId)
  return { kind: 'worker', name: profile ?? `run-${run.runId}`, door: 'cli', capability }
}

/** What the worker was given stands in its own environment, whatever of it this command was started with. */
const maskFor = (
  { capability }: Extract<Actor, { kind: 'worker' }>,
  env: CliOptions['env'],
  { services }: App,
): Promise<(text: string) => string> =>
  services.guard([env, ...environmentsAbove(process.pid)], [capability.secret])

async function* bytesOf(stdin: Terminal['stdin']): AsyncGenerator<Uint8Array> {
  for await (const part of stdin) yield typeof part === 'string' ? Buffer.from(part) : part
}

function explain(
  { terminal: { stderr }, env, recordBug }: CliOptions,
  error: unknown,
  { isJson, errors }: { isJson: boolean; errors: Style },
): number {
  const say = (detail: string, code: string) =>
    stderr.write(isJson ? `${JSON.stringify({ detail, code })}\n` : `${errors.paint('red', detail)}\n`)
  if (error instanceof UsageError) {
    say(error.message, 'usage')
    return 2
  }
  if (isYardError(error)) {
    say(error.message, error.code)
    return 1
  }
  const details = env['YARD_DEBUG'] === '1' ? (error instanceof Error ? error.stack : String(error)) : null
  const place = details === null ? recordBug(error) : null
  const message = error instanceof Error ? error.message : String(error)
  say(
    `This is a bug in yard: ${message}\n${details ?? (place === null ? 'Run it again with YARD_DEBUG=1 to see the details.' : `The details are in ${place}; please report them.`)}`,
    'internal',
  )
  return 1
}
