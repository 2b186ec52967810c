/** What a monitor wants to know, in the text format of Prometheus. Numbers of the board are read when they are asked for. */
import { collectDefaultMetrics, Gauge, Histogram, Registry } from 'prom-client'
import { TASK_STATUSES } from '../domain/task.ts'
import type { Kernel } from '../kernel/kernel.ts'
import type { Clock } from '../lib/clock.ts'
import type { Answered } from './http-app.ts'

export interface MetricsDeps {
  readonly kernel: Pick<Kernel, 'getStats' | 'countRuns'>
  readonly clock: Pick<Clock, 'now' | 'sleep'>
  readonly version: string
  /** The stream of events: how many listen, and how long the last change took to reach them, in milliseconds. */
  readonly stream: () => { readonly clients: number; readonly lagMs: number }
}

export interface Metrics {
  readonly answered: (answer: Answered) => void
  readonly text: () => Promise<{ readonly type: string; readonly text: string }>
}

const DURATIONS = [0.001, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1, 5]
/** Counting all runs of a big board takes a while, and monitors come often. */
const COUNTED_EVERY_SECONDS = 30

/**
 * Watching the event loop wakes the process a hundred times a second, so it does not begin before somebody reads the numbers;
 * these then wait until there are some.
 */
const LOOP_EVERY_MS = 10

export function openMetrics({ kernel, clock, version, stream }: MetricsDeps): Metrics {
  const register = new Registry()
  const registers = [register]
  let isProcessWatched = false
  const watchProcess = async () => {
    if (isProcessWatched) return
    isProcessWatched = true
    collectDefaultMetrics({ register, eventLoopMonitoringPrecision: LOOP_EVERY_MS })
    await clock.sleep(3 * LOOP_EVERY_MS)
  }
  new Gauge({ name: 'yard_info', help: 'The version that runs.', labelNames: ['version'], registers }).set(
    { version },
    1,
  )
  const answers = new Histogram({
    name: 'yard_http_request_duration_seconds',
    help: 'How long requests took.',
    labelNames: ['method', 'route', 'status'],
    buckets: DURATIONS,
    registers,
  })
  new Gauge({
    name: 'yard_tasks',
    help: 'Tasks on the board.',
    labelNames: ['status'],
    registers,
    async collect() {
      const { byStatus } = await kernel.getStats()
      for (const status of TASK_STATUSES) this.set({ status }, byStatus[status] ?? 0)
    },
  })
  new Gauge({
    name: 'yard_ready_oldest_age_seconds',
    help: 'For how long the oldest ready task has been on the board; 0 when none is ready.',
    registers,
    async collect() {
      this.set((await kernel.getStats()).oldestReadyAgeSeconds ?? 0)
    },
  })
  let countedAt = Number.NEGATIVE_INFINITY
  new Gauge({
    name: 'yard_runs',
    help: 'Runs on the board by how they ended; open for those that have not.',
    labelNames: ['outcome', 'profile'],
    registers,
    async collect() {
      if (clock.now() - countedAt < COUNTED_EVERY_SECONDS) return
      countedAt = clock.now()
      this.reset()
      for (const { outcome, profile, count } of await kernel.countRuns())
        this.set({ outcome: outcome ?? 'open', profile: profile ?? '' }, count)
    },
  })
  new Gauge({
    name: 'yard_event_clients',
    help: 'Clients of the stream of events.',
    registers,
    collect() {
      this.set(stream().clients)
    },
  })
  new Gauge({
    name: 'yard_event_lag_seconds',
    help: 'How long the last change took from being noticed until it was handed to every client.',
    registers,
    collect() {
      this.set(stream().lagMs / 1000)
    },
  })
  return {
    answered: ({ method, route, status, ms }) => answers.observe({ method, route, status }, ms / 1000),
    text: async () => {
      await watchProcess()
      return { type: register.contentType, text: await register.metrics() }
    },
  }
}
