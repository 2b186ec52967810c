/** `yard gateway start` and `yard daemon`: runs until it is told to stop. */
import { openProfiles, repositoryAround } from '../agents/profiles.ts'
import { agentTable } from '../agents/table.ts'
import type { GatewayRunOptions } from '../cli/services.ts'
import { openBackups } from './backup-service.ts'
import { runHomeGateway } from './gateway.ts'
import { openHomeServices } from './home-services.ts'
import { profilePolicy } from './profile-policy.ts'
import type { ServicesWiring } from './wiring.ts'
import { LiveConfig, readConfig, withOptions } from './settings.ts'

/** Returns after a clean stop. The workers go on. */
export async function runGatewayHere(wiring: ServicesWiring, options: GatewayRunOptions): Promise<void> {
  const { paths, env, version } = wiring
  const kernel = await wiring.kernel()
  const config = await LiveConfig.open(paths, env, {
    serving: options.serving ?? {},
    onProblem: (problem) => {
      if (problem !== null)
        process.stderr.write(`${problem}\nThe settings before the change stay in force.\n`)
    },
  })
  const profiles = openProfiles({
    folder: paths.profiles,
    repository: repositoryAround(process.cwd()),
    userHome: env['HOME'] ?? paths.home,
    agents: () => agentTable(config.settings.agents),
  })
  wiring.usePolicy(profilePolicy(() => config.settings, profiles))
  const backups = await openBackups(wiring, config.settings.backups.keep)
  const { daemon } = options
  await runHomeGateway({
    paths,
    env,
    version,
    kernel,
    address: await wiring.address(),
    config,
    // A configuration that changed meanwhile counts: this goes on for long.
    services: openHomeServices(wiring, async () =>
      withOptions(await readConfig(paths, env), options.serving ?? {}),
    ),
    backups: {
      newestAt: async () => (await backups.list())[0]?.createdAt ?? null,
      make: async () => void (await backups.create(null)),
    },
    only: daemon === undefined ? null : 'dispatcher',
    intervalSeconds: daemon?.intervalSeconds ?? null,
    failureLimit: daemon?.failureLimit ?? null,
    maxRunning: daemon?.max ?? null,
    verbose: options.isVerbose ?? false,
    pidfile: daemon?.pidfile ?? null,
    signal: options.signal,
    onReady: options.onReady ?? (() => {}),
  })
}
