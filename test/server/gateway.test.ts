/** The server as a person gets it: in the gateway of the built program. */
import { createServer } from 'node:net'
import { request } from 'node:http'
import { existsSync, statSync } from 'node:fs'
import { join } from 'node:path'
import { describe, expect, test } from 'vitest'
import { Home } from '../cli/home.ts'

interface State {
  readonly url: string
  readonly socket: string | null
}

const stateOf = (home: Home): State => JSON.parse(home.read('server.json')) as State

/** A home whose gateway is stopped with the test. */
async function withGateway(config: string, use: (home: Home) => Promise<void>): Promise<void> {
  using home = new Home()
  home.write('config.yaml', config)
  await home.ok('gateway', 'start', '--detach')
  try {
    await use(home)
  } finally {
    await home.yard('gateway', 'stop')
  }
}

describe('a newcomer', () => {
  test('logs in from the printed link, once; nobody gets in without', async () => {
    await withGateway('server:\n  port: 0\n', async (home) => {
      const { url } = stateOf(home)
      const link = (await home.ok('open', '--scope', 'write')).trim()
      expect(link).toMatch(new RegExp(`^${url}/login#yard_[\\w-]{43}$`))
      const enter = () =>
        fetch(`${url}/login`, {
          method: 'POST',
          headers: { 'content-type': 'application/json', 'user-agent': 'Mozilla/5.0 Firefox/150.0' },
          body: JSON.stringify({ code: link.split('#')[1] }),
        })
      const first = await enter()
      expect(first.status).toBe(200)
      const cookie = first.headers.get('set-cookie')?.split(';')[0] ?? ''
      const session = await fetch(`${url}/api/kanban/session`, { headers: { cookie } })
      expect(await session.json()).toMatchObject({ name: 'alice', scope: 'write', kind: 'session' })
      expect((await enter()).status).toBe(401)
      expect((await fetch(`${url}/api/kanban/session`)).status).toBe(401)
      expect(statSync(join(home.path, 'server.token')).mode & 0o777).toBe(0o600)
      expect(await home.ok('token', 'list')).toMatch(/session +write +alice +Firefox/)
    })
  })

  test('gives programs tokens, and takes them back', async () => {
    await withGateway('server:\n  port: 0\n', async (home) => {
      const { url } = stateOf(home)
      const secret = (await home.ok('token', 'create', 'ci', '--scope', 'write', '--expires', '1h')).trim()
      const create = () =>
        fetch(`${url}/api/kanban/tasks`, {
          method: 'POST',
          headers: { authorization: `Bearer ${secret}`, 'content-type': 'application/json' },
          body: '{"title":"from ci"}',
        })
      expect((await create()).status).toBe(200)
      const [token] = await home.json<{ id: number }[]>('token', 'list')
      await home.ok('token', 'revoke', String(token?.id))
      expect((await create()).status).toBe(401)
      expect(await home.refused('token', 'revoke', '99')).toContain('yard token list')
      expect(await home.misused('token', 'revoke', 'ci')).toContain('yard token list')
    })
  })

  test('is told how to start it when it does not run', async () => {
    using home = new Home()
    expect(await home.refused('open')).toContain('yard gateway start')
  })
})

describe('where it listens', () => {
  test('takes the next free port, unless it was told which one it must be', async () => {
    const taken = createServer().listen(0, '127.0.0.1')
    await new Promise((resolve) => taken.once('listening', resolve))
    const { port } = taken.address() as { port: number }
    try {
      await withGateway(`server:\n  port: ${port}\n`, async (home) => {
        expect(Number(new URL(stateOf(home).url).port)).toBeGreaterThan(0)
        expect(Number(new URL(stateOf(home).url).port)).not.toBe(port)
      })
      using home = new Home()
      home.write('config.yaml', `server:\n  port: ${port}\n  port_is_fixed: true\n`)
      const { code, stderr } = await home.yard('gateway', 'start')
      expect(code).toBe(1)
      expect(stderr).toContain(`Cannot listen on 127.0.0.1:${port}: another program does.`)
      expect(existsSync(join(home.path, 'server.json'))).toBe(false)
    } finally {
      taken.close()
    }
  })

  test('listens on a Unix socket as well, for its owner alone', async () => {
    using scratch = new Home()
    const path = join(scratch.folder, 'yard.sock')
    await withGateway(`server:\n  port: 0\n  socket: ${path}\n`, async (home) => {
      expect(statSync(path).mode & 0o777).toBe(0o600)
      const status = await new Promise((resolve, reject) => {
        request({
          socketPath: path,
          path: '/api/kanban/stats',
          headers: { host: 'localhost', authorization: `Bearer ${home.read('server.token').trim()}` },
        })
          .on('response', (answer) => resolve(answer.resume().statusCode))
          .on('error', reject)
          .end()
      })
      expect(status).toBe(200)
    })
    expect(existsSync(path)).toBe(false)
  })

  test('can be switched off', async () => {
    await withGateway('server:\n  enabled: false\n', async (home) => {
      expect(existsSync(join(home.path, 'server.json'))).toBe(false)
      expect(await home.refused('open')).toContain('yard config set server.enabled true')
    })
  })
})
