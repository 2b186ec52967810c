// What the scripts share. Plain Node 20, no dependencies: they run before anything is installed.
import { spawn } from 'node:child_process'
import { existsSync, readFileSync, readdirSync, statSync } from 'node:fs'
import { constants } from 'node:os'
import { delimiter, join } from 'node:path'
import { fileURLToPath } from 'node:url'

export const root = fileURLToPath(new URL('..', import.meta.url)).replace(/[\\/]$/, '')
export const at = (...parts) => join(root, ...parts)

const localBin = at('node_modules', '.bin')

/** The user's own PATH: without what npm put in front of it (its list ends with its node-gyp-bin). */
function userPath() {
  const paths = (process.env.PATH ?? '').split(delimiter)
  const npms = paths.findLastIndex((path) => path.endsWith('node-gyp-bin'))
  return paths.slice(npms + 1).filter((path) => path !== localBin)
}

/** What the checkout's own tools run with: the pinned Node and the local commands come first. */
export const toolEnv = () => ({ ...process.env, PATH: [localBin, ...userPath()].join(delimiter) })

/** What the product runs with: the user's own PATH, so that an agent it starts never meets our tools. */
export const userEnv = () => ({ ...process.env, PATH: userPath().join(delimiter) })

/** Runs a command to its end; resolves to its exit code, with a signal as 128 + its number. */
export function run(command, args, { env = toolEnv(), onOutput } = {}) {
  const child = spawn(command, args, {
    cwd: root,
    env,
    stdio: onOutput ? ['ignore', 'pipe', 'pipe'] : 'inherit',
  })
  if (onOutput) {
    child.stdout.setEncoding('utf8').on('data', onOutput)
    child.stderr.setEncoding('utf8').on('data', onOutput)
  }
  return new Promise((resolve) => {
    child.on('error', (error) => {
      console.error(`cannot run ${command}: ${error.message}`)
      resolve(127)
    })
    child.on('close', (code, signal) => resolve(code ?? 128 + (constants.signals[signal] ?? 0)))
  })
}

// By content, not by time: an npm install that just ran, or a branch switch and back, must not cost one more.
export function isInstalled() {
  const installedLock = at('node_modules', '.package-lock.json')
  if (!existsSync(installedLock)) return false
  const wanted = JSON.parse(readFileSync(at('package-lock.json'), 'utf8')).packages
  const installed = JSON.parse(readFileSync(installedLock, 'utf8')).packages
  return Object.entries(wanted).every(([path, entry]) => {
    if (!path.startsWith('node_modules/') || entry.link) return true
    const found = installed[path]
    if (!found) return entry.optional === true || entry.peer === true
    return found.version === entry.version && found.integrity === entry.integrity
  })
}

/** Installs exactly the lockfile, unless that is what is there. Resolves to whether it is there now. */
export async function ensureInstalled() {
  if (isInstalled()) return true
  console.log('installing dependencies (npm ci)')
  // With the Node npm itself came with: the pinned one is about to be replaced under its feet.
  const { npm_node_execpath: node, npm_execpath: npm } = process.env
  const [command, ...args] =
    node && npm && existsSync(node) && npm.endsWith('.js') ? [node, npm, 'ci'] : ['npm', 'ci']
  const code = await run(command, args, { env: userEnv() })
  if (code !== 0) console.error('npm ci failed; see its message above.')
  return code === 0
}

const sources = [
  'src',
  'package.json',
  'scripts/build.mjs',
  'scripts/late-builtins.mjs',
  'scripts/statement-texts.mjs',
]

function newestChange(path) {
  const stat = statSync(path, { throwIfNoEntry: false })
  if (!stat) return 0
  if (!stat.isDirectory()) return stat.mtimeMs
  return readdirSync(path).reduce(
    (newest, name) => Math.max(newest, newestChange(join(path, name))),
    stat.mtimeMs,
  )
}

/** Builds dist, unless it is newer than everything it is made from. Resolves to whether it is there now. */
export async function ensureBuilt() {
  const built = statSync(at('dist', 'bin.cjs'), { throwIfNoEntry: false })?.mtimeMs ?? 0
  if (built > 0 && sources.every((source) => newestChange(at(source)) <= built)) return true
  console.log('building')
  return (await run('node', ['scripts/build.mjs'])) === 0
}

/** Becomes a command, as far as that is possible: signals go in, the exit code comes out. */
export function become(command, args, env = userEnv()) {
  const child = spawn(command, args, { stdio: 'inherit', env })
  // A terminal sends Ctrl-C to the whole group by itself; anything else sends it to us alone.
  for (const signal of ['SIGINT', 'SIGTERM', 'SIGHUP']) {
    process.on(signal, () => {
      if (signal !== 'SIGINT' || !process.stdin.isTTY) child.kill(signal)
    })
  }
  child.on('error', (error) => fail(`cannot run ${command}: ${error.message}`, 127))
  child.on('exit', (code, signal) => process.exit(code ?? 128 + (constants.signals[signal] ?? 0)))
}

export function fail(message, code = 1) {
  console.error(message)
  process.exit(code)
}
