/** Starts, stops and describes the gateway of a home. */
import { pickOrchestrator } from '../agents/pick-orchestrator.ts'
import { collectGarbage } from '../dispatch/collect-garbage.ts'
import { runGateway, type GatewayService } from '../dispatch/gateway.ts'
import { gatewayStatus } from '../dispatch/gateway-state.ts'
import { keepHouse } from '../dispatch/housekeeping.ts'
import type { HomeServices } from '../home/services.ts'
import type { BoardAddress } from '../kernel/open-run-board.ts'
import { openKernel, type Kernel } from '../kernel/kernel.ts'
import { systemClock } from '../lib/clock.ts'
import { liveness } from '../lib/process-identity.ts'
import type { HomePaths } from '../lib/paths.ts'
import { meterStore } from '../store/metered-store.ts'
import { agentTable } from '../agents/table.ts'
import { dispatchDeps, retentionOf } from './dispatch.ts'
import { openGatewayLog } from './gateway-log.ts'
import { serverService } from './server-service.ts'
import { dispatchSettingsOf, type LiveConfig } from './settings.ts'

export interface GatewayRun {
  readonly paths: HomePaths
  readonly env: NodeJS.ProcessEnv
  readonly version: string
  readonly kernel: Kernel
  readonly address: BoardAddress
  readonly config: LiveConfig
  readonly services: HomeServices
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
  const { paths, env, config, signal } = run
  const { store, figures } = meterStore(run.kernel.deps.store, systemClock)
  const kernel = openKernel({ ...run.kernel.deps, store })
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
  const deps = dispatchDeps({
    kernel,
    paths,
    settings,
    agents: () => agentTable(config.settings.agents),
    address: run.address,
    log,
    env,
  })
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
  const isWhole = run.only === null
  const serving = new Serving(isWhole && config.settings.server.enabled)
  const serve = serverService({
    kernel,
    paths,
    env,
    version: run.version,
    log,
    settings: () => config.settings,
    services: run.services,
    profileCap: (name) => {
      const found = deps.profiles.find(name)
      return found.state === 'found' ? found.profile.limits.maxRunning : null
    },
    orchestrator: async (named) =>
      pickOrchestrator(deps.profiles, { named, configured: config.settings.triage.profile }),
    onReady: serving.began,
    database: figures,
  })
  log.debug(`gateway ${run.version} starts for ${paths.home}`)
  await runGateway({
    deps,
    version: run.version,
    dispatching: !isWhole || config.settings.kanban.dispatch_in_gateway,
    services: [...(isWhole ? [house] : []), ...(serving.isWanted ? [serving.guard(serve)] : [])],
    signal: AbortSignal.any([signal, serving.failed]),
    pidfile: run.pidfile,
    onReady: () => void serving.ready.then(run.onReady, () => undefined),
  })
  serving.failed.throwIfAborted()
  log.debug('gateway stopped; the workers go on')
}

/** A gateway whose server cannot begin does not begin either: whoever asked for it is told at once. */
class Serving {
  readonly isWanted: boolean
  readonly ready: Promise<void>
  readonly #failing = new AbortController()
  readonly #begun = Promise.withResolvers<void>()

  constructor(isWanted: boolean) {
    this.isWanted = isWanted
    this.ready = isWanted ? this.#begun.promise : Promise.resolve()
    this.ready.catch(() => undefined)
  }

  get failed(): AbortSignal {
    return this.#failing.signal
  }

  readonly began = (): void => this.#begun.resolve()

  guard(serve: GatewayService): GatewayService {
    return async (signal, gateway) => {
      try {
        await serve(signal, gateway)
      } catch (error) {
        this.#begun.reject(error)
        this.#failing.abort(error)
      }
    }
  }
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
