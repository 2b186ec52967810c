/** Starts the runner of a run that was just opened. */
import { spawn, type ChildProcess } from 'node:child_process'
import { closeSync, mkdirSync, openSync, rmSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import type { LaunchFile } from '../agents/agent.ts'
import { writeCapability } from './capability-file.ts'
import { RUN_FILES, type RunSpec } from './run-spec.ts'

export interface RunnerLaunch {
  readonly spec: RunSpec
  readonly files: readonly LaunchFile[]
  /** The runner's own program: the bundle in an installation, the source in a checkout that runs without a build. */
  readonly entry: string
  readonly env: NodeJS.ProcessEnv
}

export interface LaunchedRunner {
  readonly pid: number
  /** Resolves when the runner process is gone, however it ended. */
  readonly exited: Promise<void>
}

/** A runner mostly waits: room for 48 MB of young objects would only be filled because it is there. Saves 5 MB of each. */
const FRUGAL = ['--max-semi-space-size=1'] as const

/** Makes the run's private folder, empty. */
export function makeRunFolder(folder: string): void {
  rmSync(folder, { recursive: true, force: true })
  mkdirSync(folder, { recursive: true, mode: 0o700 })
}

/** Writes what the runner needs and starts it in a session of its own, so that it outlives the gateway. */
export async function launchRunner({ spec, files, entry, env }: RunnerLaunch): Promise<LaunchedRunner> {
  for (const file of files) writeFileSync(join(spec.folder, file.name), file.content, { mode: file.mode })
  // Only what reports by the command line is given the way to do so.
  if (spec.verdict === 'report' && spec.agent?.cli.tools !== 'mcp') writeCapability(spec)
  const specFile = join(spec.folder, RUN_FILES.spec)
  writeFileSync(specFile, JSON.stringify(spec), { mode: 0o600 })
  const messages = openSync(join(spec.folder, RUN_FILES.messages), 'a', 0o600)
  try {
    const child = spawn(process.execPath, [...FRUGAL, entry, specFile], {
      cwd: spec.folder,
      detached: true,
      stdio: ['ignore', messages, messages],
      env: withoutRun(env),
    })
    const exited = new Promise<void>((resolve) => child.once('exit', () => resolve()))
    await started(child)
    child.unref()
    return { pid: child.pid ?? 0, exited }
  } finally {
    closeSync(messages)
  }
}

/** A gateway that was started from inside a worker must not hand that worker's identity on. */
const withoutRun = (env: NodeJS.ProcessEnv): NodeJS.ProcessEnv =>
  Object.fromEntries(Object.entries(env).filter(([name]) => !OF_A_RUN.has(name)))

const OF_A_RUN = new Set([
  'YARD_RUN_MARKER',
  'YARD_RUN',
  'YARD_TASK',
  'YARD_WORKSPACE',
  'YARD_PROFILE',
  'YARD_TENANT',
  'YARD_BOARD',
  'YARD_CAPABILITY_FILE',
])

const started = (child: ChildProcess): Promise<void> =>
  new Promise((resolve, reject) => {
    child.once('error', reject)
    if (child.pid !== undefined) resolve()
  })

export { markerOf as runMarker, RUN_FILES, type RunSpec } from './run-spec.ts'
export { readSpooledEnding } from './spooled-ending.ts'
