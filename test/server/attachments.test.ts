/** Files that travel to a task and back: byte for byte, or not at all. */
import { createHash, randomBytes } from 'node:crypto'
import { readdirSync, readFileSync, rmSync, symlinkSync, truncateSync, writeFileSync } from 'node:fs'
import { request as httpRequest } from 'node:http'
import { connect } from 'node:net'
import { join } from 'node:path'
import { parse } from 'content-disposition'
import { describe, expect } from 'vitest'
import { OPERATIONS, type Output } from '../../src/contract/operations/table.ts'
import { isMedia } from '../../src/contract/operations/operation.ts'
import { DOWNLOADS, MOUNTS, UPLOADS } from '../../src/contract/operations/routes.ts'
import { openClient } from '../../src/client/index.ts'
import { behaviour } from '../behaviours.ts'
import { databases } from '../helpers/boards.ts'
import { bob } from '../helpers/kernel.ts'
import { rowsOf } from '../helpers/rows.ts'
import { openTestServer, type Answer, type Ask, type TestServer } from './rig.ts'

const MIB = 2 ** 20
const sha256 = (bytes: Uint8Array) => createHash('sha256').update(bytes).digest('hex')

type Attachment = Output<'addAttachment'>['attachment']

const filesOf = (task: string) => `${MOUNTS[0]}/tasks/${task}/attachments`

function send(
  server: TestServer,
  task: string,
  content: Uint8Array | string,
  { name = 'file.bin', digest, ...ask }: Ask & { name?: string; digest?: string } = {},
): Promise<Answer> {
  const query = new URLSearchParams({ name, ...(digest === undefined ? {} : { digest }) })
  return server.ask(`${filesOf(task)}?${query.toString()}`, { method: 'POST', body: content, ...ask })
}

const attachmentIn = ({ body }: Answer): Attachment => (body as Output<'addAttachment'>).attachment

const fetched = (server: TestServer, { task_id: task, id }: Attachment, ask: Ask = {}) =>
  server.ask(`${filesOf(task)}/${id}`, ask)

/** Everything the store has on disk, half-written files included. */
const onDisk = ({ paths }: TestServer): string[] => {
  try {
    return readdirSync(paths.attachments, { recursive: true, withFileTypes: true })
      .filter((entry) => !entry.isDirectory())
      .map(({ name }) => name)
  } catch {
    return []
  }
}

const nameIn = ({ headers }: Answer) => parse(headers['content-disposition'] ?? '').parameters['filename']

describe.each(databases)('attachments over HTTP, on $name', (database) => {
  behaviour(
    'F50',
    'a file comes back byte for byte, with size, digest and who attached it',
    async () => {
      await using server = await openTestServer({ database })
      const { id } = await server.test.given()
      for (const content of [
        new Uint8Array(),
        Uint8Array.of(0, 255, 13, 10, 26),
        Buffer.from('\ufeffa text\r\n'),
        randomBytes(25 * MIB),
      ]) {
        const answer = await send(server, id, content, { digest: sha256(content).toUpperCase() })
        expect(answer.status).toBe(201)
        const file = attachmentIn(answer)
        expect(file).toMatchObject({
          task_id: id,
          size: content.length,
          digest: sha256(content),
          created_by: 'olga',
        })
        const back = await fetched(server, file)
        expect(back.status).toBe(200)
        expect(back.headers).toMatchObject({
          'content-length': String(content.length),
          etag: `"sha256-${file.digest}"`,
        })
        expect(back.bytes.equals(content)).toBe(true)
      }
      const { attachments } = await server.call('listAttachments', { id })
      expect(attachments).toHaveLength(4)
      expect((await server.call('getTask', { id })).attachments).toEqual(attachments)
      expect((await server.test.events(id)).at(-1)).toMatchObject({
        kind: 'attached',
        actor: 'olga',
        door: 'http',
        payload: { name: 'file.bin', size: 25 * MIB },
      })
    },
    60_000,
  )

  behaviour('F50', 'what is removed is off the task, stays in the history, and its bytes wait', async () => {
    await using server = await openTestServer({ database })
    const { id } = await server.test.given()
    const other = await server.test.given()
    const file = attachmentIn(await send(server, id, 'keep me', { name: 'a.txt' }))
    expect(await server.refusal('removeAttachment', { id: other.id, attachment: file.id })).toMatchObject({
      status: 404,
      code: 'attachment_not_found',
    })
    expect(await server.call('removeAttachment', { id, attachment: file.id })).toEqual({ ok: true })
    expect((await fetched(server, file)).status).toBe(404)
    expect((await server.call('getTask', { id })).attachments).toEqual([])
    expect((await server.test.events(id)).at(-1)).toMatchObject({
      kind: 'detached',
      actor: 'olga',
      payload: { name: 'a.txt', size: 7, digest: file.digest },
    })
    expect(onDisk(server)).toEqual([file.digest])
    expect(await server.kernel.keptDigests()).toEqual(new Set())
  })

  behaviour(
    ['F50', 'F18'],
    'a worker attaches to its own card while its run goes on, and to no other',
    async () => {
      await using server = await openTestServer({ database })
      const run = await server.test.run(await server.test.given())
      const other = await server.test.given()
      await run.start()
      const as = server.runToken(run)
      const file = attachmentIn(await send(server, run.taskId, 'result', { as, name: 'out.txt' }))
      expect(file).toMatchObject({ run_id: run.id, created_by: 'coder' })
      expect((await fetched(server, file, { as })).text).toBe('result')
      expect((await send(server, other.id, 'x', { as })).status).toBe(403)
      const theirs = attachmentIn(await send(server, other.id, 'secret'))
      expect((await fetched(server, theirs, { as })).status).toBe(403)
      const remove = { method: 'DELETE', as }
      expect((await server.ask(`${filesOf(run.taskId)}/${file.id}`, remove)).status).toBe(403)
      await run.end('crashed')
      const late = await send(server, run.taskId, 'late', { as })
      expect(late).toMatchObject({ status: 409, body: { code: 'run_ended' } })
      const { late_reports: reports } = await server.call('getTask', { id: run.taskId })
      expect(reports).toMatchObject([
        { verb: 'attach', payload: { files: [{ digest: sha256(Buffer.from('late')) }] } },
      ])
    },
  )
})

describe('names of files', () => {
  behaviour(
    'F50',
    'are kept as people wrote them, without anything that leads somewhere or steers',
    async () => {
      await using server = await openTestServer()
      const { id } = await server.test.given()
      const names: Record<string, string> = {
        'report.md': 'report.md',
        'Bericht „Größe“ 日本語 🙂.pdf': 'Bericht „Größe“ 日本語 🙂.pdf',
        'a "quoted" \'name\'; x=y.txt': 'a "quoted" \'name\'; x=y.txt',
        '100% sure%20.txt': '100% sure%20.txt',
        'two\r\nlines: yes.txt': 'two__lines: yes.txt',
        '\u202egnp.exe': '_gnp.exe',
        '../../etc/passwd': 'passwd',
        '/etc/shadow': 'shadow',
        'C:\\Windows\\win.ini': 'win.ini',
        'folder/': 'folder',
        '..': 'file',
        '/': 'file',
        ' ': 'file',
        [`${'x'.repeat(300)}.tar.gz`]: `${'x'.repeat(252)}.gz`,
        [`${'ß'.repeat(300)}.md`]: `${'ß'.repeat(126)}.md`,
      }
      for (const [given, kept] of Object.entries(names)) {
        const answer = await send(server, id, given, { name: given })
        expect([given, answer.status]).toEqual([given, 201])
        const file = attachmentIn(answer)
        expect(file.name).toBe(kept)
        const back = await fetched(server, file)
        expect(nameIn(back)).toBe(kept)
        expect(back.headers['content-disposition']).toMatch(/^attachment; [\x20-\x7e]+$/)
        expect(back.text).toBe(given)
      }
      for (const name of ['', 'a\0b', 'x'.repeat(501)])
        expect(await send(server, id, 'x', { name })).toMatchObject({
          status: 400,
          body: { code: 'bad_request' },
        })
      expect((await server.ask(filesOf(id), { method: 'POST', body: 'x' })).status).toBe(400)
    },
  )
})

describe('what leaves', () => {
  behaviour('F50', 'nothing comes back as something that a browser would run', async () => {
    await using server = await openTestServer()
    const { id } = await server.test.given()
    const page = '<script>alert(1)</script>'
    for (const [name, type, given] of [
      ['page.html', 'text/html', 'application/octet-stream'],
      ['page.txt', 'text/html; charset=utf-7', 'application/octet-stream'],
      ['picture.svg', 'image/svg+xml', 'application/octet-stream'],
      ['page.xhtml', 'application/xhtml+xml', 'application/octet-stream'],
      ['feed.xml', 'text/xml', 'application/octet-stream'],
      ['app.js', 'text/javascript', 'application/octet-stream'],
      ['style.css', 'text/css', 'application/octet-stream'],
      ['paper.pdf', 'application/pdf', 'application/octet-stream'],
      ['x', 'multipart/x-mixed-replace; boundary=a', 'application/octet-stream'],
      ['x', 'text/html\u0009', 'application/octet-stream'],
      ['x', 'nonsense', 'application/octet-stream'],
      // What the sender does not say, the name does.
      ['page.html', 'application/octet-stream', 'application/octet-stream'],
      ['notes.txt', 'application/x-www-form-urlencoded', 'text/plain; charset=utf-8'],
      ['notes', 'text/plain; charset=utf-16', 'text/plain; charset=utf-8'],
      ['picture.png', 'image/png', 'image/png'],
    ] as const) {
      const answer = await send(server, id, page, { name, headers: { 'content-type': type } })
      const { headers, text } = await fetched(server, attachmentIn(answer))
      expect({ name, type, ...headers }).toMatchObject({
        'content-type': given,
        'x-content-type-options': 'nosniff',
        'content-security-policy': expect.stringMatching(/default-src 'none'.*sandbox/),
        'cross-origin-resource-policy': 'same-origin',
        'content-disposition': expect.stringMatching(/^attachment; /),
      })
      expect(text).toBe(page)
    }
  })

  behaviour('F50', 'a client that has the bytes is told so, and HEAD sends none', async () => {
    await using server = await openTestServer()
    const { id } = await server.test.given()
    const file = attachmentIn(await send(server, id, 'hello', { name: 'a.txt' }))
    const etag = `"sha256-${file.digest}"`
    for (const known of [etag, `W/${etag}`, `"other", ${etag}`, '*']) {
      const answer = await fetched(server, file, { headers: { 'if-none-match': known } })
      expect(answer).toMatchObject({ status: 304, text: '', headers: { etag } })
    }
    expect((await fetched(server, file, { headers: { 'if-none-match': '"sha256-0"' } })).text).toBe('hello')
    const head = await fetched(server, file, { method: 'HEAD' })
    expect(head).toMatchObject({ status: 200, text: '', headers: { etag, 'content-length': '5' } })
    expect((await fetched(server, { ...file, id: 999 }, { method: 'HEAD' })).status).toBe(404)
  })

  behaviour('F50', 'a stored file that was changed, cut, replaced by a link or lost is refused', async () => {
    await using server = await openTestServer()
    const { id } = await server.test.given()
    const outside = join(server.paths.home, 'outside.txt')
    writeFileSync(outside, 'not yours')
    const damages: ((place: string) => void)[] = [
      (place) => writeFileSync(place, 'HELLO'),
      (place) => truncateSync(place, 3),
      (place) => {
        rmSync(place)
        symlinkSync(outside, place)
      },
      (place) => {
        rmSync(place)
        symlinkSync('/dev/zero', place)
      },
    ]
    for (const damage of damages) {
      const file = attachmentIn(await send(server, id, 'hello'))
      const place = join(server.paths.attachments, 'sha256', file.digest.slice(0, 2), file.digest)
      damage(place)
      const answer = await fetched(server, file)
      expect(answer).toMatchObject({ status: 503, body: { code: 'attachment_damaged' } })
      expect(answer.text).not.toContain('not yours')
      rmSync(place)
      expect(await fetched(server, file)).toMatchObject({
        status: 404,
        body: { code: 'attachment_not_found' },
      })
    }
    expect(readFileSync(outside, 'utf8')).toBe('not yours')
  })

  behaviour('F38', 'files are closed, also when the reader goes away in the middle', async () => {
    await using server = await openTestServer()
    const { id } = await server.test.given()
    const file = attachmentIn(await send(server, id, randomBytes(20 * MIB)))
    const openFiles = () => readdirSync('/proc/self/fd').length
    const before = openFiles()
    for (let round = 0; round < 10; round++) {
      await new Promise<void>((resolve, reject) => {
        const asked = httpRequest(`${server.url}${filesOf(id)}/${file.id}`, {
          agent: false,
          headers: { authorization: `Bearer ${server.owner}` },
        })
        asked.on('error', () => undefined)
        asked.on('response', (answer) => {
          answer.once('data', () => answer.destroy())
          answer.once('close', resolve)
        })
        asked.once('error', reject)
        asked.end()
      })
      await fetched(server, file, { method: 'HEAD' })
    }
    await expect.poll(openFiles).toBeLessThanOrEqual(before)
  })
})

describe('what does not arrive whole', () => {
  behaviour('F50', 'is refused, and leaves neither a row nor a byte behind', async () => {
    await using server = await openTestServer({
      settings: 'server:\n  port: 0\nattachments:\n  max_mb: 1\n',
    })
    const { id } = await server.test.given()
    const before = await rowsOf(server.test.board)
    const tooLarge = {
      status: 413,
      body: { code: 'attachment_too_large', next: expect.stringContaining('attachments.max_mb') },
    }
    expect(await send(server, id, Buffer.alloc(MIB + 1))).toMatchObject(tooLarge)
    expect(await askChunked(server, id, 40)).toMatchObject(tooLarge)
    expect(await send(server, id, 'x', { digest: 'a'.repeat(64) })).toMatchObject({
      status: 400,
      body: { code: 'attachment_refused', detail: expect.stringContaining(sha256(Buffer.from('x'))) },
    })
    expect(await send(server, id, 'x', { digest: 'abc' })).toMatchObject({ status: 400 })
    expect(await send(server, 't_none', 'x')).toMatchObject({ status: 404 })
    expect(onDisk(server)).toEqual([])
    expect(await rowsOf(server.test.board)).toEqual(before)
    const exactly = Buffer.alloc(MIB)
    expect(attachmentIn(await send(server, id, exactly)).size).toBe(MIB)
  })

  behaviour('F50', 'a sender that breaks off half way has sent nothing', async () => {
    await using server = await openTestServer()
    const { id } = await server.test.given()
    const before = await rowsOf(server.test.board)
    const head = `POST ${filesOf(id)}?name=x HTTP/1.1\r\nHost: 127.0.0.1\r\nAuthorization: Bearer ${server.owner}\r\n`
    const partial = [
      `${head}Content-Length: 1000000\r\n\r\n${'x'.repeat(500_000)}`,
      `${head}Transfer-Encoding: chunked\r\n\r\n5\r\nhello\r\n`,
      `${head}Transfer-Encoding: chunked\r\n\r\nnonsense`,
    ]
    const refusals = () =>
      server.logged.filter(({ message }) => message.startsWith('POST') && message.endsWith(' 400'))
    for (const text of partial) {
      const seen = refusals().length
      const socket = connect({ port: Number(new URL(server.url).port), host: '127.0.0.1' })
      socket.on('error', () => undefined)
      socket.write(text)
      // Half of it is being written when the sender goes.
      await expect.poll(() => onDisk(server)).toEqual(text.includes('nonsense') ? [] : ['content'])
      socket.destroy()
      if (!text.includes('nonsense')) await expect.poll(() => refusals().length).toBe(seen + 1)
      await expect.poll(() => onDisk(server)).toEqual([])
    }
    expect(await rowsOf(server.test.board)).toEqual(before)
    expect(server.logged.filter(({ level }) => level === 'error')).toEqual([])
  })
})

/** So many chunks of 64 KiB without saying how many. */
const askChunked = (server: TestServer, task: string, chunks: number) =>
  new Promise<{ status: number; body: unknown }>((resolve, reject) => {
    const sent = httpRequest(`${server.url}${filesOf(task)}?name=x`, {
      method: 'POST',
      agent: false,
      headers: { authorization: `Bearer ${server.owner}` },
    })
    sent.on('error', reject)
    sent.on('response', (answer) => {
      const parts: Buffer[] = []
      answer.on('data', (part: Buffer) => parts.push(part))
      answer.on('end', () =>
        resolve({
          status: answer.statusCode ?? 0,
          body: JSON.parse(Buffer.concat(parts).toString()) as unknown,
        }),
      )
    })
    for (let index = 0; index < chunks; index++) sent.write(Buffer.alloc(64 * 1024))
    sent.end()
  })

describe('the client', () => {
  behaviour('F50', 'sends Blobs and streams, and gives back what can be read as either', async () => {
    await using server = await openTestServer()
    const client = openClient({ url: server.url, token: server.owner })
    const { id } = await server.test.given()
    const bytes = randomBytes(3 * MIB)
    const stream = () =>
      new ReadableStream<Uint8Array>({
        start(controller) {
          for (let at = 0; at < bytes.length; at += MIB) controller.enqueue(bytes.subarray(at, at + MIB))
          controller.close()
        },
      })
    for (const content of [new Blob([bytes], { type: 'image/png' }), stream(), Uint8Array.from(bytes)]) {
      const { attachment } = await client.addAttachment({
        id,
        name: 'picture.png',
        digest: sha256(bytes),
        content,
      })
      expect(attachment).toMatchObject({ digest: sha256(bytes), mime: 'image/png' })
      const answer = await client.getAttachment({ id, attachment: attachment.id })
      expect(sha256(await answer.bytes())).toBe(sha256(bytes))
    }
    const text = await client.addAttachment({ id, name: 'a.json', content: '{"a":1}' })
    const answer = await client.getAttachment({ id, attachment: text.attachment.id })
    expect(await (await answer.blob()).text()).toBe('{"a":1}')
    await expect(
      client.addAttachment({ id, name: 'x', digest: 'b'.repeat(64), content: 'x' }),
    ).rejects.toMatchObject({
      code: 'attachment_refused',
    })
    await server.kernel.archiveTask(id, bob)
    expect((await client.listAttachments({ id })).attachments).toHaveLength(4)
  })

  behaviour('F50', 'knows which operations carry bytes', () => {
    const all = Object.values(OPERATIONS)
    expect(UPLOADS).toEqual(all.filter(({ upload }) => upload !== null).map(({ id }) => id))
    expect(DOWNLOADS).toEqual(all.filter(({ output }) => isMedia(output)).map(({ id }) => id))
  })
})
