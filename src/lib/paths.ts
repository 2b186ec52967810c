/** Where everything of one installation lives. */
import { homedir } from 'node:os'
import { join, resolve } from 'node:path'

export interface HomePaths {
  readonly home: string
  readonly config: string
  /** The embedded database of the board. */
  readonly database: string
  /** Says which board this home has, so that a missing file is noticed and never replaced. */
  readonly registry: string
  readonly backups: string
  /** One folder per open run: its private spec and its spooled ending. */
  readonly runs: string
  readonly logs: string
  /** The logs of runs lie side by side in here. */
  readonly runLogs: string
  readonly workspaces: string
  readonly trash: string
  /** Uncommitted changes of worktrees whose run was ended, one folder per run. */
  readonly snapshots: string
  readonly attachments: string
  readonly profiles: string
  /** Versions that the programs of agents said they have. */
  readonly agentVersions: string
  readonly gatewayLock: string
  /** What the running gateway says of itself. */
  readonly gatewayState: string
  readonly gatewayLog: string
  /** The token of the home's owner for the server. */
  readonly serverToken: string
  /** Where the running server can be reached. */
  readonly serverState: string
}

/** The home folder: `YARD_HOME`, or `~/.yardmaster`. */
export const homeFolder = (env: NodeJS.ProcessEnv): string =>
  resolve(env['YARD_HOME'] || join(env['HOME'] || homedir(), '.yardmaster'))

export const homePaths = (home: string): HomePaths => ({
  home,
  config: join(home, 'config.yaml'),
  database: join(home, 'kanban.db'),
  registry: join(home, 'board.json'),
  backups: join(home, 'backups'),
  runs: join(home, 'runs'),
  logs: join(home, 'logs'),
  runLogs: join(home, 'logs', 'runs'),
  workspaces: join(home, 'workspaces'),
  trash: join(home, 'trash'),
  snapshots: join(home, 'snapshots'),
  attachments: join(home, 'attachments'),
  profiles: join(home, 'profiles'),
  agentVersions: join(home, 'agents.json'),
  gatewayLock: join(home, 'gateway.lock'),
  gatewayState: join(home, 'gateway.json'),
  gatewayLog: join(home, 'logs', 'gateway.log'),
  serverToken: join(home, 'server.token'),
  serverState: join(home, 'server.json'),
})
