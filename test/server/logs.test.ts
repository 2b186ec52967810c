/** The log of a run over HTTP: whole, its end, and as it is written. */
import {
  appendFileSync,
  mkdirSync,
  readdirSync,
  readlinkSync,
  renameSync,
  symlinkSync,
  writeFileSync,
} from 'node:fs'
import { request, type IncomingMessage } from 'node:http'
import { join } from 'node:path'
import { describe, expect, test } from 'vitest'
import { openClient } from '../../src/client/index.ts'
import { MOUNTS } from '../../src/contract/operations/routes.ts'
import type { AgentIdentity } from '../../src/domain/run-agent.ts'
import type { OpenedRun } from '../helpers/kernel.ts'
import { behaviour } from '../behaviours.ts'
import { databases } from '../helpers/boards.ts'
import { openTestServer, type TestServer } from './rig.ts'

interface LoggedRun {
  readonly run: OpenedRun
  readonly taskId: string
  readonly path: string
}

/** A run whose log is where the server looks for logs. */
async function loggedRun(
  server: TestServer,
  { folder = server.paths.runLogs, agent }: { folder?: string; agent?: AgentIdentity } = {},
): Promise<LoggedRun> {
  const { id } = await server.test.given()
  const opened = await server.kernel.openRun(
    {
      taskId: id,
      profile: 'coder',
      bootId: 'boot-1',
      claimLock: 'testhost:1',
      maxRuntimeSeconds: null,
      logFolder: folder,
      workspace: { path: `/srv/work/${id}`, kind: 'scratch', repository: null, branch: null },
      policy: server.test.policy,
      caps: { board: 100, profile: 100 },
      ...(agent === undefined ? {} : { agent }),
    },
    { kind: 'system', name: 'dispatcher', door: 'gateway' },
  )
  if ('refused' in opened) throw new Error(opened.refused.text)
  const run = server.test.hold(opened.runId, opened.secret, id, 'coder')
  await run.start()
  return { run, taskId: id, path: opened.logPath }
}

/** Reads an answer that goes on, piece by piece. */
class Follower {
  readonly answer: IncomingMessage
  text = ''
  readonly over: Promise<void>
  #wake = () => {}

  constructor(answer: IncomingMessage) {
    this.answer = answer
    answer.setEncoding('utf8')
    answer.on('data', (part: string) => {
      this.text += part
      this.#wake()
    })
    answer.on('error', () => undefined)
    this.over = new Promise((resolve) =>
      answer.once('close', () => {
        resolve()
        this.#wake()
      }),
    )
  }

  async until(part: string): Promise<void> {
    while (!this.text.includes(part)) {
      if (this.answer.closed) throw new Error(`it ended with ${JSON.stringify(this.text)}`)
      await new Promise<void>((resolve) => {
        this.#wake = resolve
      })
    }
  }
}

const begin = (server: TestServer, path: string, as = server.owner): Promise<IncomingMessage> =>
  new Promise((resolve, reject) => {
    request(`${server.url}${MOUNTS[0]}${path}`, { agent: false, headers: { authorization: `Bearer ${as}` } })
      .on('response', resolve)
      .on('error', reject)
      .end()
  })

const follow = async (server: TestServer, path: string, as?: string): Promise<Follower> =>
  new Follower(await begin(server, path, as))

behaviour('http.follow', 'HEAD is told what would be followed, and leaves no file open', async () => {
  await using server = await openTestServer()
  const { run, path } = await loggedRun(server)
  writeFileSync(path, 'begun\n')
  const openLogs = () =>
    readdirSync('/proc/self/fd').filter((fd) => {
      try {
        return readlinkSync(`/proc/self/fd/${fd}`) === path
      } catch {
        return false
      }
    }).length
  const head = await server.ask(`/api/kanban/runs/${run.id}/log/text?follow=true`, { method: 'HEAD' })
  expect(head).toMatchObject({
    status: 200,
    text: '',
    headers: { 'content-type': 'text/plain; charset=utf-8' },
  })
  const follower = await follow(server, `/runs/${run.id}/log/text?follow=true`)
  await follower.until('begun')
  appendFileSync(path, 'more\n')
  await follower.until('more')
  expect(openLogs()).toBe(1)
  follower.answer.destroy()
})

test('a log is given whole, or its end, as JSON and as text', async () => {
  await using server = await openTestServer()
  const { run, taskId, path } = await loggedRun(server)
  const empty = await server.call('getRunLog', { id: run.id })
  expect(empty).toEqual({
    run_id: run.id,
    task_id: taskId,
    path,
    exists: false,
    size_bytes: 0,
    content: '',
    truncated: false,
  })
  writeFileSync(`${path}.1`, 'older\n')
  writeFileSync(path, 'first line\nsecond Zeile ü\n')
  expect(await server.call('getRunLog', { id: run.id })).toMatchObject({
    exists: true,
    size_bytes: 33,
    content: 'older\nfirst line\nsecond Zeile ü\n',
  })
  expect(await server.call('getRunLog', { id: run.id, tail: 3 })).toMatchObject({
    content: 'ü\n',
    truncated: true,
  })
  const text = await server.ask(`/api/kanban/runs/${run.id}/log/text`)
  expect(text).toMatchObject({
    status: 200,
    text: 'older\nfirst line\nsecond Zeile ü\n',
    headers: { 'content-type': 'text/plain; charset=utf-8', 'x-content-type-options': 'nosniff' },
  })
  // A line that was cut is no line.
  expect((await server.ask(`/api/kanban/runs/${run.id}/log/text?tail=20`)).text).toBe('second Zeile ü\n')
})

test('each run has its own log, and a claim by hand has none', async () => {
  await using server = await openTestServer()
  const { id } = await server.test.given()
  const { run_id: claimed } = await server.call('claimTask', { id })
  expect(await server.call('getRunLog', { id: claimed! })).toMatchObject({ path: null, exists: false })
  expect(await server.refusal('streamRunLog', { id: claimed! })).toMatchObject({
    status: 404,
    code: 'no_log',
  })
  expect(await server.refusal('getRunLog', { id: 999 })).toMatchObject({
    status: 404,
    code: 'run_not_found',
  })
  const { run, path } = await loggedRun(server)
  writeFileSync(path, '{}\n')
  expect(await server.refusal('streamRunItems', { id: run.id })).toMatchObject({
    status: 404,
    code: 'no_agent',
  })
})

describe.each(databases)('a log that is followed, on $name', (database) => {
  behaviour(
    'http.follow',
    'arrives as it is written, through a rotation, and ends with the run',
    async () => {
      await using server = await openTestServer({ database })
      const { run, path } = await loggedRun(server)
      writeFileSync(path, 'before\n')
      const client = await follow(server, `/runs/${run.id}/log/text?follow=true`)
      await client.until('before\n')
      appendFileSync(path, 'one\nhalf a')
      await client.until('one\n')
      appendFileSync(path, ' line\n')
      renameSync(path, `${path}.1`)
      writeFileSync(path, 'after\n')
      await client.until('half a line\nafter\n')
      appendFileSync(path, 'the last words')
      await run.end('completed')
      await client.over
      expect(client.text).toBe('before\none\nhalf a line\nafter\nthe last words')
      expect(client.answer.complete).toBe(true)
      // Of a run that has ended, it ends at once.
      const again = await follow(server, `/runs/${run.id}/log/text?follow=true&tail=15`)
      await again.over
      expect(again.text).toBe('the last words')
    },
  )
})

behaviour('http.follow', 'the client of the package reads a log as it is written', async () => {
  await using server = await openTestServer()
  const { run, path } = await loggedRun(server)
  const yard = openClient({ url: server.url, token: server.owner })
  const { body } = await yard.streamRunLog({ id: run.id, follow: true })
  writeFileSync(path, 'one\n')
  let text = ''
  for await (const part of body!.pipeThrough(new TextDecoderStream())) {
    text += part
    if (text !== 'one\n') continue
    appendFileSync(path, 'two\n')
    await run.end('completed')
  }
  expect(text).toBe('one\ntwo\n')
})

behaviour('http.follow', 'what an agent does is followed as lines of JSON', async () => {
  await using server = await openTestServer()
  const agent = { agent: 'claude', provider: 'anthropic', cwd: '/srv', fingerprint: 'f', resumedFrom: null }
  const { run, path } = await loggedRun(server, { agent })
  const client = await follow(server, `/runs/${run.id}/log/items?follow=true`)
  expect(client.answer.headers['content-type']).toBe('application/jsonl; charset=utf-8')
  writeFileSync(`${path}.jsonl`, '{"at":1,"kind":"message","text":"hello"}\n')
  await client.until('hello')
  appendFileSync(`${path}.jsonl`, '{"at":2,"kind":"tool","name":"bash","input":"ls"}\n')
  await run.end('completed')
  await client.over
  expect(
    client.text
      .trimEnd()
      .split('\n')
      .map((line) => JSON.parse(line) as unknown),
  ).toEqual([
    { at: 1, kind: 'message', text: 'hello' },
    { at: 2, kind: 'tool', name: 'bash', input: 'ls' },
  ])
})

behaviour(
  'http.follow',
  'a client that does not read holds nothing up, and misses nothing',
  async () => {
    await using server = await openTestServer()
    const { run, path } = await loggedRun(server)
    const line = `${'x'.repeat(99)}\n`
    writeFileSync(path, line.repeat(80_000))
    const heldBefore = process.memoryUsage().arrayBuffers
    const answer = await begin(server, `/runs/${run.id}/log/text?follow=true&tail=100`)
    await new Promise((resolve) => answer.once('readable', resolve))
    answer.pause()
    for (let part = 0; part < 40; part++) appendFileSync(path, line.repeat(10_000))
    // Others are served meanwhile, and what waits stays in the file.
    for (let asked = 0; asked < 20; asked++) await server.call('getStats', {})
    expect(process.memoryUsage().arrayBuffers - heldBefore).toBeLessThan(20 * 2 ** 20)
    await run.end('completed')
    let bytes = 0
    for await (const part of answer) bytes += (part as Buffer).length
    expect(bytes).toBe(line.length * 400_001)
  },
  60_000,
)

test('a follower whose token is revoked, or that leaves, is let go', async () => {
  await using server = await openTestServer()
  const { run, path } = await loggedRun(server)
  writeFileSync(path, 'begun\n')
  const { secret, token } = await server.call('createToken', { label: 'x', scope: 'read' })
  const client = await follow(server, `/runs/${run.id}/log/text?follow=true`, secret)
  await client.until('begun')
  await server.call('revokeToken', { id: token.id })
  await client.over
  const leaver = await follow(server, `/runs/${run.id}/log/text?follow=true`)
  await leaver.until('begun')
  leaver.answer.destroy()
  await leaver.over
  expect((await server.call('getRun', { id: run.id })).run.status).toBe('running')
  expect(server.logged.filter(({ level }) => level === 'error')).toEqual([])
})

test('the worker of a run reads its own log, and nobody else’s', async () => {
  await using server = await openTestServer()
  const [mine, other] = [await loggedRun(server), await loggedRun(server)]
  for (const { path } of [mine, other]) writeFileSync(path, 'words\n')
  const as = server.runToken(mine.run)
  expect(await server.call('getRunLog', { id: mine.run.id }, as)).toMatchObject({ content: 'words\n' })
  expect(String(await server.call('streamRunLog', { id: mine.run.id }, as))).toBe('words\n')
  for (const id of ['getRunLog', 'streamRunLog', 'streamRunItems'] as const)
    expect(await server.refusal(id, { id: other.run.id }, as)).toMatchObject({ status: 403 })
})

test('F17: neither a link nor a path in its place leads out of the folder of logs', async () => {
  await using server = await openTestServer()
  const secret = join(server.paths.home, 'secret')
  writeFileSync(secret, 'the secret\n')
  const linked = await loggedRun(server)
  symlinkSync(secret, linked.path)
  const elsewhere = join(server.paths.home, 'elsewhere')
  mkdirSync(elsewhere)
  const outside = await loggedRun(server, { folder: elsewhere })
  writeFileSync(outside.path, 'the secret\n')
  for (const { run } of [linked, outside]) {
    expect(await server.call('getRunLog', { id: run.id })).toMatchObject({ exists: false, content: '' })
    expect(String(await server.call('streamRunLog', { id: run.id }))).toBe('')
    await run.end('completed')
    const client = await follow(server, `/runs/${run.id}/log/text?follow=true`)
    await client.over
    expect(client.text).toBe('')
  }
})

test('the log of a run on another host is not read here, and says where it is', async () => {
  await using server = await openTestServer()
  const { run } = await loggedRun(server)
  const elsewhere = await server.test.another({ host: 'otherhost' })
  const { id } = await server.test.given()
  const opened = await elsewhere.openRun(
    {
      taskId: id,
      profile: 'coder',
      bootId: 'boot-2',
      claimLock: 'otherhost:1',
      maxRuntimeSeconds: null,
      logFolder: server.paths.runLogs,
      workspace: { path: `/srv/work/${id}`, kind: 'scratch', repository: null, branch: null },
      policy: server.test.policy,
      caps: { board: 100, profile: 100 },
    },
    { kind: 'system', name: 'dispatcher', door: 'gateway' },
  )
  if ('refused' in opened) throw new Error(opened.refused.text)
  for (const name of ['getRunLog', 'streamRunLog'] as const)
    expect(await server.refusal(name, { id: opened.runId })).toMatchObject({
      status: 409,
      code: 'log_elsewhere',
      detail: expect.stringContaining('otherhost'),
    })
  expect((await server.call('getRunLog', { id: run.id })).exists).toBe(false)
})
