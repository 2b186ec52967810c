/** The entry of `yard`: hands the terminal to the command line, and ends the process in a way shells understand. */
import { appendFileSync, existsSync, mkdirSync, rmSync, statSync } from 'node:fs'
import { homedir } from 'node:os'
import { join } from 'node:path'
import { runCli } from './cli/main.ts'
import { systemClock } from './lib/clock.ts'
import { homeFolder, homePaths } from './lib/paths.ts'

declare const __YARD_VERSION__: string

const version = typeof __YARD_VERSION__ === 'string' ? __YARD_VERSION__ : '0.0.0-dev'

// `yard list | head`: a reader that has seen enough is no error.
for (const stream of [process.stdout, process.stderr]) {
  stream.on('error', (error: NodeJS.ErrnoException) => {
    if (error.code === 'EPIPE') process.exit(process.exitCode ?? 0)
    throw error
  })
}

/** Until a command asks for it, Ctrl+C ends the process at once, as everywhere. */
let interruption: AbortController | undefined
function interrupted(): AbortSignal {
  if (interruption === undefined) {
    const controller = (interruption = new AbortController())
    for (const signal of ['SIGINT', 'SIGTERM', 'SIGHUP'] as const) {
      process.on(signal, () => {
        // A second Ctrl+C means: now.
        if (controller.signal.aborted && signal === 'SIGINT') process.exit(130)
        controller.abort()
      })
    }
  }
  return interruption.signal
}

/** How this program is started: in an installation by its launcher, which finds the right Node. */
function program(): readonly [string, ...string[]] {
  const launcher = join(import.meta.dirname, '..', 'bin', 'yard')
  const isBuilt = !import.meta.dirname.endsWith('src')
  return isBuilt && existsSync(launcher) ? [launcher] : [process.execPath, process.argv[1] ?? '']
}

/** The folder may be gone under the shell's feet. */
function folder(): string {
  try {
    return process.cwd()
  } catch {
    return homedir()
  }
}

const MAX_BUG_BYTES = 1_000_000

/** Keeps what nobody expected where its reporter finds it; null when even that fails. */
function recordBug(error: unknown): string | null {
  try {
    const { logs } = homePaths(homeFolder(process.env))
    const file = join(logs, 'bugs.log')
    mkdirSync(logs, { recursive: true, mode: 0o700 })
    if ((statSync(file, { throwIfNoEntry: false })?.size ?? 0) > MAX_BUG_BYTES) rmSync(file)
    const stack = error instanceof Error ? (error.stack ?? error.message) : String(error)
    const time = new Date(systemClock.now() * 1000).toISOString()
    appendFileSync(file, `${time} yard ${version} ${process.argv[2] ?? ''}\n${stack}\n\n`, { mode: 0o600 })
    return file
  } catch {
    return null
  }
}

void runCli({
  words: process.argv.slice(2),
  terminal: process,
  env: process.env,
  folder: folder(),
  version,
  now: systemClock.now(),
  interrupted,
  recordBug,
  openApp: async () => {
    const { openApp } = await import('./app.ts')
    return openApp({ env: process.env, version, program: program() })
  },
}).then((code) => {
  process.exitCode = code
})
