/** The script that tells of refusals from inside an agent, in programs of their own that ask a provider of ours. */
import { execFile } from 'node:child_process'
import { once } from 'node:events'
import { mkdirSync, writeFileSync } from 'node:fs'
import { createServer } from 'node:http'
import type { AddressInfo } from 'node:net'
import { join } from 'node:path'
import { promisify } from 'node:util'
import { describe, expect, test } from 'vitest'
import { AgentFindings } from '../../src/agents/findings.ts'
import { readErrorLines } from '../../src/agents/output/read-error-lines.ts'
import { refusalPreload, toldRefusals } from '../../src/agents/refusal-preload.ts'
import { qwen } from '../../src/agents/rows/qwen.ts'
import { temporaryFolder } from '../helpers/boards.ts'

const run = promisify(execFile)
const PRELOAD = { runtime: 'node', package: 'my-agent' } as const
const NOW = 1_795_597_000

/** What a program prints that runs these lines of a module; `{url}` is the provider, which answers with this. */
async function printed(
  lines: string,
  { name = 'my-agent', options = '', status = 429, headers = {}, body = '' }: Partial<Given> = {},
) {
  const provider = createServer((_, response) => response.writeHead(status, headers).end(body))
  await once(provider.listen(0, '127.0.0.1'), 'listening')
  using temporary = temporaryFolder()
  const folder = join(temporary.path, 'a run')
  try {
    const bin = join(folder, 'package/bin')
    mkdirSync(bin, { recursive: true })
    writeFileSync(join(folder, 'package/package.json'), JSON.stringify({ name, type: 'module' }))
    const url = `http://127.0.0.1:${(provider.address() as AddressInfo).port}`
    writeFileSync(join(bin, 'agent.js'), lines.replaceAll('{url}', url))
    const file = join(folder, 'refusals.cjs')
    const { content, env } = refusalPreload(PRELOAD, file, { NODE_OPTIONS: options })
    writeFileSync(file, content)
    const { stdout, stderr } = await run(process.execPath, [join(bin, 'agent.js')], {
      env: { PATH: process.env['PATH'] ?? '', ...env },
    })
    return {
      out: stdout.trim(),
      told: stderr.split('\n').filter((line) => line.startsWith('yard: ')),
      stderr,
    }
  } finally {
    provider.close()
  }
}
interface Given {
  name: string
  options: string
  status: number
  headers: Readonly<Record<string, string>>
  body: string
}

const ask = (path = '/v1/chat/completions', method = 'POST') =>
  `{ const answer = await fetch('{url}${path}', { method: '${method}' }); console.log(answer.status, await answer.text()) }`
const askByHttp = `
import { request } from 'node:http'
await new Promise((resolve) =>
  request('{url}/v1/responses?key=secret', { method: 'POST' }, (answer) => answer.resume().on('end', resolve)).end())
`

describe('F32 a refusal that an agent keeps to itself', () => {
  test('is told in the words of the provider, with its waiting time, and the agent gets its answer', async () => {
    const body = JSON.stringify({ error: { message: 'Rate limit\nreached.' } })
    const { out, told } = await printed(ask(), { headers: { 'retry-after': '7' }, body })
    expect(out).toBe(`429 ${body}`)
    expect(told).toEqual([
      'yard: the provider answered with status 429, retry after 7 s: Rate limit reached.',
    ])
    const findings = new AgentFindings(qwen, () => NOW)
    for (const item of readErrorLines(toldRefusals(qwen))(Buffer.from(`${told[0]}\n`))) findings.take(item)
    expect(findings.problem).toMatchObject({ class: 'quota', retryAt: NOW + 7 })
  })

  test.each([
    ['a date', { 'retry-after': 'Fri, 01 Jan 2100 00:00:00 GMT' }, '', /429, retry after \d{9,} s$/],
    [
      'a detail of Google',
      {},
      '[{"error":{"message":"No.","details":[{"retryDelay":"34.2s"}]}}]',
      /after 35 s: No\.$/,
    ],
    ['nothing', {}, 'Too many\nrequests', /status 429: Too many requests$/],
  ])('is told with the waiting time given by %s', async (_, headers, body, expected) => {
    expect((await printed(ask(), { headers, body })).told).toEqual([expect.stringMatching(expected)])
  })

  test('is told of a client that uses no fetch, without what its address holds', async () => {
    expect((await printed(askByHttp, { status: 401 })).told).toEqual([
      'yard: the provider answered with status 401',
    ])
  })

  test('is told of a client with its own way to fetch, once', async () => {
    // As a copy of undici inside of a program tells it.
    const lines = `
import { channel } from 'node:diagnostics_channel'
const request = { method: 'POST', path: '/v1/chat/completions', origin: '{url}' }
const publish = (name, more) => channel('undici:request:' + name).publish({ request, ...more })
publish('create')
publish('headers', { response: { statusCode: 429, headers: ['Retry-After', '7'].map(Buffer.from) } })
publish('bodyChunkReceived', { chunk: Buffer.from('Too many ') })
publish('bodyChunkReceived', { chunk: Buffer.from('requests') })
publish('trailers')
console.log(process.env.NODE_OPTIONS ?? 'none')
setTimeout(() => {}, 1_500)
`
    const { out, told } = await printed(lines)
    expect([out, told]).toEqual([
      'none',
      ['yard: the provider answered with status 429, retry after 7 s: Too many requests'],
    ])
  })

  test('is one, however fast the agent asks again', async () => {
    expect((await printed(ask() + ask() + ask())).told).toHaveLength(1)
  })

  test.each([
    ['of something else than a model', ask('/search'), {}],
    ['of a page that is fetched', ask('/v1/chat/completions', 'GET'), {}],
    ['that is none', ask(), { status: 200 }],
    ['of an overloaded provider, which the agent gets over by itself', ask(), { status: 529 }],
    ['of another program that the agent started', ask(), { name: 'a-server' }],
  ])('is not told: one %s', async (_, lines, given) => {
    const { out, told, stderr } = await printed(lines, given)
    expect(out).toMatch(/^\d{3}/)
    expect([told, stderr]).toEqual([[], ''])
  })

  test('leaves nothing behind for what the model starts, and keeps the options of the user', async () => {
    const tell = 'console.log(process.env.NODE_OPTIONS ?? "none");'
    expect((await printed(ask('/v1/messages') + tell)).out).toBe('429 \nnone')
    expect((await printed(ask('/v1/messages') + tell, { options: '--no-warnings' })).out).toBe(
      '429 \n--no-warnings',
    )
    // Programs that restart themselves are still loaded with it.
    expect((await printed(tell)).out).toContain('refusals.cjs')
  })
})
