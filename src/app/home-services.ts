/** What every door is handed of a home; each part is loaded when it is first asked for. */
import { join } from 'node:path'
import type { LoadedConfig } from '../contract/load-config.ts'
import { gatewayStatus } from '../dispatch/gateway-state.ts'
import type { HomeServices, ServerPlace } from '../home/services.ts'
import { systemClock } from '../lib/clock.ts'
import type { HomePaths } from '../lib/paths.ts'
import { liveness } from '../lib/process-identity.ts'
import { packageRoot } from './package-root.ts'
import { isUnconfigured, readConfig } from './settings.ts'
import { once, type ServicesWiring } from './wiring.ts'

/** Without a configuration file, the caps that hold. */
const DEFAULT_CAPS = { board: 4, profile: 2 } as const

export type HomeWiring = Pick<ServicesWiring, 'paths' | 'env' | 'kernel' | 'address' | 'place'> & {
  /** Where the process was started; its repository may have profiles. The current folder by default. */
  readonly folder?: string
}

/** `config` gives the configuration in force: read once by what ends soon, again and again by what goes on. */
export function openHomeServices(wiring: HomeWiring, config: () => Promise<LoadedConfig>) {
  const { paths, env, folder = process.cwd() } = wiring
  const userHome = env['HOME'] ?? paths.home
  const opened = once(async () => {
    const [{ openProfiles, repositoryAround }, { agentTable }] = await Promise.all([
      import('../agents/profiles.ts'),
      import('../agents/table.ts'),
    ])
    const place = { agents: agentTable() }
    const found = openProfiles({
      folder: paths.profiles,
      repository: repositoryAround(folder),
      userHome,
      agents: () => place.agents,
    })
    return { found, place, agentTable }
  })
  /** A worker is not kept from reporting by a slip in the configuration. */
  const configured = (): Promise<LoadedConfig | null> =>
    config().catch((error: unknown) => {
      if (env['YARD_CAPABILITY_FILE'] === undefined) throw error
      return null
    })
  /** With the agents that the configuration in force has. */
  const profiles = async () => {
    const { found, place, agentTable } = await opened()
    if (!isUnconfigured(paths, env)) place.agents = agentTable((await configured())?.settings.agents)
    return found
  }
  return {
    config,
    checkConfig: async (text) => (await readConfig(paths, env, text)).settings,
    async caps() {
      if (isUnconfigured(paths, env)) return DEFAULT_CAPS
      const { kanban } = (await config()).settings
      return { board: kanban.max_running, profile: kanban.max_running_per_profile }
    },
    profiles,
    // A process that goes on heeds them anyway.
    heedProfiles: () => Promise.resolve(),
    async profileFiles() {
      const { originOf, readProfileText, writeProfileText, createProfileText } =
        await import('../agents/profile-files.ts')
      const place = { folder: paths.profiles, userHome, profiles: await profiles() }
      return {
        originOf: (finding) => originOf(finding, paths.profiles),
        read: async (name) => readProfileText(place, name),
        write: async (name, wanted) => writeProfileText(place, name, wanted),
        create: async (name, wanted) => createProfileText(place, name, wanted),
      }
    },
    async roster() {
      const { installProfile, readRoster, startersFor } = await import('../agents/roster.ts')
      const packaged = join(packageRoot(), 'profiles')
      const known = await profiles()
      const isThere = (name: string) => known.find(name).state !== 'unknown'
      const installed = async () => {
        const { installedAgents } = await import('./installed-agents.ts')
        const all = (await installedAgents(known.agents, paths, env)).filter(
          ({ program }) => program !== null,
        )
        // One that would have to log in first comes last.
        const order = (agent: (typeof all)[number]) => (agent.hasLogin === false ? 1 : 0)
        return all.toSorted((one, other) => order(one) - order(other)).map(({ name }) => name)
      }
      return {
        list: () =>
          readRoster(packaged).map(({ name, description, orchestrator }) => ({
            name,
            description,
            orchestrator,
            isThere: isThere(name),
          })),
        starters: async () => startersFor(await installed()).filter(({ name }) => !isThere(name)),
        install: (wanted) =>
          installProfile({ folder: paths.profiles, userHome, profiles: known, packaged, installed }, wanted),
      }
    },
    async orchestrator(named) {
      const { pickOrchestrator } = await import('../agents/pick-orchestrator.ts')
      const configured = isUnconfigured(paths, env) ? null : (await config()).settings.triage.profile
      return pickOrchestrator(await profiles(), { named, configured })
    },
    async agents() {
      const { agents } = await profiles()
      return agents.names
        .flatMap((name) => agents.find(name) ?? [])
        .map(({ name, about }) => ({ name, about }))
    },
    installedAgents: async () =>
      (await import('./installed-agents.ts')).installedAgents((await profiles()).agents, paths, env),
    checkProfile: async (name) =>
      (await import('./check-profile.ts')).checkProfile({ name, profiles: await profiles(), paths, env }),
    profileWarnings: async (name) =>
      (await import('./check-profile.ts')).profileWarnings({ name, profiles: await profiles(), paths, env }),
    board: async () => (await import('./board-service.ts')).openBoardService(wiring),
    backups: async () =>
      (await import('./backup-service.ts')).openBackups(wiring, (await config()).settings.backups.keep),
    workspaces: async () =>
      (await import('./workspace-service.ts')).openWorkspaces(
        wiring,
        async () => (await config()).settings,
        await profiles(),
      ),
    async collectGarbage({ eventRetentionDays, logRetentionDays, now }) {
      const [{ collectGarbage }, { retentionOf }] = await Promise.all([
        import('../dispatch/collect-garbage.ts'),
        import('./dispatch.ts'),
      ])
      const kernel = await wiring.kernel()
      const days = retentionOf((await config()).settings)
      return collectGarbage(
        { kernel, paths, boardId: kernel.deps.store.boardId },
        { ...days, events: eventRetentionDays ?? days.events, logs: logRetentionDays ?? days.logs },
        now,
      )
    },
    gateway: {
      async status() {
        const status = gatewayStatus(paths, systemClock.now())
        const state = status.running ? status.state : status.crashed
        return {
          running: status.running,
          healthy: status.running && status.healthy,
          dispatching: status.running && (state?.dispatching ?? false),
          problems: status.running ? status.problems : [],
          pid: state?.identity.pid ?? null,
          version: state?.version ?? null,
          startedAt: state?.startedAt ?? null,
          lastPassAt: state?.lastPassAt ?? null,
          crashed: !status.running && state !== null,
          server: status.running ? await serverPlace(paths) : null,
        }
      },
    },
    processes: { liveness },
  } satisfies HomeServices
}

async function serverPlace(paths: HomePaths): Promise<ServerPlace | null> {
  const { readServerState } = await import('../server/server-state.ts')
  const state = readServerState(paths)
  return state === null ? null : { url: state.url, socket: state.socket, exposure: state.exposure }
}
