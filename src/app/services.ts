/** What the CLI is handed beside the kernel; each part is loaded when it is first asked for. */
import { realpathSync } from 'node:fs'
import { homedir } from 'node:os'
import { delimiter, join, relative } from 'node:path'
import { silentLog } from '../lib/log.ts'
import type { Services } from '../cli/services.ts'
import { openHomeServices } from './home-services.ts'
import { packageRoot } from './package-root.ts'
import { dispatchSettingsOf, readConfig } from './settings.ts'
import { once, type ServicesWiring } from './wiring.ts'

export function openServices(wiring: ServicesWiring): Services {
  const { paths, env } = wiring
  const home = openHomeServices(
    wiring,
    once(() => readConfig(paths, env)),
  )
  const { config, profiles } = home
  const heedProfiles = once(async () => {
    const { profilePolicy } = await import('./profile-policy.ts')
    const { settings } = await config()
    wiring.usePolicy(profilePolicy(() => settings, await profiles()))
  })
  return {
    ...home,
    heedProfiles,
    attachments: async () =>
      (await import('./attachment-service.ts')).openAttachments(
        paths.attachments,
        (await config()).settings.attachments.max_mb,
        wiring.screen(),
      ),
    assignable: async () => (await import('../agents/assignable.ts')).assignableProfiles(await profiles()),
    async missingSkills(wanted) {
      const [{ skillsMissingFor }, { skillFoldersHere }] = await Promise.all([
        import('../agents/assignable.ts'),
        import('./skill-places.ts'),
      ])
      return skillsMissingFor(wanted, await profiles(), skillFoldersHere(paths, env))
    },
    async skillFiles({ agent, project }) {
      const [{ installSkills, placedSkills, removeSkills }, { repositoryAround }] = await Promise.all([
        import('../agents/skill-files.ts'),
        import('../agents/profiles.ts'),
      ])
      const base = project === null ? (env['HOME'] ?? homedir()) : (repositoryAround(project) ?? project)
      const place = { packaged: join(packageRoot(), 'skills'), base, agent }
      return {
        list: () => placedSkills(place),
        install: (options) => installSkills(place, options),
        remove: () => removeSkills(place),
      }
    },
    async guard(environments, secrets) {
      const mask = (await import('./mask.ts')).secretsIn(environments, secrets)
      wiring.useScreen(() => mask.screen())
      return (text) => mask.maskText(text)
    },
    serveTools: async (caller) =>
      (await import('./tool-service.ts')).serveTools(caller, wiring, {
        profiles: await profiles(),
        skillFolders: (await import('./skill-places.ts')).skillFoldersHere(paths, env),
        maxAttachmentBytes: (await config()).settings.attachments.max_mb * 2 ** 20,
      }),
    async dispatch({ dryRun, max, failureLimit }) {
      const [{ Dispatcher }, { dispatchDeps }] = await Promise.all([
        import('../dispatch/dispatcher.ts'),
        import('./dispatch.ts'),
      ])
      await heedProfiles()
      const settings = dispatchSettingsOf((await config()).settings)
      const { agents } = await profiles()
      const deps = dispatchDeps({
        kernel: await wiring.kernel(),
        paths,
        settings: () => settings,
        agents: () => agents,
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
      ...home.gateway,
      run: async (options) => (await import('./gateway-service.ts')).runGatewayHere(wiring, options),
      stop: async () => (await import('./gateway.ts')).stopGateway(paths),
    },
    get commandName() {
      return commandName(env)
    },
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
