/** The tracer itself: requests, passes of the dispatcher and runs as spans, sent by OTLP over HTTP. */
import { ROOT_CONTEXT, SpanKind, SpanStatusCode, trace, type Context, type Span } from '@opentelemetry/api'
import { hrTime, hrTimeToMilliseconds, parseTraceParent } from '@opentelemetry/core'
import { OTLPTraceExporter } from '@opentelemetry/exporter-trace-otlp-http'
import {
  defaultResource,
  detectResources,
  envDetector,
  resourceFromAttributes,
} from '@opentelemetry/resources'
import {
  AlwaysOffSampler,
  AlwaysOnSampler,
  BatchSpanProcessor,
  ParentBasedSampler,
  TraceIdRatioBasedSampler,
  TracerProvider,
  type Sampler,
} from '@opentelemetry/sdk-trace'
import type { Log } from '../../lib/log.ts'
import type { RunStations } from '../run-watch.ts'
import type { Tracing } from './tracing.ts'

type Env = Readonly<Record<string, string | undefined>>

/** A collector that does not answer must not hold up the end of the gateway, in milliseconds. */
const FAREWELL_MS = 2_000
/** Runs that go on whose span is kept open. */
const MAX_OPEN = 5_000

export function startTracing(
  env: Env,
  { version, log }: { readonly version: string; readonly log: Log },
): Tracing {
  const delay = Number(env['OTEL_BSP_SCHEDULE_DELAY'])
  const provider = new TracerProvider({
    resource: defaultResource()
      .merge(resourceFromAttributes({ 'service.name': 'yardmaster', 'service.version': version }))
      .merge(detectResources({ detectors: [envDetector] })),
    sampler: samplerOf(env),
    spanProcessors: [
      new BatchSpanProcessor({
        exporter: new OTLPTraceExporter(),
        ...(delay > 0 ? { scheduledDelayMillis: delay } : {}),
      }),
    ],
  })
  const tracer = provider.getTracer('yardmaster', version)
  const runs = new Map<number, { readonly run: Span; readonly opening: Span }>()
  log.info('requests, passes and runs are traced')
  return {
    request({ method, path, requestId, traceparent }) {
      const span = tracer.startSpan(
        method,
        {
          kind: SpanKind.SERVER,
          attributes: {
            'http.request.method': method,
            'url.path': path,
            'yard.request.id': requestId,
          },
        },
        parentOf(traceparent),
      )
      const { traceId, spanId } = span.spanContext()
      return {
        traceId,
        spanId,
        end({ route, status }) {
          span.updateName(`${method} ${route}`)
          span.setAttributes({ 'http.route': route, 'http.response.status_code': status })
          if (status >= 500) span.setStatus({ code: SpanStatusCode.ERROR })
          span.end()
        },
      }
    },
    passed({ ms, isFailed, started }) {
      const endedAt = hrTimeToMilliseconds(hrTime())
      const span = tracer.startSpan(
        'dispatcher pass',
        { startTime: endedAt - ms, attributes: { 'yard.runs.opened': started } },
        ROOT_CONTEXT,
      )
      if (isFailed) span.setStatus({ code: SpanStatusCode.ERROR })
      span.end(endedAt)
    },
    runs: {
      claimed(stations) {
        const run = tracer.startSpan('run', { attributes: attributesOf(stations) }, ROOT_CONTEXT)
        const opening = tracer.startSpan(
          'run opening',
          { attributes: attributesOf(stations) },
          trace.setSpan(ROOT_CONTEXT, run),
        )
        runs.set(stations.runId, { run, opening })
        if (runs.size > MAX_OPEN) runs.delete(runs.keys().next().value ?? 0)
      },
      started: ({ runId }) => runs.get(runId)?.opening.end(),
      ended({ runId }, _, outcome) {
        const spans = runs.get(runId)
        runs.delete(runId)
        spans?.opening.end()
        spans?.run.setAttribute('yard.run.outcome', outcome)
        spans?.run.end()
      },
    },
    async [Symbol.asyncDispose]() {
      const patience = AbortSignal.timeout(FAREWELL_MS)
      const late = new Promise<void>((resolve) => patience.addEventListener('abort', () => resolve()))
      await Promise.race([late, provider.shutdown().catch(() => undefined)])
    },
  }
}

const attributesOf = ({ runId, taskId }: RunStations) => ({ 'yard.run.id': runId, 'yard.task.id': taskId })

/** The trace of the caller, if it says one. */
function parentOf(traceparent: string | undefined): Context {
  const parent = traceparent === undefined ? null : parseTraceParent(traceparent)
  return parent === null ? ROOT_CONTEXT : trace.setSpanContext(ROOT_CONTEXT, { ...parent, isRemote: true })
}

function samplerOf(env: Env): Sampler {
  const [, parentBased, kind] =
    /^(parentbased_)?(always_on|always_off|traceidratio)$/.exec(env['OTEL_TRACES_SAMPLER']?.trim() ?? '') ??
    ([null, 'parentbased_', 'always_on'] as const)
  const share = Number(env['OTEL_TRACES_SAMPLER_ARG'] ?? 1)
  const root =
    kind === 'always_off'
      ? new AlwaysOffSampler()
      : kind === 'traceidratio'
        ? new TraceIdRatioBasedSampler(share)
        : new AlwaysOnSampler()
  return parentBased === undefined ? root : new ParentBasedSampler({ root })
}
