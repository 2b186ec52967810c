/** How an agent's program is started for a run: command line, variables and private files, and nothing of the user's changed. */
import { cpSync, mkdirSync, writeFileSync } from 'node:fs'
import { homedir } from 'node:os'
import { join, resolve } from 'node:path'
import type { Condition } from '../domain/cli-agent.ts'
import { compileStart, skillsFolder } from '../agents/compile-start.ts'
import { refusalPreload } from '../agents/refusal-preload.ts'
import { linkedWorktree } from '../agents/linked-worktree.ts'
import type { AgentRunOptions, Turn } from './drivers/driver.ts'

/** Of one argument, in bytes; the system takes 128 KiB. */
const LONGEST_ARGUMENT = 100_000

type Options = Pick<AgentRunOptions, 'spec' | 'task' | 'tools' | 'env'>

/** The folders that the run's files and its temporary ones go into. */
export function layOut({ task, spec }: Options): void {
  // Where an agent leaves its sockets and reports: gone with the run.
  mkdirSync(join(spec.folder, 'tmp'), { recursive: true, mode: 0o700 })
  if (task.cli.skills !== 'folder') return
  for (const { name, folder } of task.skills)
    cpSync(folder, join(skillsFolder(spec.folder), task.cli.skillsBelow ?? '', name), {
      recursive: true,
      dereference: true,
    })
}

export interface StartOf {
  readonly prompt: string
  readonly session: string
  readonly isResuming: boolean
}

/** The row of the agent, filled in for one start. */
export async function startOf(options: Options, { prompt, session, isResuming }: StartOf): Promise<Turn> {
  const { task, spec, tools, env } = options
  const git = linkedWorktree(spec.cwd)
  const conditions = new Set<Condition>([task.permissions])
  if (task.model !== null) conditions.add('model')
  if (isResuming) conditions.add('resume')
  if (git !== null) conditions.add('worktree')
  if (task.skills.length > 0) conditions.add('skills')
  const home = env['HOME'] ?? homedir()
  const start = compileStart(task.cli, {
    values: {
      prompt: task.cli.promptBy === 'argument' ? asArgument(spec.folder, prompt) : prompt,
      task: spec.taskId,
      profile: spec.profile,
      tenant: env['YARD_TENANT'] ?? '',
      session,
      workspace: spec.cwd,
      folder: spec.folder,
      skills: skillsFolder(spec.folder),
      ...(tools === null ? {} : { mcp_url: tools.url, mcp_token: tools.token }),
      home,
      ...(task.model === null ? {} : { model: task.model }),
      ...(git === null ? {} : { git_dir: git.gitDir, git_common_dir: git.commonDir }),
    },
    conditions,
    more: task.more,
    folder: spec.folder,
  })
  for (const { name, content, mode, over } of start.files) {
    const whole = over === undefined ? content : await laidOver(resolve(home, over), content)
    writeFileSync(join(spec.folder, name), whole, { mode })
  }
  return {
    argv: [spec.argv[0], ...start.arguments],
    stdin: start.stdin,
    env: { ...start.env, ...preloaded(options), PWD: spec.cwd },
  }
}

/** The variables that load a script into the agent's program, which is written for it. */
function preloaded({ task, spec, env }: Options): Readonly<Record<string, string>> {
  if (task.cli.preload === undefined) return {}
  const file = join(spec.folder, 'refusals.cjs')
  const script = refusalPreload(task.cli.preload, file, env)
  writeFileSync(file, script.content, { mode: 0o600 })
  return script.env
}

/** One argument cannot be as long as a document may be. */
function asArgument(folder: string, prompt: string): string {
  if (Buffer.byteLength(prompt) <= LONGEST_ARGUMENT) return prompt
  const file = join(folder, 'prompt.md')
  writeFileSync(file, prompt, { mode: 0o600 })
  return `Everything you must know about your work is in the file ${file}. Read the whole of it first, then do what it says.`
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
