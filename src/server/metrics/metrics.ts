/** What a monitor wants to know, in the text format of Prometheus. */
import { collectDefaultMetrics, Gauge, Histogram, Registry } from 'prom-client'
import type { Clock } from '../../lib/clock.ts'
import type { Answered } from '../http-app.ts'
import type { RunListener } from '../run-watch.ts'
import type { DatabaseFigures, PassTaken } from '../services.ts'
import { boardMetrics, type BoardMetricsDeps } from './board-metrics.ts'
import { databaseMetrics } from './database-metrics.ts'
import { dispatchMetrics } from './dispatch-metrics.ts'

export interface MetricsDeps {
  readonly kernel: BoardMetricsDeps['kernel']
  readonly clock: Pick<Clock, 'now' | 'sleep'>
  readonly version: string
  /** The stream of events: how many listen, and how long the last change took to reach them, in milliseconds. */
  readonly stream: () => { readonly clients: number; readonly lagMs: number }
  /** Null when nobody counts. */
  readonly database: (() => DatabaseFigures) | null
}

export interface Metrics {
  readonly answered: (answer: Answered) => void
  readonly passed: (pass: PassTaken) => void
  readonly runs: RunListener
  readonly text: () => Promise<{ readonly type: string; readonly text: string }>
}

const DURATIONS = [0.001, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1, 5]

/**
 * Watching the event loop wakes the process a hundred times a second, so it does not begin before somebody reads the numbers;
 * these then wait until there are some.
 */
const LOOP_EVERY_MS = 10

export function openMetrics({ kernel, clock, version, stream, database }: MetricsDeps): Metrics {
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
  boardMetrics(register, { kernel, clock })
  const dispatch = dispatchMetrics(register)
  if (database !== null) databaseMetrics(register, database)
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
    ...dispatch,
    answered: ({ method, route, status, ms }) => answers.observe({ method, route, status }, ms / 1000),
    text: async () => {
      await watchProcess()
      return { type: register.contentType, text: withoutGaps(await register.metrics()) }
    },
  }
}

/** Where monitors come faster than the event loop is looked at there is no number, and a sample without one says nothing. */
const withoutGaps = (text: string): string => text.replaceAll(/^[^#\n]* nan\n/gim, '')
