/** A home of its own with a built `yard`, as a person has it, and nothing of the person who measures. */
import { spawn, spawnSync, type ChildProcess } from 'node:child_process'
import { existsSync, mkdirSync, mkdtempSync, readFileSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { homePaths, type HomePaths } from '../../src/lib/paths.ts'

const ROOT = join(import.meta.dirname, '..', '..')
const YARD = join(ROOT, 'bin', 'yard')

/** As many workers as asked for, no ceiling that measuring could reach, and any free port. */
const CONFIG = `kanban:
  max_running: 8
  max_running_per_profile: 8
  min_free_memory_mb: 0
  max_attempts_per_profile_per_day: 100000
server:
  port: 0
`

export interface Home {
  readonly paths: HomePaths
  readonly env: NodeJS.ProcessEnv
}

export function newHome(parent: string): Home {
  if (!existsSync(join(ROOT, 'dist', 'bin.cjs')))
    throw new Error('there is no dist/: run npm run build first')
  const folder = mkdtempSync(join(parent, 'home-'))
  const paths = homePaths(join(folder, '.yardmaster'))
  mkdirSync(paths.home, { mode: 0o700 })
  writeFileSync(paths.config, CONFIG)
  const env = {
    PATH: process.env['PATH'] ?? '/usr/bin:/bin',
    HOME: folder,
    YARD_HOME: paths.home,
    // One for all homes of this run: what is measured is every call but the first.
    XDG_CACHE_HOME: join(parent, 'cache'),
  }
  const home = { paths, env }
  yard(home, ['list'])
  return home
}

export interface Call {
  readonly ms: number
  readonly stdout: string
}

/** Runs the command and waits for it; throws when it fails. */
export function yard({ env }: Home, words: readonly string[]): Call {
  const startedAt = performance.now()
  const { status, stdout, stderr } = spawnSync(YARD, words, { env, encoding: 'utf8' })
  const ms = performance.now() - startedAt
  if (status !== 0) throw new Error(`yard ${words.join(' ')} ended with ${status}: ${stderr}`)
  return { ms, stdout }
}

/** `node -e 0` with the Node that runs `yard`. */
export function bareNode({ env }: Home): Call {
  const startedAt = performance.now()
  spawnSync(process.execPath, ['-e', '0'], { env, encoding: 'utf8' })
  return { ms: performance.now() - startedAt, stdout: '' }
}

export interface RunningGateway extends AsyncDisposable {
  readonly pid: number
}

/** Resolves when it looks after the board. */
export async function startGateway(
  { env, paths }: Home,
  more: NodeJS.ProcessEnv = {},
): Promise<RunningGateway> {
  const child = spawn(YARD, ['gateway', 'start'], {
    env: { ...env, ...more },
    stdio: ['ignore', 'ignore', 'inherit'],
  })
  const exited = new Promise<void>((resolve) => child.once('exit', () => resolve()))
  await untilHealthy(child, paths)
  return {
    pid: child.pid ?? 0,
    [Symbol.asyncDispose]: async () => {
      child.kill('SIGTERM')
      await exited
    },
  }
}

const HEALTHY_MS = 20_000

async function untilHealthy(child: ChildProcess, { gatewayState }: HomePaths): Promise<void> {
  const deadline = performance.now() + HEALTHY_MS
  while (performance.now() < deadline) {
    if (child.exitCode !== null) throw new Error(`the gateway ended with ${child.exitCode}`)
    if (existsSync(gatewayState) && readFileSync(gatewayState, 'utf8').includes('"lastPassAt":1')) return
    await new Promise((resolve) => setTimeout(resolve, 20))
  }
  throw new Error('the gateway did not become healthy')
}
