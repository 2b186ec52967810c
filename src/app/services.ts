/** What the CLI is handed beside the kernel; each part is loaded when it is first asked for. */
import { existsSync, realpathSync } from 'node:fs'
import { writeFile } from 'node:fs/promises'
import { delimiter, join, relative } from 'node:path'
import { systemClock } from '../lib/clock.ts'
import { silentLog } from '../lib/log.ts'
import { liveness } from '../lib/process-identity.ts'
import { gatewayStatus } from '../dispatch/gateway-state.ts'
import type { Services } from '../cli/services.ts'
import { conflict } from '../domain/errors.ts'
import { packageRoot } from './package-root.ts'
import { dispatchSettingsOf, isUnconfigured, readConfig } from './settings.ts'
import type { ServicesWiring } from './wiring.ts'

/** Without a configuration file, the caps that hold. */
const DEFAULT_CAPS = { board: 4, profile: 2 } as const

export function openServices(wiring: ServicesWiring): Services {
  const { paths, env } = wiring
  const config = once(() => readConfig(paths, env))
  const profiles = once(async () => {
    const { openProfiles, repositoryAround } = await import('../agents/profiles.ts')
    return openProfiles({
      folder: paths.profiles,
      repository: repositoryAround(process.cwd()),
      userHome: env['HOME'] ?? paths.home,
    })
  })
  return {
    config,
    checkConfig: async (text) => (await readConfig(paths, env, text)).settings,
    async caps() {
      if (isUnconfigured(paths, env)) return DEFAULT_CAPS
      const { kanban } = (await config()).settings
      return { board: kanban.max_running, profile: kanban.max_running_per_profile }
    },
    profiles,
    async agents() {
      const { agentNames, findAgent } = await import('../agents/table.ts')
      return agentNames()
        .flatMap((name) => findAgent(name) ?? [])
        .map(({ name, about }) => ({ name, about }))
    },
    installedAgents: async () => (await import('./installed-agents.ts')).installedAgents(paths, env),
    async profileTemplate(name, agent) {
      const { profileTemplate } = await import('../agents/profile-template.ts')
      return profileTemplate(name, { agent })
    },
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
    async attachments() {
      const { attachmentStore } = await import('../workspaces/attachment-store.ts')
      const store = attachmentStore(paths.attachments)
      return {
        async save(digest, to) {
          if (existsSync(to))
            throw conflict(
              'file_exists',
              `Cannot write ${to}: a file is there. Name another one, or move it away first.`,
              { path: to },
            )
          await using opened = await store.open(digest)
          await writeFile(to, opened.chunks(), { flag: 'wx', mode: 0o600 })
        },
      }
    },
    serveTools: async (caller) =>
      (await import('./tool-service.ts')).serveTools(caller, wiring, {
        profiles: await profiles(),
        maxAttachmentBytes: (await config()).settings.attachments.max_mb * 2 ** 20,
      }),
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
    async dispatch({ dryRun, max, failureLimit }) {
      const [{ Dispatcher }, { dispatchDeps }] = await Promise.all([
        import('../dispatch/dispatcher.ts'),
        import('./dispatch.ts'),
      ])
      const settings = dispatchSettingsOf((await config()).settings)
      const deps = dispatchDeps({
        kernel: await wiring.kernel(),
        paths,
        settings: () => settings,
        address: await wiring.address(),
        log: silentLog,
        env,
      })
      return new Dispatcher(deps).pass({
        dryRun,
        explicit: true,
        ...(max === null ? {} : { max }),
        ...(failureLimit === null ? {} : { failureLimit }),
      })
    },
    gateway: {
      program: wiring.program,
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
        }
      },
      serverUrl: async () => (await import('../server/server-state.ts')).readServerState(paths)?.url ?? null,
      run: async (options) => (await import('./gateway-service.ts')).runGatewayHere(wiring, options),
      stop: async () => (await import('./gateway.ts')).stopGateway(paths),
    },
    get commandName() {
      return commandName(env)
    },
    processes: { liveness },
  }
}

/** `yard` where the PATH leads to this installation, else the way to it from here. */
function commandName(env: NodeJS.ProcessEnv): string {
  const own = join(packageRoot(), 'bin', 'yard')
  const isOwn = (folder: string) => {
    try {
      return realpathSync(join(folder, 'yard')) === own
    } catch {
      return false
    }
  }
  if ((env['PATH'] ?? '').split(delimiter).some(isOwn)) return 'yard'
  const way = relative(process.cwd(), own)
  return way.startsWith('..') ? own : way
}

export const once = <T>(make: () => Promise<T>): (() => Promise<T>) => {
  let made: Promise<T> | undefined
  return () => (made ??= make())
}
