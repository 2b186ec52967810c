/** Where the server listens, as the options of `yard gateway start` say it. */
import { spawnSync } from 'node:child_process'
import { chmodSync, existsSync, readFileSync, statSync, writeFileSync } from 'node:fs'
import { request, type RequestOptions } from 'node:https'
import { createServer } from 'node:net'
import { join } from 'node:path'
import { generate } from 'selfsigned'
import { describe, expect, test } from 'vitest'
import { behaviour } from '../behaviours.ts'
import { Home } from '../cli/home.ts'
import { openTestServer } from './rig.ts'

interface Status {
  readonly url: string
  readonly socket: string | null
}

/** A home whose gateway is stopped with the test. */
async function withGateway(words: readonly string[], use: (home: Home, status: Status) => Promise<void>) {
  using home = new Home()
  await started(home, words, use)
}

async function started(
  home: Home,
  words: readonly string[],
  use: (home: Home, status: Status) => Promise<void>,
): Promise<void> {
  await home.ok('gateway', 'start', '--detach', ...words)
  try {
    await use(home, await home.json<Status & Record<string, unknown>>('gateway', 'status'))
  } finally {
    await home.yard('gateway', 'stop')
  }
}

async function takenPort(): Promise<{ readonly port: number } & AsyncDisposable> {
  const server = createServer().listen(0, '127.0.0.1')
  await new Promise((resolve) => server.once('listening', resolve))
  const { port } = server.address() as { port: number }
  return {
    port,
    [Symbol.asyncDispose]: () => new Promise<void>((resolve) => server.close(() => resolve())),
  }
}

async function freePort(): Promise<number> {
  await using taken = await takenPort()
  return taken.port
}

describe('options of yard gateway start', () => {
  behaviour('http.options', 'go before the settings, and every command tells the true address', async () => {
    await using taken = await takenPort()
    using home = new Home()
    home.write('config.yaml', `server:\n  port: ${taken.port}\n  port_is_fixed: true\n  enabled: false\n`)
    const port = await freePort()
    await started(home, ['--port', String(port)], async (_, { url }) => {
      expect(url).toBe(`http://127.0.0.1:${port}`)
      expect((await fetch(`${url}/healthz`)).status).toBe(200)
      expect(await home.ok('gateway', 'status')).toContain(`serves ${url}`)
      expect((await home.yard('doctor')).stdout).toContain(`serves ${url}`)
      expect((await home.ok('open')).startsWith(`${url}/login#`)).toBe(true)
    })
    expect(await home.json('gateway', 'status').catch(() => null)).toBeNull()
  })

  behaviour('http.port', 'a port that was asked for is taken or refused, never replaced', async () => {
    await using taken = await takenPort()
    using home = new Home()
    const said = await home.refused('gateway', 'start', '--detach', '--port', String(taken.port))
    expect(said).toContain(`Cannot listen on 127.0.0.1:${taken.port}: another program does.`)
    expect(said).toContain('yard gateway start --port')
    expect(existsSync(join(home.path, 'server.json'))).toBe(false)
    await home.misused('gateway', 'start', '--port', '70000')
    await home.misused('gateway', 'start', '--host', 'http://127.0.0.1')
  })

  behaviour('http.expose', 'other machines get in only where somebody said that they may', async () => {
    using home = new Home()
    const refused = await home.refused('gateway', 'start', '--host', '0.0.0.0', '--port', '0')
    expect(refused).toContain('Cannot listen on 0.0.0.0: other machines could come in there')
    expect(refused).toContain('yard config set server.expose true')
    home.write('config.yaml', 'server:\n  host: "::"\n  port: 0\n')
    expect(await home.refused('gateway', 'start')).toContain('Cannot listen on ::')
    expect(existsSync(join(home.path, 'server.json'))).toBe(false)

    // A way to write the loopback address that is not taken for one: open to others, as far as anybody can tell.
    const open = ['--host', '127.1', '--expose', '--port', '0']
    await started(home, open, async () => {
      expect(home.read('logs/gateway.log')).toContain('listens on 127.1 without TLS')
      expect(await home.ok('gateway', 'status')).toContain('open to other machines without encryption')
      expect((await home.yard('doctor')).stdout).toContain('without encryption')
    })
    await started(home, [...open, '--trust-proxy'], async () => {
      expect(await home.ok('gateway', 'status')).toMatch(/open to other machines(?! without)/)
    })
  })
})

describe('the token file of the home', () => {
  interface Checks {
    readonly checks: readonly { check: string; status: string; message: string; next: string | null }[]
  }
  const doctorOf = async (home: Home) => {
    const { stdout } = await home.yard('doctor', '--json')
    return (JSON.parse(stdout) as Checks).checks.filter(({ check }) => check === 'server token')
  }

  behaviour('http.token-file', 'is looked at by the doctor, who says how it becomes good again', async () => {
    using home = new Home()
    expect(await doctorOf(home)).toMatchObject([{ status: 'ok' }])
    const file = join(home.path, 'server.token')
    await started(home, ['--port', '0'], async (_, { url }) => {
      const session = async () => {
        const headers = { authorization: `Bearer ${readFileSync(file, 'utf8').trim()}` }
        return (await fetch(`${url}/api/kanban/session`, { headers })).status
      }
      expect(await session()).toBe(200)
      expect(await doctorOf(home)).toMatchObject([{ status: 'ok', message: 'private' }])
      chmodSync(file, 0o644)
      expect(await session()).toBe(401)
      expect(await doctorOf(home)).toMatchObject([
        {
          status: 'fail',
          message: expect.stringContaining(`${file} could be read by others`),
          next: 'yard gateway stop && yard gateway start --detach',
        },
      ])
    })
    writeFileSync(file, 'secret\n', { mode: 0o600 })
    chmodSync(file, 0o600)
    expect(await doctorOf(home)).toMatchObject([
      { status: 'warn', message: expect.stringContaining('holds no token'), next: 'yard gateway start' },
    ])
    await started(home, ['--port', '0'], async () => {
      expect(await doctorOf(home)).toMatchObject([{ status: 'ok', message: 'private' }])
    })
  })
})

describe('HTTPS', () => {
  const get = (url: string, options: RequestOptions & { readonly body?: string } = {}) =>
    new Promise<{ status: number; cookie: string }>((resolve, reject) => {
      const { body, ...rest } = options
      const sent = request(url, { agent: false, ...rest })
      sent.on('error', reject)
      sent.on('response', (answer) => {
        resolve({ status: answer.statusCode ?? 0, cookie: answer.headers['set-cookie']?.[0] ?? '' })
        answer.resume()
      })
      sent.end(body)
    })

  behaviour(
    'http.tls',
    'with a certificate the board is served encrypted, and the cookie is kept to that',
    async () => {
      using home = new Home()
      const { cert, private: key } = await generate([{ name: 'commonName', value: 'localhost' }], {
        keyType: 'ec',
        extensions: [{ name: 'subjectAltName', altNames: [{ type: 7, ip: '127.0.0.1' }] }],
      })
      // Named as a person would, from where they are.
      writeFileSync(join(home.folder, 'cert.pem'), cert)
      writeFileSync(join(home.folder, 'key.pem'), key, { mode: 0o600 })
      const tls = ['--tls-cert', 'cert.pem', '--tls-key', 'key.pem']
      await started(home, ['--port', '0', ...tls], async (_, { url }) => {
        expect(url).toMatch(/^https:\/\/127\.0\.0\.1:\d+$/)
        const trusted = { ca: cert }
        expect(await get(`${url}/healthz`, trusted)).toMatchObject({ status: 200 })
        await expect(get(`${url}/healthz`)).rejects.toThrow('self-signed')
        await expect(fetch(url.replace('https', 'http'))).rejects.toThrow('fetch failed')
        const link = (await home.ok('open')).trim()
        const login = await get(`${url}/login`, {
          ...trusted,
          method: 'POST',
          headers: { 'content-type': 'application/json' },
          body: JSON.stringify({ code: link.split('#')[1] }),
        })
        expect(login).toMatchObject({ status: 200, cookie: expect.stringMatching(/; Secure$/) })
      })
      expect(await home.refused('gateway', 'start', '--port', '0', '--tls-cert', 'cert.pem')).toContain(
        'a certificate needs its key',
      )
      expect(
        await home.refused(
          'gateway',
          'start',
          '--port',
          '0',
          '--tls-cert',
          'none.pem',
          '--tls-key',
          'key.pem',
        ),
      ).toContain('none.pem cannot be read')
      expect(
        await home.refused(
          'gateway',
          'start',
          '--port',
          '0',
          '--tls-cert',
          'key.pem',
          '--tls-key',
          'key.pem',
        ),
      ).toContain('Cannot serve HTTPS with the certificate')
      // Nothing was left behind that reads a board which is closed.
      expect(home.read('logs/gateway.log')).not.toContain('could not be read for the metrics')
    },
  )
})

describe('a Unix socket', () => {
  const hasCurl = spawnSync('curl', ['--version']).status === 0

  test.skipIf(!hasCurl)('is for its owner alone, and curl can use it', async () => {
    await withGateway(['--port', '0', '--socket', 'yard.sock'], async (home, { socket }) => {
      expect(socket).toBe(join(home.folder, 'yard.sock'))
      expect(statSync(socket ?? '').mode & 0o777).toBe(0o600)
      const authorization = `Authorization: Bearer ${readFileSync(join(home.path, 'server.token'), 'utf8').trim()}`
      const curl = (...words: string[]) =>
        spawnSync(
          'curl',
          ['-s', '--unix-socket', 'yard.sock', ...words, 'http://localhost/api/kanban/session'],
          {
            cwd: home.folder,
            encoding: 'utf8',
          },
        ).stdout
      expect(JSON.parse(curl('-H', authorization))).toMatchObject({ kind: 'owner' })
      expect(JSON.parse(curl())).toMatchObject({ code: 'unauthorised' })
      expect(JSON.parse(curl('-H', authorization, '-H', 'Host: evil.example'))).toMatchObject({
        code: 'unknown_host',
      })
    })
  })
})

describe('a proxy in front', () => {
  const settings = 'server:\n  port: 0\n  allowed_hosts: [board.example]\n'
  const via = (client: string) => ({
    host: 'board.example',
    'x-forwarded-for': `203.0.113.9, ${client}`,
    'x-forwarded-proto': 'https',
  })

  behaviour('http.proxy', 'says who asks and how; where none was announced, nobody is believed', async () => {
    await using plain = await openTestServer({ settings })
    await using proxied = await openTestServer({ settings: `${settings}  trust_proxy: true\n` })
    const loginOf = (server: typeof plain) =>
      server.ask('/login', {
        method: 'POST',
        as: null,
        headers: via('198.51.100.1'),
        body: { code: server.owner },
      })
    expect((await loginOf(proxied)).headers['set-cookie']?.[0]).toMatch(/; Secure$/)
    expect((await loginOf(plain)).headers['set-cookie']?.[0]).not.toContain('Secure')

    const guess = (server: typeof plain, client: string) =>
      server.ask('/api/kanban/stats', { as: 'wrong', headers: via(client) })
    for (const server of [plain, proxied])
      for (let attempt = 0; attempt < 11; attempt++) await guess(server, '198.51.100.1')
    expect((await guess(proxied, '198.51.100.1')).status).toBe(429)
    expect((await guess(proxied, '198.51.100.2')).status).toBe(401)
    expect((await guess(plain, '198.51.100.2')).status).toBe(429)
    expect(proxied.logged.at(-1)?.fields).toMatchObject({ from: '198.51.100.2' })
    expect(plain.logged.at(-1)?.fields).toMatchObject({ from: expect.stringContaining('127.0.0.1') })
  })
})
