/** The yard under test, and how its commands are called. */
import { spawn, type ChildProcess } from 'node:child_process'
import { once } from 'node:events'
import { cpSync, existsSync, mkdirSync, realpathSync, symlinkSync } from 'node:fs'
import { dirname, join, resolve } from 'node:path'

export const checkout = resolve(import.meta.dirname, '../../..')

/** The built program of this checkout, or the one of an installation that `YARD_RIG_PROGRAM` names. */
export const yardProgram = process.env['YARD_RIG_PROGRAM'] ?? join(checkout, 'bin', 'yard')

/** Another installation of the program under test; gives its command. The tools of the checkout stay where they are. */
export function installCopy(folder: string): string {
  const root = dirname(dirname(realpathSync(yardProgram)))
  mkdirSync(folder)
  for (const part of ['bin', 'dist', 'skills', 'profiles', 'package.json'])
    if (existsSync(join(root, part))) cpSync(join(root, part), join(folder, part), { recursive: true })
  symlinkSync(join(root, 'node_modules'), join(folder, 'node_modules'))
  return join(folder, 'bin', 'yard')
}

export interface CommandResult {
  readonly code: number | null
  readonly signal: NodeJS.Signals | null
  readonly stdout: string
  readonly stderr: string
}

/** A command under way. */
export interface Command {
  readonly pid: number
  readonly child: ChildProcess
  readonly result: Promise<CommandResult>
}

export interface CommandOptions {
  readonly env: NodeJS.ProcessEnv
  readonly cwd: string
  readonly stdin?: string
}

export function startYard(words: readonly string[], { env, cwd, stdin }: CommandOptions): Command {
  const child = spawn(yardProgram, words, { env, cwd, stdio: ['pipe', 'pipe', 'pipe'] })
  if (child.pid === undefined) throw new Error(`cannot start ${yardProgram}; is it built?`)
  const text = { stdout: '', stderr: '' }
  for (const stream of ['stdout', 'stderr'] as const)
    child[stream].setEncoding('utf8').on('data', (part: string) => (text[stream] += part))
  child.stdin.on('error', () => {}).end(stdin)
  const result = once(child, 'close').then(([code, signal]): CommandResult => ({
    code: code as number | null,
    signal: signal as NodeJS.Signals | null,
    ...text,
  }))
  return { pid: child.pid, child, result }
}
