/** The server's own pages in a real browser: who gets in, how they look and read, and that texts are never anything but texts. */
import { createServer } from 'node:http'
import { expect } from 'vitest'
import { operations } from '../../src/contract/operations/table.ts'
import { MOUNTS } from '../../src/contract/operations/routes.ts'
import { behaviour } from '../behaviours.ts'
import { Home } from '../cli/home.ts'
import { alice } from '../helpers/kernel.ts'
import { rowsOf } from '../helpers/rows.ts'
import { openTestServer, type TestServer } from '../server/rig.ts'
import { breaches, inBrowser, visit, type Visit } from './browser.ts'

const linkOf = async ({ kernel, url }: TestServer, person = 'sue') => {
  const wanted = { kind: 'login', person, label: 'link', scope: 'operate', expiresInSeconds: 300 } as const
  return `${url}/login#${(await kernel.issueCredential(wanted, alice)).secret}`
}

/** Follows a link as somebody does who has just been given it. */
async function logIn({ page }: Visit, link: string): Promise<void> {
  await page.goto(link)
  await page.getByText('You are logged in as').waitFor()
}

inBrowser('a newcomer', () => {
  behaviour(
    'browser.login',
    'gets in with the link that yard open prints, and nobody else does',
    async () => {
      using home = new Home()
      await home.ok('gateway', 'start', '--detach', '--port', '0')
      try {
        const { url } = await home.json<{ url: string }>('gateway', 'status')
        await using mine = await visit()
        await mine.page.goto(url)
        expect(new URL(mine.page.url()).pathname).toBe('/login')
        const link = (await home.ok('open')).trim()
        await logIn(mine, link)
        expect(mine.page.url()).toBe(`${url}/`)
        expect(await mine.page.getByText('alice').count()).toBe(1)
        await mine.page.getByRole('link', { name: 'Operations' }).click()
        await mine.page.getByRole('heading', { name: 'HTTP interface' }).waitFor()

        // Neither scripts nor the history of the browser have what opens the door.
        const code = link.split('#')[1] ?? ''
        expect(await mine.page.evaluate('document.cookie')).toBe('')
        expect(await mine.page.evaluate('JSON.stringify([{ ...localStorage }, { ...sessionStorage }])')).toBe(
          '[{},{}]',
        )
        await mine.page.goBack()
        expect(mine.page.url()).toBe(`${url}/`)
        const [cookie, ...others] = await mine.context.cookies()
        expect(others).toEqual([])
        expect(cookie).toMatchObject({ httpOnly: true, sameSite: 'Strict', domain: '127.0.0.1', path: '/' })
        expect(cookie?.value).not.toBe(code)

        await using somebody = await visit()
        await somebody.page.goto(link)
        await somebody.page.getByText('This code is not good, or not any more').waitFor()
        expect(await somebody.context.cookies()).toEqual([])
        await somebody.page.goto(`${url}/api/docs`)
        expect(new URL(somebody.page.url()).pathname).toBe('/login')
        expect(await somebody.page.getByText('HTTP interface').count()).toBe(0)
        expect([...mine.wrongs, ...somebody.wrongs]).toEqual([])
      } finally {
        await home.yard('gateway', 'stop')
      }
    },
  )

  behaviour(
    'browser.login',
    'is refused with a link whose time is over, and may paste a code instead',
    async () => {
      await using server = await openTestServer()
      await using late = await visit()
      const link = await linkOf(server)
      server.test.clock.advance(301)
      await late.page.goto(link)
      await late.page.getByText('yard open').nth(1).waitFor()
      expect(await late.page.getByRole('status').textContent()).toContain('not any more')
      expect(late.page.url()).toBe(`${server.url}/login`)
      await late.page.getByLabel('paste the code').fill((await linkOf(server)).split('#')[1] ?? '')
      await late.page.keyboard.press('Enter')
      await late.page.getByText('You are logged in as').waitFor()
      expect(late.wrongs).toEqual([])
    },
  )
})

inBrowser('a page of somebody else', () => {
  behaviour('browser.foreign', 'can neither read the board nor change it, whoever is logged in', async () => {
    await using server = await openTestServer()
    await using person = await visit()
    await logIn(person, await linkOf(server))
    await server.test.given({ title: 'a secret plan' })
    const before = await rowsOf(server.test.board)
    const evil = createServer((_, answer) => {
      answer.setHeader('content-type', 'text/html')
      answer.end('<!doctype html><title>evil</title><p>hello')
    }).listen(0, '127.0.0.1')
    await new Promise((resolve) => evil.once('listening', resolve))
    const { port } = evil.address() as { port: number }
    try {
      // One is another site; the other is the same site under another port, so its requests carry the cookie.
      for (const origin of [`http://localhost:${port}`, `http://127.0.0.1:${port}`]) {
        const page = await person.context.newPage()
        await page.goto(origin)
        const found = await page.evaluate(
          async ([url, mount]) => {
            const read = (path: string, init: RequestInit) =>
              fetch(`${url}${path}`, { credentials: 'include', ...init }).then(
                (answer) => answer.text(),
                () => 'failed',
              )
            const json = { 'content-type': 'application/json' }
            const socket = new WebSocket(`${url.replace('http', 'ws')}${mount}/events?since=0`)
            const heard = new Promise<string>((resolve) => {
              socket.onmessage = ({ data }) => resolve(String(data))
              socket.onclose = socket.onerror = () => resolve('failed')
            })
            return [
              await read(`${mount}/board`, {}),
              await read(`${mount}/tasks`, { method: 'POST', headers: json, body: '{"title":"evil"}' }),
              await read(`${mount}/tasks`, { method: 'POST', mode: 'no-cors', body: '{"title":"evil"}' }),
              await heard,
            ]
          },
          [server.url, MOUNTS[0]] as const,
        )
        expect([origin, ...found]).toEqual([origin, 'failed', 'failed', 'failed', 'failed'])

        await page.setContent(
          `<form method="post" action="${server.url}${MOUNTS[0]}/tasks" enctype="text/plain"><input name='{"title":"evil","body":"' value='"}'></form><iframe src="${server.url}/"></iframe>`,
        )
        const framed = page.frames().at(-1)
        await framed?.waitForLoadState().catch(() => undefined)
        expect(await framed?.content()).not.toContain('You are logged in')
        await Promise.all([page.waitForNavigation(), page.evaluate('document.forms[0].submit()')])
        expect(await page.textContent('body')).toMatch(/"code":"(foreign_origin|unauthorised)"/)
        await page.close()
      }
    } finally {
      evil.close()
    }
    expect(await rowsOf(server.test.board)).toEqual(before)
  })
})

inBrowser('the pages', () => {
  const looks = (['light', 'dark'] as const).flatMap((colorScheme) =>
    [320, 1_600].map((width) => ({ colorScheme, viewport: { width, height: 900 } })),
  )

  for (const look of looks)
    behaviour(
      'browser.readable',
      `can be read by everybody, ${look.colorScheme}, ${look.viewport.width} pixels wide`,
      async () => {
        await using server = await openTestServer()
        await using person = await visit(look)
        const { page } = person
        const check = async (name: string) => {
          expect({ name, breaches: await breaches(page) }).toEqual({ name, breaches: [] })
          const wide = await page.evaluate('document.documentElement.scrollWidth')
          expect({ name, wide }).toEqual({ name, wide: look.viewport.width })
        }
        await page.goto(`${server.url}/login#nonsense`)
        await page.getByText('This code is not good').waitFor()
        await check('login')
        await logIn(person, await linkOf(server))
        await check('welcome')
        await page.goto(`${server.url}/api/docs`)
        await check('docs')
        expect(person.wrongs).toEqual([])
      },
    )

  behaviour(['browser.inert', 'F17'], 'show scripts in texts as text, wherever they stand', async () => {
    await using server = await openTestServer()
    const { kernel, test: board } = server
    const payload = `"'><img src=x onerror="document.title='pwned'"><script>document.title='pwned'</script><svg onload=alert(1)>`
    const named = `<img/src=x/onerror=document.title='pwned'>`
    await using person = await visit()
    const { page } = person
    await logIn(person, await linkOf(server, named))
    expect(await page.title()).toBe('Yardmaster')
    expect(await page.locator('main img, main svg, main script').count()).toBe(0)

    const task = await board.given({ title: payload, body: payload, tenant: named, assignee: 'coder' })
    await kernel.commentTask(task.id, payload, null, alice)
    const run = await board.run(task)
    await run.start()
    await kernel.completeTask(task.id, { summary: payload, metadata: { note: payload } }, run.worker)
    await run.end('completed')
    for (const { method, path } of operations) {
      if (method !== 'GET' || path.includes(':name') || path.includes(':key')) continue
      const id = /runs/.test(path) ? String(run.id) : task.id
      await page.goto(`${server.url}${MOUNTS[0]}${path.replace(/:\w+/g, id)}`).catch(() => undefined)
      expect([path, await page.title()]).not.toEqual([path, 'pwned'])
      expect([path, await page.locator('img, svg').count()]).toEqual([path, 0])
    }
    for (const path of [
      '/login',
      `/${encodeURIComponent(payload)}`,
      `/login#${encodeURIComponent(payload)}`,
    ]) {
      await page.goto(server.url + path)
      expect([path, await page.title()]).not.toEqual([path, 'pwned'])
      expect([path, await page.locator('img, svg').count()]).toEqual([path, 0])
    }
    expect(person.wrongs.filter((wrong) => !wrong.includes('sandboxed'))).toEqual([])
  })
})
