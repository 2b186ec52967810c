import { expect, test } from 'vitest'
import { databases } from '../helpers/boards.ts'
import { openTestServer } from './rig.ts'

test.each(databases)(
  'a monitor finds the numbers of the board, of the server and of its process, on $name',
  async (database) => {
    await using server = await openTestServer({ database })
    await server.test.given()
    await server.test.given({ status: 'done' })
    await (await server.test.run(await server.test.given())).start()
    await using client = server.events()
    await client.frame('hello')
    server.test.clock.advance(40)
    await server.call('getStats', {})
    await server.refusal('getTask', { id: 't_nope' })
    const { status, text, headers } = await server.ask('/metrics', { as: await server.token('read') })
    expect(status).toBe(200)
    expect(headers['content-type']).toContain('text/plain; version=0.0.4')
    for (const line of [
      'yard_tasks{status="ready"} 1',
      'yard_tasks{status="running"} 1',
      'yard_tasks{status="blocked"} 0',
      'yard_ready_oldest_age_seconds 40',
      'yard_runs{outcome="open",profile="coder"} 1',
      'yard_event_clients 1',
      'yard_http_request_duration_seconds_count{method="GET",route="/api/kanban/stats",status="200"} 1',
      'yard_http_request_duration_seconds_count{method="GET",route="/api/kanban/tasks/:id",status="404"} 1',
    ])
      expect(text).toContain(`${line}\n`)
    for (const name of [
      'process_resident_memory_bytes',
      'nodejs_eventloop_lag_seconds',
      'yard_info{version="0.0.0-test"}',
    ])
      expect(text).toContain(name)
    // Every line is a comment or a sample.
    for (const line of text.split('\n').filter(Boolean))
      expect(line).toMatch(/^(#|[a-zA-Z_:][\w:]*(\{.*\})? [\d.eE+-]+|.* (NaN|\+Inf)$)/)
  },
)
