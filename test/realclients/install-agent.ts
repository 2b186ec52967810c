/** The real command lines of agents, installed from the registry on demand into a folder outside of the checkout. */
import { execFile } from 'node:child_process'
import { existsSync, mkdirSync, renameSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { basename, join } from 'node:path'
import { promisify } from 'node:util'
import { CLI_AGENTS } from '../../src/agents/table.ts'

/** The package of each agent that can be had from the registry; its version is the one in the agent's row. */
const PACKAGES: Readonly<Record<string, string>> = {
  claude: '@anthropic-ai/claude-code',
  cline: 'cline',
  codex: '@openai/codex',
  continue: '@continuedev/cli',
  copilot: '@github/copilot',
  gemini: '@google/gemini-cli',
  kimi: '@moonshot-ai/kimi-code',
  opencode: 'opencode-ai',
  qwen: '@qwen-code/qwen-code',
}

export const installable = (): readonly string[] => Object.keys(PACKAGES)

export type Installation =
  | { readonly ok: true; readonly program: string; readonly version: string }
  | { readonly ok: false; readonly reason: string }

/** Where they are kept, and how they did in the tests. */
export const agentsFolder = process.env['YARD_AGENTS_CACHE'] ?? join(tmpdir(), 'yardmaster-agents')
const run = promisify(execFile)

interface Place {
  /** Package and version, as npm takes them. */
  readonly from: string
  readonly version: string
  readonly folder: string
  readonly program: string
}

function placeOf(name: string): Place | null {
  const cli = CLI_AGENTS.find((agent) => agent.name === name)
  const from = PACKAGES[name]
  if (cli === undefined || from === undefined || cli.version.tested === null) return null
  const folder = join(agentsFolder, `${name}-${cli.version.tested}`)
  return {
    from: `${from}@${cli.version.tested}`,
    version: cli.version.tested,
    folder,
    program: join(folder, 'node_modules', '.bin', cli.program),
  }
}

/** Where it is, unless it was never installed. */
export function installedAgent(name: string): Installation {
  const place = placeOf(name)
  if (place === null) return { ok: false, reason: `${name} cannot be had from the registry` }
  const { program, version } = place
  return existsSync(program)
    ? { ok: true, program, version }
    : { ok: false, reason: `it is not installed; npm run test:agents -- ${name} does that` }
}

/** Where it is, or why it cannot be had. Takes seconds the first time, and hundreds of megabytes. */
export async function installAgent(name: string): Promise<Installation> {
  const place = placeOf(name)
  const installed = installedAgent(name)
  if (place === null || installed.ok) return installed
  const { from, folder, program, version } = place
  const partial = `${folder}.${process.pid}`
  mkdirSync(partial, { recursive: true })
  writeFileSync(join(partial, 'package.json'), '{"private":true}\n')
  try {
    await run('npm', ['install', '--no-audit', '--no-fund', '--prefix', partial, from], {
      cwd: partial,
      timeout: 300_000,
      env: { ...process.env, npm_config_allow_scripts: undefined },
    })
    // Somebody else may have been quicker, and may be using it by now.
    if (existsSync(program)) rmSync(partial, { recursive: true, force: true })
    else {
      rmSync(folder, { recursive: true, force: true })
      renameSync(partial, folder)
    }
  } catch (error) {
    rmSync(partial, { recursive: true, force: true })
    return { ok: false, reason: `${from} could not be installed: ${String(error).slice(0, 500)}` }
  }
  return existsSync(program)
    ? { ok: true, program, version }
    : { ok: false, reason: `${from} brought no ${basename(program)}` }
}
