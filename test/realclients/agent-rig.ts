/** A rig whose profiles are real agents, served by the scripted model. */
import { createHash } from 'node:crypto'
import { readFileSync } from 'node:fs'
import { join, relative } from 'node:path'
import { drivenBy, type DriverName } from '../../src/agents/cli-agent.ts'
import { CLI_AGENTS } from '../../src/agents/table.ts'
import { filesIn } from '../helpers/rig/invariants.ts'
import { openRig, type Rig, type RigOptions } from '../helpers/rig/rig.ts'
import { CLIENTS, writeSettings } from './clients.ts'
import { installAgent } from './install-agent.ts'
import { ScriptedModel, type Step } from './scripted-model.ts'

export interface AgentRig extends AsyncDisposable {
  readonly rig: Rig
  readonly model: ScriptedModel
  /** A profile of this agent; `more` goes into its front matter. */
  hire(profile: string, agent: string, more?: Readonly<Record<string, unknown>>): Promise<void>
  /** Digests of the files in the user's home, without those the agents keep there themselves. */
  userFiles(): Readonly<Record<string, string>>
}

export async function openAgentRig(options: RigOptions = {}): Promise<AgentRig> {
  const model = await ScriptedModel.open()
  const rig = await openRig({ ...options, gateway: false })
  const userHome = join(rig.folder, 'user')
  return {
    rig,
    model,
    async hire(profile, agent, more = {}) {
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
        environment: { set: { ...client.set } },
        ...client.profile,
        ...more,
      })
    },
    userFiles: () => {
      const kept = CLI_AGENTS.flatMap(({ keeps }) => keeps)
      return Object.fromEntries(
        filesIn(userHome)
          .map((file) => relative(userHome, file))
          .filter(
            (file) =>
              isSetting(file) || !kept.some((place) => file === place || file.startsWith(`${place}/`)),
          )
          .map((file) => [
            file,
            createHash('sha256')
              .update(readFileSync(join(userHome, file)))
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
  const { summary, reason, note } = step.args as Record<string, string | undefined>
  const words = {
    kanban_show: 'show $YARD_TASK',
    kanban_heartbeat: `heartbeat $YARD_TASK --note '${note}'`,
    kanban_complete: `complete $YARD_TASK --summary '${summary}'`,
    kanban_block: `block $YARD_TASK '${reason}'`,
  }[step.tool]
  return words === undefined
    ? step
    : { ...step, tool: 'run_shell_command', args: { command: `yard ${words}`, description: 'report' } }
}

/** The user's own words, in folders where agents keep theirs too. */
const isSetting = (file: string): boolean =>
  Object.values(CLIENTS).some((client) => Object.keys(client('').settings).includes(file))
