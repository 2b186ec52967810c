/**
 * Traces for whoever collects them by OpenTelemetry. What is on is said by the standard variables, and nothing of it is loaded
 * where they are not set: start and memory are paid by every process.
 */
import type { Log } from '../../lib/log.ts'
import type { RunListener } from '../run-watch.ts'
import type { PassTaken } from '../services.ts'

export interface Tracing extends AsyncDisposable {
  /** A request came in. `traceparent`: of the caller's own trace, which it goes on with. */
  request(start: RequestStart): RequestTrace
  readonly passed: (pass: PassTaken) => void
  readonly runs: RunListener
}

export interface RequestStart {
  readonly method: string
  readonly path: string
  readonly requestId: string
  readonly traceparent: string | undefined
}

export interface RequestTrace {
  readonly traceId: string
  readonly spanId: string
  /** `route`: the pattern, not the address. */
  end(answer: { readonly route: string; readonly status: number }): void
}

type Env = Readonly<Record<string, string | undefined>>

const ENDPOINTS = ['OTEL_EXPORTER_OTLP_ENDPOINT', 'OTEL_EXPORTER_OTLP_TRACES_ENDPOINT'] as const

/** Null when nobody collects. */
export async function openTracing(
  env: Env,
  options: { readonly version: string; readonly log: Log },
): Promise<Tracing | null> {
  const refusal = whyNot(env)
  if (refusal === null) return (await import('./otel.ts')).startTracing(env, options)
  if (refusal !== '') options.log.warn(`Nothing is traced: ${refusal}`)
  return null
}

/** Empty when nobody asked for traces. */
function whyNot(env: Env): string | null {
  const value = (name: string) => env[name]?.trim().toLowerCase() ?? ''
  const exporter = value('OTEL_TRACES_EXPORTER')
  const hasEndpoint = ENDPOINTS.some((name) => value(name) !== '')
  if (value('OTEL_SDK_DISABLED') === 'true' || exporter === 'none') return ''
  if (exporter === '' && !hasEndpoint) return ''
  if (exporter !== '' && exporter !== 'otlp')
    return `OTEL_TRACES_EXPORTER is ${exporter}, and traces are only sent by otlp.`
  const protocol = value('OTEL_EXPORTER_OTLP_TRACES_PROTOCOL') || value('OTEL_EXPORTER_OTLP_PROTOCOL')
  if (protocol.startsWith('grpc'))
    return 'OTEL_EXPORTER_OTLP_PROTOCOL is grpc, and traces are only sent over HTTP. Give the collector’s endpoint for HTTP, and http/json.'
  return null
}
