/** How soon ready tasks are started, and how the passes of the dispatcher go. */
import { Counter, Histogram, type Registry } from 'prom-client'
import type { RunListener } from '../run-watch.ts'
import type { PassTaken } from '../services.ts'

/** From what an idle board takes to what a full one may. In seconds. */
const LATENCIES = [0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1, 2.5, 5, 15, 60, 300, 1800]
const PASSES = [0.001, 0.0025, 0.005, 0.01, 0.025, 0.05, 0.1, 0.5, 1, 5, 30]

export interface DispatchMetrics {
  readonly runs: RunListener
  readonly passed: (pass: PassTaken) => void
}

export function dispatchMetrics(register: Registry): DispatchMetrics {
  const registers = [register]
  const latency = new Histogram({
    name: 'yard_dispatch_latency_seconds',
    help: 'From ready to claimed, from claimed to started, and from ready to started; of tasks that became ready while this gateway ran.',
    labelNames: ['stage'],
    buckets: LATENCIES,
    registers,
  })
  for (const stage of ['claim', 'start', 'total']) latency.zero({ stage })
  const passes = new Histogram({
    name: 'yard_gateway_pass_seconds',
    help: 'How long the passes of the dispatcher took.',
    buckets: PASSES,
    registers,
  })
  const results = new Counter({
    name: 'yard_gateway_passes_total',
    help: 'Passes of the dispatcher, by whether they failed.',
    labelNames: ['result'],
    registers,
  })
  for (const result of ['ok', 'failed']) results.inc({ result }, 0)
  const starts = new Counter({
    name: 'yard_gateway_starts_total',
    help: 'Runs this gateway has opened.',
    registers,
  })
  return {
    runs: {
      claimed({ readyAt, claimedAt }) {
        if (readyAt !== null) latency.observe({ stage: 'claim' }, (claimedAt - readyAt) / 1000)
      },
      started({ readyAt, claimedAt }, at) {
        latency.observe({ stage: 'start' }, (at - claimedAt) / 1000)
        if (readyAt !== null) latency.observe({ stage: 'total' }, (at - readyAt) / 1000)
      },
    },
    passed({ ms, isFailed, started }) {
      passes.observe(ms / 1000)
      results.inc({ result: isFailed ? 'failed' : 'ok' })
      starts.inc(started)
    },
  }
}
