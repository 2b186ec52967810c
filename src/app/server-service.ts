/** The server as a service of the gateway, with what it needs of the other rooms. */
import { existsSync } from 'node:fs'
import { join } from 'node:path'
import type { LoadedConfig } from '../contract/load-config.ts'
import type { GatewayHandle, GatewayService } from '../dispatch/gateway.ts'
import { ownClaimLock } from '../dispatch/start-task.ts'
import type { Task } from '../domain/task.ts'
import type { HomeServices } from '../home/services.ts'
import type { Kernel } from '../kernel/kernel.ts'
import type { WhyContext } from '../kernel/why.ts'
import { systemClock } from '../lib/clock.ts'
import type { Log } from '../lib/log.ts'
import type { HomePaths } from '../lib/paths.ts'
import { descendants, findMarked } from '../lib/process-tree.ts'
import { attachmentStore, type AttachmentStore } from '../workspaces/attachment-store.ts'
import { runMarker } from '../runner/launch.ts'
import type { AttachmentFiles, DatabaseFigures } from '../server/services.ts'
import { personName } from '../cli/person.ts'
import { packageRoot } from './package-root.ts'

export interface ServerWiring {
  readonly kernel: Kernel
  readonly paths: HomePaths
  readonly env: NodeJS.ProcessEnv
  readonly version: string
  readonly log: Log
  readonly settings: () => LoadedConfig['settings']
  readonly services: HomeServices
  /** A profile's own cap; null when it has none. */
  readonly profileCap: (name: string) => number | null
  /** The profile that works rough cards out. */
  readonly orchestrator: (named: string | null) => Promise<string>
  /** Told that it serves, and where. */
  readonly onReady: (url: string) => void
  readonly database: () => DatabaseFigures
}

/** Serves until the signal. Throws when it cannot begin: a server that was asked for and is missing is no small thing. */
export const serverService =
  (wiring: ServerWiring): GatewayService =>
  async (signal, gateway) => {
    // Loaded here: a gateway without a server does not pay for it.
    const [{ startServer }, { openTracing }] = await Promise.all([
      import('../server/server.ts'),
      import('../server/tracing/tracing.ts'),
    ])
    const { kernel, paths, env, version, log, settings, services, orchestrator } = wiring
    const dashboard = join(packageRoot(), 'dist', 'dashboard')
    await using tracing = await openTracing(env, { version, log })
    await using server = await startServer({
      tracing,
      kernel,
      paths,
      clock: systemClock,
      log,
      version,
      ownerName: personName(env),
      dashboard: existsSync(dashboard) ? dashboard : null,
      claimLock: ownClaimLock(),
      treeOf: (runId, leader) => treeOf(kernel.deps.store.boardId, runId, leader),
      services: {
        ...services,
        settings,
        files: attachmentFiles(attachmentStore(paths.attachments)),
        dispatch: ({ dryRun, max }) =>
          gateway.dispatch({ dryRun, explicit: true, ...(max === null ? {} : { max }) }),
        dispatcherLack: async () => (gateway.isDispatching ? null : NOT_DISPATCHING),
        orchestrator,
        whyContext: async (task) => whyContextOf(wiring, gateway, task),
        onPass: (listener) => gateway.onPass(listener),
        database: wiring.database,
      },
    })
    wiring.onReady(server.url)
    await aborted(signal)
  }

/** The limit is the server's, which sees the bytes first. */
const attachmentFiles = (store: AttachmentStore): AttachmentFiles => ({
  keep: (source, expected) => store.storeStream(source, { ...expected, maxBytes: Number.POSITIVE_INFINITY }),
  open: (digest) => store.open(digest),
})

const NOT_DISPATCHING =
  'This gateway starts no workers (kanban.dispatch_in_gateway is false), so the task waits. Start it with: yard dispatch'

/** By the marker that all processes of a run carry, and by descent from its worker. */
function treeOf(boardId: string, runId: number, leader: number): readonly number[] | 'unknown' {
  const marked = findMarked(runMarker(boardId, runId))
  const below = descendants(leader)
  if (marked === 'unknown' || below === 'unknown') return 'unknown'
  return [...new Set([...marked, ...below])]
}

function whyContextOf(
  { settings, profileCap }: ServerWiring,
  { isDispatching }: GatewayHandle,
  { assignee }: Task,
): WhyContext {
  const { max_running: board, max_running_per_profile: profile } = settings().kanban
  return {
    caps: { board, profile: (assignee === null ? null : profileCap(assignee)) ?? profile },
    dispatcher: isDispatching ? 'running' : 'absent',
  }
}

const aborted = (signal: AbortSignal): Promise<void> =>
  new Promise((resolve) => {
    if (signal.aborted) return resolve()
    signal.addEventListener('abort', () => resolve(), { once: true })
  })
