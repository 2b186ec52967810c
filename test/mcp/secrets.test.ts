import { once } from 'node:events'
import { readdirSync, readFileSync, writeFileSync } from 'node:fs'
import { request, type IncomingMessage } from 'node:http'
import { dirname, join } from 'node:path'
import { describe, expect } from 'vitest'
import { SecretMask } from '../../src/runner/secret-mask.ts'
import { behaviour } from '../behaviours.ts'
import { databases } from '../helpers/boards.ts'
import { alice } from '../helpers/kernel.ts'
import { serveRun, type ServedRun } from './given.ts'

const SECRET = 'hunter2-correct-horse/battery+staple'
const NUMBER = '8675309421'
const MULTILINE = 'line one of it\nline two of it'

/** Every place a secret might be found in: rows, events, views and the files of the board. */
async function everything({ board, card }: ServedRun): Promise<string> {
  const { kernel } = board
  const tasks = await kernel.listTasks({ archived: true })
  const details = await Promise.all(tasks.map(({ id }) => kernel.showTask(id)))
  const contexts = await Promise.all(tasks.map(({ id }) => kernel.workerContext(id)))
  const file = board.store.dialect === 'sqlite' ? dirname(board.board.location) : null
  const bytes =
    file === null
      ? ''
      : readdirSync(file)
          .map((name) => readFileSync(join(file, name), 'latin1'))
          .join('\n')
  return JSON.stringify([details, contexts, await board.events(card.id)]) + bytes
}

const forms = (secret: string) => [
  secret,
  Buffer.from(secret).toString('base64'),
  encodeURIComponent(secret),
  Buffer.from(secret).toString('hex'),
]

describe.each(databases)('a secret on $name', (database) => {
  behaviour(['F18', 'F50'], 'is kept in no file of a card, attached or declared', async () => {
    const mask = new SecretMask([SECRET, MULTILINE])
    await using run = await serveRun(database, {
      mask: (text) => mask.maskText(text),
      screen: () => mask.screen(),
    })
    const write = (name: string, content: string) => writeFileSync(join(run.workspace, name), content)
    for (const [at, secret] of [...forms(SECRET), MULTILINE].entries()) {
      // Across the border of two pieces, too.
      write(`${at}.bin`, `${'\0x'.repeat(32_760)}${secret}\n`)
      expect(await run.refused('kanban_attach', { path: `${at}.bin` })).toMatchObject({
        fact: expect.stringContaining('it holds a secret that was given to this run') as string,
      })
    }
    write('fine.txt', `password: ${'*'.repeat(20)}`)
    const handoff = { summary: 'done', metadata: { artifacts: ['fine.txt', '0.bin'] } }
    expect(await run.refused('kanban_complete', handoff)).toMatchObject({ code: 'artifact_not_kept' })
    const attachments = join(run.workspace, '..', 'attachments')
    const kept = readdirSync(attachments, { recursive: true, withFileTypes: true })
      .filter((entry) => entry.isFile())
      .map((entry) => readFileSync(join(entry.parentPath, entry.name), 'utf8'))
    expect(kept).toEqual([`password: ${'*'.repeat(20)}`])
    await run.ok('kanban_attach', { path: 'fine.txt' })
  })

  behaviour('F18', 'reaches the board by no tool, in no field and in no form', async () => {
    const mask = new SecretMask([SECRET, NUMBER, MULTILINE])
    await using run = await serveRun(database, { mask: (text) => mask.maskText(text) })
    const leaks = [...forms(SECRET), MULTILINE, NUMBER].join(' | ')
    await run.ok('kanban_heartbeat', { note: leaks })
    await run.ok('kanban_comment', { task_id: run.card.id, body: leaks })
    const child = await run.ok('kanban_create', {
      title: `use ${SECRET}`,
      assignee: 'writer',
      body: leaks,
      idempotency_key: SECRET,
      skills: [`a-${NUMBER}`],
    })
    await run.refused('kanban_create', { title: 'x', assignee: SECRET, tenant: leaks })
    writeFileSync(join(run.workspace, `${NUMBER}.txt`), 'harmless')
    await run.refused('kanban_attach', { path: `${NUMBER}.txt` })
    await run.ok('kanban_complete', {
      summary: leaks,
      result: leaks,
      metadata: {
        plain: SECRET,
        number: Number(NUMBER),
        nested: [{ [SECRET]: { deep: [leaks, null, true] } }],
        artifacts: [],
      },
    })
    const late = await run.refused('kanban_complete', { summary: leaks, metadata: { late: leaks } })
    expect(late).toMatchObject({ code: 'run_ended' })
    await run.refused('kanban_block', { reason: leaks })
    expect(child['task_id']).toBeDefined()
    const all = await everything(run)
    for (const secret of [...forms(SECRET), NUMBER, 'line two of it'])
      expect(all.includes(secret), secret).toBe(false)
    expect(all).toContain('[masked]')
  })

  behaviour(['F18', 'fence.accept'], 'stays masked in a late report that is accepted', async () => {
    const mask = new SecretMask([SECRET])
    await using run = await serveRun(database, { mask: (text) => mask.maskText(text) })
    await run.run.end('crashed')
    await run.refused('kanban_create', { title: `t ${SECRET}`, assignee: 'writer', body: SECRET })
    const [report] = (await run.board.kernel.showTask(run.card.id)).lateReports
    await run.board.kernel.acceptLate(run.card.id, report!.id, alice)
    expect((await everything(run)).includes(SECRET)).toBe(false)
  })

  behaviour('F18', 'is found also when it arrives in two writes', async () => {
    const mask = new SecretMask([SECRET])
    await using run = await serveRun(database, { mask: (text) => mask.maskText(text) })
    const body = JSON.stringify({
      jsonrpc: '2.0',
      id: 1,
      method: 'tools/call',
      params: { name: 'kanban_block', arguments: { reason: `is ${SECRET} right?` } },
    })
    const half = body.indexOf(SECRET) + 9
    const sent = request(run.served.url, {
      method: 'POST',
      headers: {
        authorization: `Bearer ${run.served.token}`,
        'content-type': 'application/json',
        accept: 'application/json, text/event-stream',
      },
    })
    sent.write(body.slice(0, half))
    await new Promise((resolve) => sent.write('', resolve))
    sent.end(body.slice(half))
    const [response] = (await once(sent, 'response')) as [IncomingMessage]
    response.resume()
    await once(response, 'end')
    expect((await run.board.task(run.card.id)).status).toBe('blocked')
    const all = await everything(run)
    expect(all).toContain('is [masked] right?')
    expect(all.includes(SECRET)).toBe(false)
  })
})
