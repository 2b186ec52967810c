import { createHash } from 'node:crypto'
import { linkSync, mkdirSync, renameSync, rmSync, symlinkSync, truncateSync, writeFileSync } from 'node:fs'
import { dirname, join } from 'node:path'
import { describe, expect } from 'vitest'
import { attachmentStore } from '../../src/workspaces/attachment-store.ts'
import { behaviour } from '../behaviours.ts'
import { databases } from '../helpers/boards.ts'
import { serveRun, type ServedRun } from './given.ts'

const SQLITE = databases[0]!
const digestOf = (bytes: string | Uint8Array) => createHash('sha256').update(bytes).digest('hex')
const storeOf = ({ workspace }: ServedRun) => attachmentStore(join(dirname(workspace), 'attachments'))

async function bytesOf(run: ServedRun, digest: string): Promise<string> {
  await using opened = await storeOf(run).open(digest)
  return Buffer.from(await opened.bytes()).toString('utf8')
}

describe.each(databases)('files on $name', (database) => {
  behaviour(['F50', 'tools.more'], 'are kept by path, with size and digest, byte for byte', async () => {
    await using run = await serveRun(database)
    mkdirSync(join(run.workspace, 'out'))
    writeFileSync(join(run.workspace, 'out', 'report.md'), '# fine\n')
    const digest = digestOf('# fine\n')
    const answer = await run.ok('kanban_attach', { path: 'out/report.md', digest: digest.toUpperCase() })
    expect(answer).toEqual({
      isError: false,
      ok: true,
      task_id: run.card.id,
      attachment: {
        id: expect.any(Number) as number,
        name: 'out/report.md',
        size: 7,
        digest,
        mime: 'text/markdown',
      },
    })
    rmSync(join(run.workspace, 'out'), { recursive: true })
    expect(await bytesOf(run, digest)).toBe('# fine\n')
    expect(await run.ok('kanban_attachments')).toEqual({
      isError: false,
      ok: true,
      task_id: run.card.id,
      count: 1,
      attachments: [{ ...(answer['attachment'] as object), run_id: run.run.id, created_by: 'coder' }],
    })
    expect((await run.board.events(run.card.id)).at(-1)).toMatchObject({
      kind: 'attached',
      actor: 'coder',
      door: 'mcp',
      runId: run.run.id,
      payload: { name: 'out/report.md', size: 7, digest },
    })
  })

  behaviour(
    ['F50', 'complete.artifacts'],
    'named in the metadata are kept before the completion is acknowledged',
    async () => {
      await using run = await serveRun(database)
      writeFileSync(join(run.workspace, 'a.txt'), 'a')
      expect(
        await run.refused('kanban_complete', { summary: 'x', metadata: { artifacts: ['a.txt', 'b.txt'] } }),
      ).toMatchObject({ code: 'artifact_not_kept', retryable: true })
      writeFileSync(join(run.workspace, 'b.txt'), 'b')
      expect(
        await run.ok('kanban_complete', { summary: 'x', metadata: { artifacts: ['a.txt', 'b.txt'] } }),
      ).toMatchObject({
        status: 'done',
        attached: [
          { name: 'a.txt', size: 1, digest: digestOf('a') },
          { name: 'b.txt', size: 1, digest: digestOf('b') },
        ],
      })
    },
  )

  behaviour(
    ['F50', 'F13'],
    'attached after the end of the run stay with the card, and the worker is told to stop',
    async () => {
      await using run = await serveRun(database)
      await run.run.end('crashed')
      writeFileSync(join(run.workspace, 'late.txt'), 'late')
      expect(await run.refused('kanban_attach', { path: 'late.txt' })).toMatchObject({
        code: 'run_ended',
        next: 'Stop working now.',
        retryable: false,
      })
      const { attachments, lateReports } = await run.board.kernel.showTask(run.card.id)
      expect(attachments).toMatchObject([{ name: 'late.txt', runId: run.run.id, digest: digestOf('late') }])
      expect(lateReports).toMatchObject([{ verb: 'attach' }])
    },
  )
})

describe('a file that is not what it seems', () => {
  behaviour('F50', 'is refused with the reason, and nothing is attached', async () => {
    await using run = await serveRun(SQLITE, { maxBytes: 1_000 })
    const outside = join(dirname(run.workspace), 'secret.txt')
    writeFileSync(outside, 'of the house')
    symlinkSync(outside, join(run.workspace, 'link.txt'))
    symlinkSync(dirname(run.workspace), join(run.workspace, 'up'))
    mkdirSync(join(run.workspace, 'folder'))
    writeFileSync(join(run.workspace, 'big.bin'), '')
    truncateSync(join(run.workspace, 'big.bin'), 1_001)
    writeFileSync(join(run.workspace, 'plain.txt'), 'plain')
    for (const path of [
      'link.txt',
      'up/secret.txt',
      '../secret.txt',
      outside,
      'folder',
      'big.bin',
      'missing.txt',
      '/etc/passwd',
      '',
    ]) {
      const refusal = await run.refused('kanban_attach', { path })
      expect(refusal, path).toMatchObject({ code: 'file_not_kept', retryable: true })
      expect(refusal['next'], path).toContain('inside the workspace')
    }
    expect(
      await run.refused('kanban_attach', { path: 'plain.txt', digest: digestOf('other') }),
    ).toMatchObject({ code: 'other_digest', fact: expect.stringContaining(digestOf('plain')) as string })
    expect(await run.ok('kanban_attachments')).toMatchObject({ count: 0 })
    expect((await run.board.events(run.card.id)).some(({ kind }) => kind === 'attached')).toBe(false)
  })

  behaviour('F50', 'is byte-identical or refused while somebody renames and rewrites it', async () => {
    await using run = await serveRun(SQLITE)
    const path = join(run.workspace, 'busy.txt')
    const texts = Array.from({ length: 40 }, (_, at) => String(at).repeat(50_000))
    writeFileSync(path, texts[0]!)
    let isDone = false
    const disturb = (async () => {
      for (let at = 1; !isDone; at = (at + 1) % texts.length) {
        writeFileSync(`${path}.new`, texts[at]!)
        renameSync(`${path}.new`, path)
        await new Promise((resolve) => setImmediate(resolve))
      }
    })()
    const answers = await Promise.all(
      Array.from({ length: 20 }, () => run.call('kanban_attach', { path: 'busy.txt' })),
    )
    isDone = true
    await disturb
    for (const { ok, attachment } of answers) {
      if (ok !== true) continue
      const { digest, size } = attachment as { digest: string; size: number }
      const kept = await bytesOf(run, digest)
      expect(kept.length).toBe(size)
      expect(texts).toContain(kept)
    }
  })

  behaviour('F50', 'may have a second name: its bytes count', async () => {
    await using run = await serveRun(SQLITE)
    writeFileSync(join(run.workspace, 'one.txt'), 'same')
    linkSync(join(run.workspace, 'one.txt'), join(run.workspace, 'two.txt'))
    const answer = await run.call('kanban_attach', { path: 'two.txt' })
    if (answer['ok'] === true)
      expect((answer['attachment'] as { digest: string }).digest).toBe(digestOf('same'))
    else expect(answer).toMatchObject({ code: 'file_not_kept' })
  })
})
