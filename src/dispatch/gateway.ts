/** The long-lived process of one home: holds its lock, dispatches, keeps house, and stops without stopping the workers. */
import { mkdirSync, writeFileSync } from 'node:fs'
import { conflict } from '../domain/errors.ts'
import { takeHomeLock, type HomeLock } from '../lib/home-lock.ts'
import { liveness, ownIdentity } from '../lib/process-identity.ts'
import type { DispatchDeps } from './deps.ts'
import { Dispatcher, type PassOptions } from './dispatcher.ts'
import { DispatchLoop, type PassTaken } from './dispatch-loop.ts'
import type { PassReport } from './report.ts'
import { gatewayStatus, removeGatewayState, writeGatewayState, type GatewayState } from './gateway-state.ts'

export interface GatewayOptions {
  readonly deps: DispatchDeps
  readonly version: string
  /** Whether this gateway starts workers. */
  readonly dispatching: boolean
  /** Work besides dispatching, each with its own pace: backups, retention, the server. Runs until the signal. */
  readonly services: readonly GatewayService[]
  /** Ends the gateway; the workers go on. */
  readonly signal: AbortSignal
  readonly pidfile?: string | null
  /** Called once it looks after the board. */
  readonly onReady?: () => void
}

/** What a service may ask of the gateway it runs in. */
export interface GatewayHandle {
  /** One pass now, after the one that is under way. */
  dispatch(options: PassOptions): Promise<PassReport>
  /** Tells of every pass that ends from now on. */
  onPass(listener: (pass: PassTaken) => void): Disposable
  /** Whether ready cards are started by themselves. */
  readonly isDispatching: boolean
}

export type GatewayService = (signal: AbortSignal, gateway: GatewayHandle) => Promise<void>

/** How often the state is written while nothing happens, in milliseconds. */
const STATE_EVERY_MS = 15_000

/** Whoever asks whether a gateway runs may hold the lock for an instant; that must not keep one from starting. In milliseconds. */
const ASKED_MS = 2_000
const ASKED_EVERY_MS = 20

/** Runs until the signal. Refuses when another gateway holds the home. */
export async function runGateway(options: GatewayOptions): Promise<void> {
  const { deps, signal, dispatching, version } = options
  const { paths, clock, log, kernel } = deps
  mkdirSync(paths.home, { recursive: true, mode: 0o700 })
  using _lock = await lockHome(deps)
  const own = ownIdentity()
  let state: GatewayState = {
    identity: own,
    version,
    startedAt: clock.now(),
    lastPassAt: null,
    dispatching,
    intervalSeconds: deps.settings().intervalSeconds,
    problems: [],
  }
  writeGatewayState(paths, state)
  if (options.pidfile) writeFileSync(options.pidfile, `${own.pid}\n`)
  let writtenAt = clock.monotonicMs()
  const passListeners = new Set<(pass: PassTaken) => void>()
  const loop = new DispatchLoop({
    clock,
    log,
    settings: deps.settings,
    boardNow: () => kernel.deps.store.now(),
    onPass: ({ at, problems }) => {
      const changed = problems.join() !== state.problems.join() || state.lastPassAt === null
      state = { ...state, lastPassAt: at, problems, intervalSeconds: deps.settings().intervalSeconds }
      if (!changed && clock.monotonicMs() - writtenAt < STATE_EVERY_MS) return
      writtenAt = clock.monotonicMs()
      writeGatewayState(paths, state)
    },
    onPassTaken: (pass) => {
      for (const listener of passListeners) listener(pass)
    },
  })
  const dispatcher = new Dispatcher(deps, loop.wake)
  const handle: GatewayHandle = {
    dispatch: (wanted) => dispatcher.pass(wanted),
    onPass(listener) {
      passListeners.add(listener)
      return { [Symbol.dispose]: () => void passListeners.delete(listener) }
    },
    isDispatching: dispatching,
  }
  try {
    const services = options.services.map((service) =>
      service(signal, handle).catch((error: unknown) =>
        log.error('a service of the gateway ended', { error }),
      ),
    )
    if (dispatching) {
      using _watch = kernel.deps.store.watch(loop.wake)
      options.onReady?.()
      await loop.run(dispatcher, { signal })
      await dispatcher.drain()
    } else {
      options.onReady?.()
      await untilAborted(signal)
    }
    await Promise.all(services)
  } finally {
    removeGatewayState(paths)
  }
}

/** Throws when another gateway holds the home. */
async function lockHome({ paths, clock }: DispatchDeps): Promise<HomeLock> {
  const patienceEnds = clock.monotonicMs() + ASKED_MS
  for (;;) {
    const lock = takeHomeLock(paths.gatewayLock)
    if (lock !== null) return lock
    const status = gatewayStatus(paths, clock.now())
    const holder = status.running ? status.state?.identity : undefined
    const isHeld = holder !== undefined && liveness(holder) !== 'gone'
    if (isHeld || clock.monotonicMs() > patienceEnds) {
      throw conflict(
        'gateway_running',
        `Cannot start a gateway for ${paths.home}: another one${isHeld ? ` (pid ${holder.pid})` : ''} is running. See it with: yard gateway status, stop it with: yard gateway stop`,
        { home: paths.home, pid: holder?.pid },
      )
    }
    await clock.sleep(ASKED_EVERY_MS)
  }
}

const untilAborted = (signal: AbortSignal): Promise<void> =>
  new Promise((resolve) => {
    if (signal.aborted) return resolve()
    signal.addEventListener('abort', () => resolve(), { once: true })
  })
