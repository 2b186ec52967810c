/** Starts, stops and describes the gateway of a home. */
import { collectGarbage } from '../dispatch/collect-garbage.ts'
import { runGateway } from '../dispatch/gateway.ts'
import { gatewayStatus } from '../dispatch/gateway-state.ts'
import { keepHouse } from '../dispatch/housekeeping.ts'
import type { BoardAddress } from '../kernel/open-run-board.ts'
import type { Kernel } from '../kernel/kernel.ts'
import { systemClock } from '../lib/clock.ts'
import { liveness } from '../lib/process-identity.ts'
import type { HomePaths } from '../lib/paths.ts'
import { dispatchDeps, retentionOf } from './dispatch.ts'
import { openGatewayLog } from './gateway-log.ts'
import { dispatchSettingsOf, type LiveConfig } from './settings.ts'

export interface GatewayRun {
  readonly paths: HomePaths
  readonly env: NodeJS.ProcessEnv
  readonly version: string
  readonly kernel: Kernel
  readonly address: BoardAddress
  readonly config: LiveConfig
  readonly backups: { readonly newestAt: () => Promise<number | null>; readonly make: () => Promise<void> }
  /** The dispatcher and nothing else. */
  readonly only: 'dispatcher' | null
  readonly intervalSeconds: number | null
  readonly failureLimit: number | null
  readonly maxRunning: number | null
  readonly verbose: boolean
  readonly pidfile: string | null
  readonly signal: AbortSignal
  readonly onReady: () => void
}

export async function runHomeGateway(run: GatewayRun): Promise<void> {
  const { paths, env, kernel, config, signal } = run
  const log = openGatewayLog({ file: paths.gatewayLog, console: true, verbose: run.verbose })
  const settings = () => {
    const configured = dispatchSettingsOf(config.settings)
    return {
      ...configured,
      intervalSeconds: run.intervalSeconds ?? configured.intervalSeconds,
      maxRunning: run.maxRunning ?? configured.maxRunning,
      policy: { ...configured.policy, failureLimit: run.failureLimit ?? configured.policy.failureLimit },
    }
  }
  const deps = dispatchDeps({ kernel, paths, settings, address: run.address, log, env })
  const house = (ends: AbortSignal) =>
    keepHouse(
      {
        clock: systemClock,
        log,
        backupEverySeconds: () => config.settings.backups.every_hours * 3600,
        lastBackupAt: run.backups.newestAt,
        backup: run.backups.make,
        collect: async () =>
          void (await collectGarbage(
            { kernel, paths, boardId: kernel.deps.store.boardId },
            retentionOf(config.settings),
            systemClock.now(),
          )),
      },
      ends,
    )
  log.debug(`gateway ${run.version} starts for ${paths.home}`)
  await runGateway({
    deps,
    version: run.version,
    dispatching: run.only === 'dispatcher' || config.settings.kanban.dispatch_in_gateway,
    services: run.only === 'dispatcher' ? [] : [house],
    signal,
    pidfile: run.pidfile,
    onReady: run.onReady,
  })
  log.debug('gateway stopped; the workers go on')
}

/** How long a gateway may take to stop, in milliseconds: it waits for starts under way, not for workers. */
const STOP_MS = 20_000

/** Asks the gateway of this home to stop and waits until it has; false when none was running. */
export async function stopGateway(paths: HomePaths): Promise<boolean> {
  const status = gatewayStatus(paths, systemClock.now())
  if (!status.running || status.state === null) return false
  const { identity } = status.state
  if (liveness(identity) !== 'alive') return false
  process.kill(identity.pid, 'SIGTERM')
  const deadline = systemClock.monotonicMs() + STOP_MS
  while (liveness(identity) !== 'gone' && systemClock.monotonicMs() < deadline) await systemClock.sleep(20)
  return liveness(identity) === 'gone'
}
