/** `yard gateway start` and `yard daemon`: runs until it is told to stop. */
import { constants } from 'node:os'
import type { GatewayRunOptions } from '../cli/services.ts'
import { openBackups } from './backup-service.ts'
import { runHomeGateway } from './gateway.ts'
import type { ServicesWiring } from './services.ts'
import { LiveConfig } from './settings.ts'

/** Gives the exit code: 0 after a clean stop. The workers go on. */
export async function runGatewayHere(wiring: ServicesWiring, options: GatewayRunOptions): Promise<number> {
  const { paths, env, version } = wiring
  const stop = new AbortController()
  const kernel = await wiring.kernel()
  const config = await LiveConfig.open(paths, env, (problem) => {
    if (problem !== null) process.stderr.write(`${problem}\nThe settings before the change stay in force.\n`)
  })
  const told = (signal: NodeJS.Signals) => {
    if (stop.signal.aborted) process.exit(128 + constants.signals[signal])
    stop.abort(signal)
  }
  for (const signal of ['SIGINT', 'SIGTERM', 'SIGHUP'] as const) process.on(signal, told)
  const backups = await openBackups(wiring, config.settings.backups.keep)
  try {
    await runHomeGateway({
      paths,
      env,
      version,
      kernel,
      address: await wiring.address(),
      config,
      backups: {
        newestAt: async () => (await backups.list())[0]?.createdAt ?? null,
        make: async () => void (await backups.create(null)),
      },
      only: options.only ?? null,
      intervalSeconds: options.intervalSeconds ?? null,
      failureLimit: options.failureLimit ?? null,
      maxRunning: options.max ?? null,
      verbose: options.verbose ?? false,
      pidfile: options.pidfile ?? null,
      signal: stop.signal,
      onReady: options.onReady ?? (() => {}),
    })
    return 0
  } finally {
    for (const signal of ['SIGINT', 'SIGTERM', 'SIGHUP'] as const) process.off(signal, told)
  }
}
