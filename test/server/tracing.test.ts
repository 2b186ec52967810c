/** Traces of a real gateway, as a collector of OpenTelemetry receives them. */
import { createServer } from 'node:http'
import { expect } from 'vitest'
import type { LogFields } from '../../src/lib/log.ts'
import { openTracing } from '../../src/server/tracing/tracing.ts'
import { behaviour } from '../behaviours.ts'
import { Home } from '../cli/home.ts'

interface SentSpan {
  readonly name: string
  readonly traceId: string
  readonly spanId: string
  readonly parentSpanId?: string
  readonly startTimeUnixNano: string
  readonly endTimeUnixNano: string
  readonly attributes: readonly { readonly key: string; readonly value: Record<string, unknown> }[]
}

interface Sent {
  readonly resourceSpans: readonly {
    readonly resource: { readonly attributes: SentSpan['attributes'] }
    readonly scopeSpans: readonly { readonly spans: readonly SentSpan[] }[]
  }[]
}

/** Takes spans by OTLP over HTTP and keeps them. */
async function openCollector() {
  const sent: { readonly path: string; readonly key: unknown; readonly body: Sent }[] = []
  let wake = () => {}
  const server = createServer((request, answer) => {
    let text = ''
    request.setEncoding('utf8').on('data', (part: string) => (text += part))
    request.on('end', () => {
      sent.push({ path: request.url ?? '', key: request.headers['x-key'], body: JSON.parse(text) as Sent })
      answer.setHeader('content-type', 'application/json')
      answer.end('{}')
      wake()
    })
  }).listen(0, '127.0.0.1')
  await new Promise((resolve) => server.once('listening', resolve))
  const spans = () =>
    sent.flatMap(({ body }) =>
      body.resourceSpans.flatMap(({ scopeSpans }) => scopeSpans.flatMap((scope) => scope.spans)),
    )
  return {
    url: `http://127.0.0.1:${(server.address() as { port: number }).port}`,
    sent,
    spans,
    /** Waits for spans that satisfy the condition, and gives them. */
    async until(condition: (span: SentSpan) => boolean): Promise<SentSpan> {
      for (;;) {
        const found = spans().find(condition)
        if (found !== undefined) return found
        await new Promise<void>((resolve) => {
          wake = resolve
        })
      }
    },
    [Symbol.dispose]: () => void server.close(),
  }
}

const valuesOf = (attributes: SentSpan['attributes']) =>
  Object.fromEntries(attributes.map(({ key, value }) => [key, Object.values(value)[0]]))

behaviour('trace.spans', 'a collector is sent requests, passes and runs, each where it belongs', async () => {
  using collector = await openCollector()
  using home = new Home()
  const env = {
    OTEL_EXPORTER_OTLP_ENDPOINT: collector.url,
    OTEL_EXPORTER_OTLP_HEADERS: 'x-key=sesame',
    OTEL_SERVICE_NAME: 'the-yard',
    OTEL_RESOURCE_ATTRIBUTES: 'deployment.environment.name=test',
    OTEL_BSP_SCHEDULE_DELAY: '50',
  }
  const started = await home.run(['gateway', 'start', '--detach', '--port', '0'], { env })
  expect(started).toMatchObject({ code: 0 })
  try {
    const { url } = await home.json<{ url: string }>('gateway', 'status')
    const traceId = '0af7651916cd43dd8448eb211c80319c'
    const answer = await fetch(`${url}/api/kanban/tasks`, {
      method: 'POST',
      headers: {
        authorization: `Bearer ${home.read('server.token').trim()}`,
        'content-type': 'application/json',
        'x-request-id': 'from-a-caller',
        traceparent: `00-${traceId}-b7ad6b7169203331-01`,
      },
      body: JSON.stringify({ title: 'Say hello', body: 'echo hello', assignee: 'shell' }),
    })
    const { task } = (await answer.json()) as { task: { id: string } }
    const request = await collector.until(({ name }) => name === 'POST /api/kanban/tasks')
    expect(request).toMatchObject({ traceId, parentSpanId: 'b7ad6b7169203331' })
    expect(valuesOf(request.attributes)).toMatchObject({
      'http.route': '/api/kanban/tasks',
      'http.response.status_code': 200,
      'yard.request.id': 'from-a-caller',
    })

    const run = await collector.until(({ name }) => name === 'run')
    expect(valuesOf(run.attributes)).toMatchObject({
      'yard.task.id': task.id,
      'yard.run.id': 1,
      'yard.run.outcome': 'completed',
    })
    const opening = await collector.until(({ name }) => name === 'run opening')
    expect(opening).toMatchObject({ traceId: run.traceId, parentSpanId: run.spanId })
    expect(BigInt(opening.endTimeUnixNano)).toBeLessThanOrEqual(BigInt(run.endTimeUnixNano))
    const pass = await collector.until(
      ({ name, attributes }) => name === 'dispatcher pass' && valuesOf(attributes)['yard.runs.opened'] === 1,
    )
    expect(BigInt(pass.endTimeUnixNano)).toBeGreaterThan(BigInt(pass.startTimeUnixNano))

    const [first] = collector.sent
    expect(first).toMatchObject({ path: '/v1/traces', key: 'sesame' })
    expect(valuesOf(first?.body.resourceSpans[0]?.resource.attributes ?? [])).toMatchObject({
      'service.name': 'the-yard',
      'deployment.environment.name': 'test',
    })
    const line = home
      .read('logs/gateway.log')
      .split('\n')
      .filter(Boolean)
      .map((text) => JSON.parse(text) as LogFields)
      .find(({ request: id }) => id === 'from-a-caller')
    expect(line).toMatchObject({ trace_id: traceId, span_id: request.spanId })
  } finally {
    await home.yard('gateway', 'stop')
  }
})

behaviour(
  'trace.off',
  'nothing is traced unless somebody collects, and what cannot be sent is said',
  async () => {
    const warned: string[] = []
    const log = { debug() {}, info() {}, error() {}, warn: (message: string) => void warned.push(message) }
    const open = (env: Record<string, string>) => openTracing(env, { version: '0', log })
    const OTEL_EXPORTER_OTLP_ENDPOINT = 'http://127.0.0.1:4318'
    for (const env of [
      {},
      { OTEL_SERVICE_NAME: 'the-yard' },
      { OTEL_EXPORTER_OTLP_ENDPOINT, OTEL_SDK_DISABLED: 'true' },
      { OTEL_EXPORTER_OTLP_ENDPOINT, OTEL_TRACES_EXPORTER: 'none' },
    ] as Record<string, string>[])
      expect(await open(env)).toBeNull()
    expect(warned).toEqual([])
    expect(await open({ OTEL_TRACES_EXPORTER: 'zipkin' })).toBeNull()
    expect(await open({ OTEL_EXPORTER_OTLP_ENDPOINT, OTEL_EXPORTER_OTLP_PROTOCOL: 'grpc' })).toBeNull()
    expect(warned).toEqual([expect.stringContaining('zipkin'), expect.stringContaining('grpc')])
  },
)
