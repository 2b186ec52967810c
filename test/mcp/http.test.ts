import { spawn } from 'node:child_process'
import { once } from 'node:events'
import { request } from 'node:http'
import { describe, expect, test } from 'vitest'
import { behaviour } from '../behaviours.ts'
import { databases } from '../helpers/boards.ts'
import { openTestKernel } from '../helpers/kernel.ts'
import { connect, overHttp, serveRun, type ServedRun } from './given.ts'

const SQLITE = databases[0]!

interface Reply {
  readonly status: number | undefined
  readonly text: string
}

/** A call as any program could send it. */
function post(
  url: string,
  headers: Readonly<Record<string, string>>,
  body = JSON.stringify({
    jsonrpc: '2.0',
    id: 1,
    method: 'tools/call',
    params: { name: 'kanban_complete', arguments: { summary: 'mine now' } },
  }),
): Promise<Reply> {
  return new Promise((resolve, reject) => {
    const sent = request(
      url,
      {
        method: 'POST',
        headers: {
          'content-type': 'application/json',
          accept: 'application/json, text/event-stream',
          ...headers,
        },
        agent: false,
      },
      (response) => {
        let text = ''
        response.setEncoding('utf8').on('data', (part: string) => (text += part))
        response.on('end', () => resolve({ status: response.statusCode, text }))
      },
    )
    sent.on('error', reject)
    sent.end(body)
  })
}

const bearer = (token: string) => ({ authorization: `Bearer ${token}` })

describe('the token of a run', () => {
  behaviour(['F15', 'tools.offered'], 'is needed for everything, and no other opens the tools', async () => {
    await using board = await openTestKernel(SQLITE)
    await using one = await serveRun(SQLITE, { board })
    await using other = await serveRun(SQLITE, { board })
    for (const headers of [
      {},
      bearer('wrong'),
      bearer(''),
      bearer(other.served.token),
      bearer(other.run.secret),
      bearer(one.run.secret),
      { authorization: one.served.token },
      { authorization: `Basic ${one.served.token}` },
    ])
      expect((await post(one.served.url, headers)).status, JSON.stringify(headers)).toBe(401)
    await expect(connect(overHttp({ url: one.served.url, token: other.served.token }))).rejects.toThrow()
    expect((await board.task(one.card.id)).status).toBe('running')
    expect(one.told.filter((sentence) => sentence.includes('not its token')).length).toBeGreaterThanOrEqual(8)
    await one.ok('kanban_complete', { summary: 'x' })
    expect((await board.task(other.card.id)).status).toBe('running')
  })

  behaviour('F15', 'is worth nothing once the run has ended and its tools are closed', async () => {
    const run = await serveRun(SQLITE)
    const { url, token } = run.served
    await run.served.close()
    await expect(post(url, bearer(token))).rejects.toThrow('ECONNREFUSED')
    await run[Symbol.asyncDispose]()
  })

  test('is not asked for by pages of a browser, whatever they know', async () => {
    await using run = await serveRun(SQLITE)
    const { url, token } = run.served
    expect((await post(url, { ...bearer(token), origin: 'https://evil.example' })).status).toBe(403)
    expect((await post(url, { ...bearer(token), host: 'evil.example' })).status).toBe(403)
    expect((await post(url.replace('/mcp', '/'), bearer(token))).status).toBe(404)
    expect((await run.board.task(run.card.id)).status).toBe('running')
  })

  test('serves on the loopback interface only', async () => {
    await using run = await serveRun(SQLITE)
    expect(new URL(run.served.url).hostname).toBe('127.0.0.1')
  })
})

const CALLER = `
const { request } = await import('node:http')
const [url, token, name, input, options = '{}'] = process.argv.slice(1)
const { hangUp = false, ...more } = JSON.parse(options)
const headers = { authorization: 'Bearer ' + token, 'content-type': 'application/json', accept: 'application/json, text/event-stream' }
const sent = request(url, { method: 'POST', headers, agent: false, ...more }, (response) => {
  process.stdout.write(response.statusCode + ' ')
  response.pipe(process.stdout)
})
sent.on('error', () => {})
sent.on('finish', () => hangUp && sent.socket.resetAndDestroy())
sent.end(JSON.stringify({ jsonrpc: '2.0', id: 1, method: 'tools/call', params: { name, arguments: JSON.parse(input) } }))
`

type Through = 'agent' | 'shell' | 'daemon'

const BY: Readonly<Record<Through, readonly string[]>> = {
  agent: [],
  shell: ['/bin/sh', '-c', '"$0" "$@"; true'],
  // Nothing of it is below the worker any more, and nothing it carries says where it came from.
  daemon: ['/bin/sh', '-c', 'env -i setsid -f "$0" "$@"; true'],
}

/** What a process below this one gets for the right token: a shell that has read it, or an agent that was given it. */
async function fromBelow(run: ServedRun, name: string, input: object, through: Through, options = {}) {
  const [program, ...words] = [
    ...BY[through],
    process.execPath,
    '--input-type=module',
    '-e',
    CALLER,
    run.served.url,
    run.served.token,
    name,
    JSON.stringify(input),
    JSON.stringify(options),
  ]
  const child = spawn(program, words)
  let text = ''
  child.stdout.setEncoding('utf8').on('data', (part: string) => (text += part))
  await once(child, 'close')
  return text
}

describe.runIf(process.platform === 'linux')('what a worker starts', () => {
  behaviour(
    ['F15', 'F16'],
    'cannot complete, block, move or even read a card with the token of the worker',
    async () => {
      await using run = await serveRun(SQLITE, { orchestrator: true })
      // The worker's own process has connected: the client of this test.
      const before = await run.board.events(run.card.id)
      for (const [name, input] of [
        ['kanban_complete', { summary: 'done, trust me' }],
        ['kanban_block', { reason: 'hm' }],
        ['kanban_unblock', { task_id: run.card.id }],
        ['kanban_show', {}],
      ] as const)
        for (const through of ['agent', 'shell'] as const) {
          const answer = await fromBelow(run, name, input, through)
          expect(answer, `${name} from a ${through}`).toMatch(/^403 /)
          expect(answer).toContain(`pid ${process.pid}`)
        }
      expect(await run.board.events(run.card.id)).toEqual(before)
      expect(run.told.filter((sentence) => sentence.includes('turned away'))).toHaveLength(8)
      await run.ok('kanban_complete', { summary: 'done by myself' })
    },
  )

  behaviour('F15', 'is not heard either when it takes care not to be seen', async () => {
    await using run = await serveRun(SQLITE)
    const before = await run.board.events(run.card.id)
    const input = { summary: 'done, trust me' }
    expect(await fromBelow(run, 'kanban_complete', input, 'agent', { localAddress: '127.0.0.2' })).toMatch(
      /^403 /,
    )
    for (let turn = 0; turn < 5; turn++)
      await fromBelow(run, 'kanban_complete', input, 'agent', { hangUp: true })
    await run.ok('kanban_heartbeat')
    expect(run.told.filter((sentence) => sentence.includes('turned away')).length).toBeGreaterThan(0)
    expect(await run.board.events(run.card.id)).toEqual([
      ...before,
      expect.objectContaining({ kind: 'heartbeat' }),
    ])
  })

  behaviour('F15', 'is not heard when it has left the worker, even once that is gone', async () => {
    await using run = await serveRun(SQLITE, { connects: false })
    expect(await fromBelow(run, 'kanban_heartbeat', {}, 'agent')).toMatch(/^200 /)
    expect(await fromBelow(run, 'kanban_complete', { summary: 'mine' }, 'daemon')).toMatch(/^403 /)
    expect((await run.board.task(run.card.id)).status).toBe('running')
  })

  behaviour(
    'F35',
    'is heard once the worker itself is gone: a worker that is asked again is a new process',
    async () => {
      await using run = await serveRun(SQLITE, { connects: false })
      // Each is a process of its own and ends before the next.
      expect(await fromBelow(run, 'kanban_heartbeat', {}, 'agent')).toMatch(/^200 /)
      expect(await fromBelow(run, 'kanban_complete', { summary: 'second turn' }, 'agent')).toMatch(/^200 /)
      expect((await run.board.task(run.card.id)).status).toBe('done')
    },
  )
})

behaviour(
  'tools.eras',
  'what is unusual is answered through the same door, by the library of the protocol',
  async () => {
    await using run = await serveRun(SQLITE)
    const { url, token } = run.served
    const ask = (message: object, headers = {}) =>
      post(url, { ...bearer(token), ...headers }, JSON.stringify(message))
    const ping = { jsonrpc: '2.0', id: 1, method: 'ping' }
    expect(await ask([ping])).toEqual({
      status: 200,
      text: `event: message\ndata: ${JSON.stringify({ result: {}, jsonrpc: '2.0', id: 1 })}\n\n`,
    })
    expect((await ask({ ...ping, method: 'resources/list' })).text).toContain('-32601')
    expect((await ask(ping, { 'mcp-protocol-version': '1999-01-01' })).status).toBe(400)
    expect((await ask(ping, { accept: 'application/json' })).status).toBe(406)
    expect((await post(url, bearer(token), '{')).status).toBe(400)
    const call = { name: 'kanban_heartbeat', arguments: { note: 'on it' }, task: null }
    await ask({ ...ping, method: 'tools/call', params: call })
    await run.ok('kanban_complete', { summary: 'x' })
    expect(run.told.filter((sentence) => sentence.includes('Error'))).toEqual([])
  },
)

describe('large messages', () => {
  behaviour(
    ['F66', 'tools.answers'],
    'arrive whole up to the limits of the board, and beyond are refused with the limit',
    async () => {
      await using run = await serveRun(SQLITE)
      const body = 'é"\\\n'.repeat(250_000)
      const created = await run.ok('kanban_create', { title: 'long', assignee: 'y', body })
      expect((await run.board.task(created['task_id'] as string)).body).toBe(body)
      expect(
        await run.refused('kanban_comment', { task_id: run.card.id, body: 'x'.repeat(200_001) }),
      ).toMatchObject({
        code: 'text_too_long',
        fact: expect.stringContaining('200000') as string,
        retryable: true,
      })
      expect(
        await run.refused('kanban_complete', { summary: 'x', metadata: { all: 'y'.repeat(1_000_001) } }),
      ).toMatchObject({ code: 'text_too_long', retryable: true })
      const { status } = await post(run.served.url, bearer(run.served.token), `"${'x'.repeat(17 * 2 ** 20)}"`)
      expect(status).toBe(413)
      await run.ok('kanban_complete', { summary: 'x' })
    },
  )

  test('deep nesting is data like any other', async () => {
    await using run = await serveRun(SQLITE)
    let metadata: Record<string, unknown> = {}
    for (let depth = 0; depth < 500; depth++) metadata = { deeper: metadata }
    await run.ok('kanban_complete', { summary: 'x', metadata })
    expect((await run.board.kernel.getRun(run.run.id)).metadata).toEqual(metadata)
  })
})

describe('calls at the same time', () => {
  behaviour(
    'F13',
    'a call that is under way when the tools are closed is carried out and answered',
    async () => {
      await using run = await serveRun(SQLITE)
      const answered = run.ok('kanban_complete', { summary: 'in the last moment' })
      while (!run.told.includes('activity')) await new Promise((resolve) => setImmediate(resolve))
      await run.served.close()
      expect(await answered).toMatchObject({ status: 'done' })
    },
  )

  behaviour('run.once', 'of many verdicts one counts, and the others are told', async () => {
    await using run = await serveRun(SQLITE)
    const answers = await Promise.all(
      ['a', 'b', 'c', 'd'].map((summary) => run.call('kanban_complete', { summary })),
    )
    expect(answers.filter(({ ok }) => ok === true)).toHaveLength(1)
    expect(answers.filter(({ code }) => code === 'run_ended')).toHaveLength(3)
    expect(run.told.filter((word) => word === 'complete')).toHaveLength(1)
  })
})
