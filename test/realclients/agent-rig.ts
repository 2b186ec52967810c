/** A rig whose profiles are real agents, served by the scripted model. */
import { createHash } from 'node:crypto'
import { readdirSync, readFileSync, readlinkSync } from 'node:fs'
import { join, relative } from 'node:path'
import { drivenBy, type DriverName } from '../../src/domain/cli-agent.ts'
import { CLI_AGENTS } from '../../src/agents/table.ts'
import { openRig, type Rig, type RigOptions } from '../helpers/rig/rig.ts'
import { CLIENTS, writeSettings } from './clients.ts'
import { installAgent } from './install-agent.ts'
import { ScriptedModel, type Step } from './scripted-model.ts'

/** Some clients are refused by their provider for minutes before they say a word about it. */
const PATIENCE_MS = 420_000

export interface MoreOfProfile {
  readonly environment?: {
    readonly set?: Readonly<Record<string, string>>
    readonly allow?: readonly string[]
  }
  readonly [key: string]: unknown
}

export interface AgentRig extends AsyncDisposable {
  readonly rig: Rig
  readonly model: ScriptedModel
  /** A profile of this agent; `more` goes into its front matter. */
  hire(profile: string, agent: string, more?: MoreOfProfile): Promise<void>
  /** Digests of the files and the targets of the links in the user's home, without what the agents keep there themselves. */
  userFiles(): Readonly<Record<string, string>>
}

export async function openAgentRig(options: RigOptions = {}): Promise<AgentRig> {
  const model = await ScriptedModel.open()
  const rig = await openRig({ patienceMs: PATIENCE_MS, ...options, gateway: false })
  const userHome = join(rig.folder, 'user')
  return {
    rig,
    model,
    async hire(profile, agent, { environment = {}, ...more } = {}) {
      const installed = await installAgent(agent)
      const client = CLIENTS[agent]?.(model.url)
      if (!installed.ok || client === undefined) throw new Error(`${agent} is not there`)
      writeSettings(client, userHome)
      const row = CLI_AGENTS.find(({ name }) => name === agent)
      if (row !== undefined && drivenBy(row, (more['driver'] ?? null) as DriverName | null)?.tools === 'cli')
        model.translate = asCommand
      rig.addProfile(profile, {
        agent: client.agent,
        command: [installed.program],
        ...client.profile,
        ...more,
        environment: { ...environment, set: { ...client.set, ...environment.set } },
      })
    },
    userFiles: () => {
      const kept = CLI_AGENTS.flatMap(({ keeps }) => keeps)
      const isKept = (path: string) => kept.some((place) => path === place || path.startsWith(`${place}/`))
      return Object.fromEntries(
        readdirSync(userHome, { withFileTypes: true, recursive: true })
          .filter((entry) => !entry.isDirectory())
          .map((entry) => ({ entry, path: relative(userHome, join(entry.parentPath, entry.name)) }))
          .filter(({ path }) => isSetting(path) || !isKept(path))
          .map(({ entry, path }) => [
            path,
            entry.isSymbolicLink()
              ? `-> ${readlinkSync(join(userHome, path))}`
              : createHash('sha256')
                  .update(readFileSync(join(userHome, path)))
                  .digest('hex'),
          ]),
      )
    },
    async [Symbol.asyncDispose]() {
      await rig[Symbol.asyncDispose]()
      await model[Symbol.asyncDispose]()
    },
  }
}

/** The same by the command line, for agents that report that way. */
function asCommand(step: Step): Step {
  if (!('tool' in step)) return step
  const { summary, reason, note, title, assignee, parent_id, child_id } = step.args as Record<
    string,
    string | undefined
  >
  const words = {
    kanban_show: 'show $YARD_TASK',
    kanban_heartbeat: `heartbeat $YARD_TASK --note '${note}'`,
    kanban_complete: `complete $YARD_TASK --summary '${summary}'`,
    kanban_block: `block $YARD_TASK '${reason}'`,
    kanban_create: `create '${title}' --assignee ${assignee} --triage`,
    kanban_link: `link ${parent_id} ${child_id}`,
  }[step.tool]
  return words === undefined
    ? step
    : { ...step, tool: 'run_shell_command', args: { command: `yard ${words}`, description: 'report' } }
}

/** The user's own words, in folders where agents keep theirs too. */
const isSetting = (file: string): boolean =>
  Object.values(CLIENTS).some((client) => Object.keys(client('').settings).includes(file))
