/**
 * One agent through its run: it is started with the document, the board's tools and nothing of the user's settings changed;
 * what it prints is read; and when it stops without a verdict it is asked once more, in the same session. Loaded only for
 * runs of agents.
 */
import { cpSync, mkdirSync, writeFileSync } from 'node:fs'
import { homedir } from 'node:os'
import { join, resolve } from 'node:path'
import type { AgentTask } from '../agents/agent.ts'
import type { Condition } from '../agents/cli-agent.ts'
import { compileStart, skillsFolder } from '../agents/compile-start.ts'
import { AgentFindings } from '../agents/findings.ts'
import { linkedWorktree } from '../agents/linked-worktree.ts'
import { openOutput, type OutputReader } from '../agents/output/read-output.ts'
import type { StreamItem } from '../agents/output/stream-item.ts'
import { continuation, reminder } from '../agents/prompt.ts'
import type { RunCapability } from '../domain/actor.ts'
import type { AgentProblem, RunAgentNews } from '../domain/run-agent.ts'
import type { Kernel } from '../kernel/kernel.ts'
import type { Clock } from '../lib/clock.ts'
import { newUuid } from '../lib/ids.ts'
import { AgentStream } from './agent-stream.ts'
import type { RunSpec } from './run-spec.ts'
import type { OutputStream } from './run-log.ts'
import type { SecretMask } from './secret-mask.ts'
import type { RunTools } from './serve-tools.ts'

/** One start of the agent's program. */
export interface Turn {
  readonly argv: readonly [string, ...string[]]
  readonly stdin: string | null
  readonly env: Readonly<Record<string, string>>
}

/** What the agent's own words add to an ending. */
export interface AgentWords {
  /** One sentence; null when nothing went wrong that it knows of. */
  readonly error: string | null
  /** What everybody would run into who uses the same provider or profile. */
  readonly problem: AgentProblem | null
  readonly lastWords: string
}

export interface AgentRunOptions {
  readonly spec: RunSpec
  readonly task: AgentTask
  /** Null for an agent that reports by the command line. */
  readonly tools: RunTools | null
  readonly kernel: Kernel
  readonly capability: RunCapability
  readonly clock: Clock
  readonly mask: SecretMask
  /** The environment of the worker as far as it does not depend on the agent. */
  readonly env: Readonly<Record<string, string>>
  /** Nothing good can come of this turn any more. */
  readonly onHopeless: () => void
}

/** How often the board hears what the agent does, at the most, in milliseconds. */
const TELL_EVERY_MS = 1_000
/** The same refusal so many times in a row, and the client's own patience is only waiting. */
const HOPELESS = { credential: 2, model: 2, quota: 6 } as const
/** Of the standard error of one turn, its end, in characters. */
const ERROR_OUTPUT = 16_384
const LAST_WORDS = 4_096
/** Of one argument, in bytes; the system takes 128 KiB. */
const LONGEST_ARGUMENT = 100_000
/** Text of a last tool call, in characters. */
const TOOL_WORDS = 300

export class AgentRun implements AsyncDisposable {
  readonly #options: AgentRunOptions
  readonly #findings: AgentFindings
  readonly #stream: AgentStream
  #reader: OutputReader
  #errorOutput = ''
  #session: string
  #isResuming: boolean
  #reminded = false
  #startedFresh = false
  #toldAt = Number.NEGATIVE_INFINITY
  #telling: Promise<void> = Promise.resolve()
  #isHopeless = false

  static async open(options: AgentRunOptions): Promise<AgentRun> {
    const { output } = options.task.cli
    return new AgentRun(options, await openReader(output))
  }

  private constructor(options: AgentRunOptions, reader: OutputReader) {
    const { task, spec, mask, clock } = options
    this.#options = options
    this.#reader = reader
    this.#findings = new AgentFindings(task.cli, () => clock.now(), task.resume)
    this.#stream = new AgentStream(spec.streamPath, mask, clock)
    this.#isResuming = task.resume !== null
    this.#session = task.resume?.session ?? newUuid()
  }

  /** The first start. */
  first(): Promise<Turn> {
    const { task, spec } = this.#options
    this.#layOut()
    return this.#turn(task.resume === null ? task.prompt : continuation(spec.taskId, task.resume.news))
  }

  /** What the agent printed. */
  take(stream: OutputStream, chunk: Buffer): void {
    if (stream === 'stderr')
      this.#errorOutput = (this.#errorOutput + chunk.toString('utf8')).slice(-ERROR_OUTPUT)
    else this.#read(this.#reader.push(chunk))
  }

  /** After a turn that ended by itself: the next one, or null when this was the last. */
  async next(exitCode: number | null): Promise<Turn | null> {
    this.#read(this.#reader.end())
    if (this.#findings.problem === null && exitCode !== 0) this.#findings.readErrorOutput(this.#errorOutput)
    await this.#tell()
    const { kernel, capability, spec, task } = this.#options
    if (!(await kernel.askLease(capability)).open) return null
    const { problem, hasAnswered } = this.#findings
    const wasLost = this.#isResuming && !hasAnswered && exitCode !== 0 && !isOfProvider(problem?.class)
    if (wasLost || problem?.class === 'context') {
      if (this.#startedFresh) return null
      this.#startedFresh = true
      this.#isResuming = false
      this.#session = newUuid()
      return this.#again(task.prompt)
    }
    if (problem !== null || exitCode !== 0 || this.#reminded || task.cli.sessions === 'none') return null
    const session = this.#findings.session ?? (task.cli.sessions === 'given' ? this.#session : null)
    if (session === null) return null
    this.#reminded = true
    this.#session = session
    this.#isResuming = true
    return this.#again(reminder(spec.taskId))
  }

  #words(): AgentWords {
    const { problem, refused } = this.#findings
    const found = problem?.class ?? null
    return {
      error:
        problem !== null
          ? `${DESCRIBED[found ?? 'unknown']}: ${problem.message}`
          : refused !== null
            ? `${refused}`
            : null,
      problem:
        problem !== null && (found === 'quota' || found === 'credential' || found === 'model')
          ? {
              class: found,
              provider: this.#options.task.provider,
              message: this.#options.mask.maskText(problem.message),
              retryAt: problem.retryAt,
            }
          : null,
      lastWords: this.#lastWords(),
    }
  }

  /** After the last turn, however it ended: what is known of it. */
  async end(): Promise<AgentWords> {
    this.#read(this.#reader.end())
    await this.#tell().catch((error: unknown) =>
      console.error('the board could not be told what the agent did last', error),
    )
    return this.#words()
  }

  async [Symbol.asyncDispose](): Promise<void> {
    this.#stream.close()
    await this.#options.tools?.close().catch(() => undefined)
  }

  #lastWords(): string {
    const said = this.#stream.lastWords(LAST_WORDS)
    const errors = this.#options.mask.maskText(this.#errorOutput).trim()
    return [said, errors].filter(Boolean).join('\n').slice(-LAST_WORDS)
  }

  async #again(prompt: string): Promise<Turn> {
    this.#findings.beginTurn()
    this.#errorOutput = ''
    this.#isHopeless = false
    this.#reader = await openReader(this.#options.task.cli.output)
    return this.#turn(prompt)
  }

  async #turn(prompt: string): Promise<Turn> {
    const { task, spec, tools, env } = this.#options
    const git = linkedWorktree(spec.cwd)
    const conditions = new Set<Condition>([task.permissions])
    if (task.model !== null) conditions.add('model')
    if (this.#isResuming) conditions.add('resume')
    if (git !== null) conditions.add('worktree')
    if (task.skills.length > 0) conditions.add('skills')
    const start = compileStart(task.cli, {
      values: {
        prompt: task.cli.promptBy === 'argument' ? this.#asArgument(prompt) : prompt,
        task: spec.taskId,
        profile: spec.profile,
        tenant: env['YARD_TENANT'] ?? '',
        session: this.#session,
        workspace: spec.cwd,
        folder: spec.folder,
        skills: skillsFolder(spec.folder),
        ...(tools === null ? {} : { mcp_url: tools.url, mcp_token: tools.token }),
        home: env['HOME'] ?? homedir(),
        ...(task.model === null ? {} : { model: task.model }),
        ...(git === null ? {} : { git_dir: git.gitDir, git_common_dir: git.commonDir }),
      },
      conditions,
      more: task.more,
      folder: spec.folder,
    })
    for (const { name, content, mode, over } of start.files) {
      const whole =
        over === undefined ? content : await laidOver(resolve(env['HOME'] ?? homedir(), over), content)
      writeFileSync(join(spec.folder, name), whole, { mode })
    }
    return {
      argv: [spec.argv[0], ...start.arguments],
      stdin: start.stdin,
      env: { ...start.env, PWD: spec.cwd },
    }
  }

  /** One argument cannot be as long as a document may be. */
  #asArgument(prompt: string): string {
    if (Buffer.byteLength(prompt) <= LONGEST_ARGUMENT) return prompt
    const file = join(this.#options.spec.folder, 'prompt.md')
    writeFileSync(file, prompt, { mode: 0o600 })
    return `Everything you must know about your work is in the file ${file}. Read the whole of it first, then do what it says.`
  }

  /** The folders that the run's files and its temporary ones go into. */
  #layOut(): void {
    const { task, spec } = this.#options
    mkdirSync(temporaryFolder(spec), { recursive: true, mode: 0o700 })
    if (task.cli.skills !== 'folder') return
    for (const { name, folder } of task.skills)
      cpSync(folder, join(skillsFolder(spec.folder), task.cli.skillsBelow ?? '', name), {
        recursive: true,
        dereference: true,
      })
  }

  #read(found: readonly StreamItem[]): void {
    for (const item of found) {
      this.#stream.take(item)
      this.#findings.take(item)
      if (item.kind === 'error' && item.final) this.#isHopeless = false
    }
    if (found.length === 0) return
    const { clock } = this.#options
    if (clock.monotonicMs() - this.#toldAt >= TELL_EVERY_MS) void this.#tell().catch(() => undefined)
    this.#giveUpIfHopeless()
  }

  #giveUpIfHopeless(): void {
    const { problem, repeats } = this.#findings
    if (this.#isHopeless || problem?.class == null || !isOfProvider(problem.class)) return
    if (repeats < HOPELESS[problem.class]) return
    this.#isHopeless = true
    this.#options.onHopeless()
  }

  /** One after the other, so that the board never goes back to older news. */
  #tell(): Promise<void> {
    const { kernel, capability, clock, mask } = this.#options
    this.#toldAt = clock.monotonicMs()
    this.#telling = this.#telling
      .catch(() => undefined)
      .then(() => kernel.recordAgent(capability, this.#news(mask)))
    return this.#telling
  }

  #news(mask: SecretMask): RunAgentNews {
    const { session, model, hasAnswered, lastTool, lastMessage, usage, sessionUsage, problem } =
      this.#findings
    return {
      session: session ?? (this.#options.task.cli.sessions === 'given' && hasAnswered ? this.#session : null),
      model: model ?? this.#options.task.model,
      hasAnswered,
      lastTool:
        lastTool === null ? null : mask.maskText(`${lastTool.name} ${lastTool.input}`.slice(0, TOOL_WORDS)),
      lastMessage: lastMessage === null ? null : mask.maskText(lastMessage),
      usage,
      sessionUsage,
      problem: problem?.class ?? null,
    }
  }
}

/** The user's own settings with ours added, as JSON, which every reader of YAML takes. Theirs are only read. */
async function laidOver(file: string, ours: string): Promise<string> {
  const [{ parse }, { readFileSync }] = await Promise.all([import('yaml'), import('node:fs')])
  let theirs: unknown = {}
  try {
    theirs = parse(readFileSync(file, 'utf8')) ?? {}
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code !== 'ENOENT') throw error
  }
  return JSON.stringify(merged(theirs, JSON.parse(ours)), null, 2)
}

function merged(one: unknown, other: unknown): unknown {
  if (Array.isArray(one) && Array.isArray(other)) return [...(one as unknown[]), ...(other as unknown[])]
  if (typeof one !== 'object' || one === null || typeof other !== 'object' || other === null) return other
  const result: Record<string, unknown> = { ...one }
  for (const [key, value] of Object.entries(other))
    result[key] = key in result ? merged(result[key], value) : value
  return result
}

/** Where an agent leaves its sockets and reports: gone with the run. */
const temporaryFolder = ({ folder }: Pick<RunSpec, 'folder'>): string => join(folder, 'tmp')

const openReader = (output: AgentTask['cli']['output']): Promise<OutputReader> =>
  openOutput(output === 'acp' ? 'text' : output)

type ProviderClass = keyof typeof HOPELESS
const isOfProvider = (found: string | null | undefined): found is ProviderClass =>
  found === 'quota' || found === 'credential' || found === 'model'

const DESCRIBED = {
  credential: 'its login or key was not accepted',
  quota: 'its provider has had enough for now',
  model: 'its model cannot be used',
  context: 'its conversation cannot go on',
  transient: 'its provider could not be reached',
  refused: 'its client refused a tool',
  unknown: 'it failed',
} as const
