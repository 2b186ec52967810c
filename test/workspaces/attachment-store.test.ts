import { spawn } from 'node:child_process'
import { once } from 'node:events'
import {
  appendFile,
  chmod,
  lstat,
  mkdir,
  readdir,
  rename,
  rm,
  stat,
  symlink,
  truncate,
  utimes,
} from 'node:fs/promises'
import { createServer } from 'node:net'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { describe, expect, test } from 'vitest'
import { attachmentStore } from '../../src/workspaces/attachment-store.ts'
import { openSource } from '../../src/workspaces/attachment-source.ts'
import { collectArtifacts, listUndeclared } from '../../src/workspaces/collect-artifacts.ts'
import { commit, fingerprint, git, sha256, shell, write, yard, type Yard } from './support.ts'

const refusal = (fact: string | RegExp) => ({
  kind: 'invalid',
  code: 'attachment_refused',
  message: typeof fact === 'string' ? expect.stringContaining(fact) : expect.stringMatching(fact),
})

async function setup(board: Yard) {
  const root = join(board.home, 'attachments')
  const { path: within } = await board.prepare({ taskId: 't_1', kind: 'scratch' })
  const store = attachmentStore(root)
  const read = async (digest: string) => {
    await using opened = await store.open(digest)
    return Buffer.from(await opened.bytes())
  }
  const place = (digest: string) => join(root, 'sha256', digest.slice(0, 2), digest)
  /** Nothing half-written may ever be left where files are given out. */
  const stored = async () =>
    Object.keys(await fingerprint(root))
      .filter((name) => /^sha256\/..\//.test(name))
      .map((name) => name.slice(10))
  return { root, within, store, read, place, stored }
}

describe('a stored file', () => {
  test('is given out byte for byte after its source changed or is gone (F08)', async () => {
    await using board = await yard()
    const { within, store, read, place } = await setup(board)
    const content = Buffer.from(Uint8Array.from({ length: 1_000_003 }, (_, at) => (at * 7) % 256))
    await write(join(within, 'out/report.bin'), content)
    const stored = await store.storeFile({ source: 'out/report.bin', within })
    expect(stored).toEqual({ name: 'out/report.bin', size: content.length, digest: sha256(content) })
    expect((await stat(place(stored.digest))).mode & 0o777).toBe(0o600)

    await appendFile(join(within, 'out/report.bin'), 'changed')
    expect(content.equals(await read(stored.digest))).toBe(true)
    await rm(within, { recursive: true })
    expect(content.equals(await read(stored.digest))).toBe(true)
  })

  test('is kept once, however often and by however many it is stored', async () => {
    await using board = await yard()
    const { within, store, stored } = await setup(board)
    await write(join(within, 'a'), 'same')
    await write(join(within, 'b'), 'same')
    await Promise.all(['a', 'b', 'a', 'b'].map((source) => store.storeFile({ source, within })))
    await store.storeBytes(Buffer.from('same'))
    expect(await stored()).toEqual([sha256('same')])
  })

  test('may be empty, and may be named by an absolute path or through a link inside the workspace', async () => {
    await using board = await yard()
    const { within, store } = await setup(board)
    await write(join(within, 'real/empty'), '')
    await symlink('real', join(within, 'alias'))
    await symlink(within, join(board.folder, 'way in'))
    for (const source of [
      'real/empty',
      'alias/empty',
      join(within, 'real/empty'),
      join(board.folder, 'way in/real/empty'),
      './real//empty',
    ]) {
      expect(await store.storeFile({ source, within })).toEqual({
        name: 'real/empty',
        size: 0,
        digest: sha256(''),
      })
    }
  })

  test('is refused when it lies outside the workspace, however it is named (F50)', async () => {
    await using board = await yard()
    const { within, store, stored } = await setup(board)
    const outside = join(board.folder, 'outside')
    await write(join(outside, 'secret'), 'secret')
    await symlink(outside, join(within, 'door'))
    await symlink(join(outside, 'secret'), join(within, 'window'))
    await symlink('real', join(within, 'inner link'))
    await write(join(within, 'real'), 'x')
    const cases: [string, string][] = [
      ['../../../outside/secret', '..'],
      ['sub/../real', '..'],
      [join(outside, 'secret'), 'outside the workspace'],
      ['/etc/passwd', 'outside the workspace'],
      ['door/secret', 'outside the workspace'],
      ['window', 'symbolic link'],
      ['inner link', 'symbolic link'],
      ['', 'not a file name'],
      ['real\0', 'not a file name'],
      ['missing', 'no such file'],
      ['real/below', 'no such file'],
      [within, 'outside the workspace'],
      ['.', 'outside the workspace'],
    ]
    for (const [source, fact] of cases)
      await expect(store.storeFile({ source, within })).rejects.toMatchObject(refusal(fact))
    expect(await stored().catch(() => [])).toEqual([])
  })

  test('is refused when it is no plain file (F50)', async () => {
    await using board = await yard()
    const { within, store } = await setup(board)
    await mkdir(join(within, 'folder'))
    expect(shell('mkfifo "$1"', join(within, 'pipe'))).toBe(true)
    const server = createServer().listen(join(within, 'socket'))
    await once(server, 'listening')
    await expect(store.storeFile({ source: 'folder', within })).rejects.toMatchObject(refusal('is a folder'))
    await expect(store.storeFile({ source: 'pipe', within })).rejects.toMatchObject(
      refusal('not a plain file'),
    )
    await expect(store.storeFile({ source: 'socket', within })).rejects.toMatchObject(
      refusal('not a plain file'),
    )
    server.close()
    // Only root may make one, and not in every container.
    if (shell('mknod "$1" c 1 5', join(within, 'device'))) {
      await expect(store.storeFile({ source: 'device', within })).rejects.toMatchObject(
        refusal('not a plain file'),
      )
    }
  })

  test('is refused when it is over the limit, known or found out while reading (F50)', async () => {
    await using board = await yard()
    const { within, store, stored } = await setup(board)
    await write(join(within, 'fits'), 'x'.repeat(1000))
    await write(join(within, 'big'), 'x'.repeat(1001))
    await expect(store.storeFile({ source: 'big', within, maxBytes: 1000 })).rejects.toMatchObject(
      refusal('limit'),
    )
    await expect(
      store.storeStream(forever(), { name: 'endless', maxBytes: 1_000_000 }),
    ).rejects.toMatchObject(refusal('over the limit of 1 MiB'))
    expect(await store.storeFile({ source: 'fits', within, maxBytes: 1000 })).toMatchObject({ size: 1000 })
    await truncate(join(within, 'big'), 25 * 1024 * 1024 + 1)
    await expect(store.storeFile({ source: 'big', within })).rejects.toMatchObject(
      refusal('over the limit of 25 MiB'),
    )
    expect(await stored()).toHaveLength(1)
  })

  test.each<[string, (path: string) => Promise<unknown>]>([
    ['grows', (path) => appendFile(path, 'more')],
    ['is cut short', (path) => truncate(path, 10)],
    ['is rewritten in place', (path) => write(path, 'y'.repeat(700_000))],
    ['is renamed', (path) => rename(path, `${path}.old`)],
    [
      'is replaced',
      async (path) => (await write(`${path}.new`, 'x'.repeat(700_000)), await rename(`${path}.new`, path)),
    ],
    ['is deleted', (path) => rm(path)],
  ])('is refused when it %s while it is being read (F50)', async (_, change) => {
    await using board = await yard()
    const { within, root, store } = await setup(board)
    const path = join(within, 'report')
    await write(path, 'x'.repeat(700_000))
    await using source = await openSource('report', within)
    await change(path)
    await expect(source.assertUnchanged()).rejects.toMatchObject(
      refusal(/changed while it was being read|renamed or replaced/),
    )

    // The same through the whole store, which takes a while over a file of this size.
    await rm(path, { force: true })
    await write(path, '')
    await truncate(path, 24 * 1024 * 1024)
    const storing = store.storeFile({ source: 'report', within })
    storing.catch(() => {})
    await until(async () => (await copied(root)) > 0)
    await change(path)
    await expect(storing).rejects.toMatchObject(refusal(/changed|renamed|bytes when it was opened/))
    expect(await readdir(join(root, 'incoming'))).toEqual([])
  })

  test('is never one from outside, though links come and go on the way to it (F50)', async () => {
    await using board = await yard()
    const { within } = await setup(board)
    const [sub, door] = [join(within, 'sub'), join(within, 'door')]
    await write(join(sub, 'report'), 'mine')
    await write(join(board.folder, 'outside/report'), 'secret')
    await symlink(join(board.folder, 'outside'), door)
    const program = fileURLToPath(new URL('fixtures/swap-folder.ts', import.meta.url))
    const swapping = spawn(process.execPath, [program, sub, join(within, 'real'), door], {
      stdio: ['ignore', 'pipe', 'ignore'],
    })
    await once(swapping.stdout, 'data')
    const read = new Set<string>()
    // Without the check of what was really opened, some thirty of these read the secret.
    for (let round = 0; round < 1000; round++) {
      const source = await openSource('sub/report', within).catch(() => null)
      if (source) read.add(await source.file.readFile('utf8'))
      await source?.[Symbol.asyncDispose]()
    }
    swapping.kill('SIGKILL')
    await once(swapping, 'exit')
    expect(read).not.toContain('secret')
  })

  test('that was damaged on the disk is not given out, and storing it again mends it (F50)', async () => {
    await using board = await yard()
    const { store, read, place } = await setup(board)
    const { digest } = await store.storeBytes(Buffer.from('evidence'))
    for (const damage of ['evidencE', 'evid', '', 'evidence and more']) {
      await chmod(place(digest), 0o600)
      await write(place(digest), damage)
      await expect(store.open(digest)).rejects.toMatchObject({
        kind: 'unavailable',
        code: 'attachment_damaged',
      })
    }
    await rm(place(digest))
    await symlink('/etc/passwd', place(digest))
    await expect(store.open(digest)).rejects.toMatchObject({ code: 'attachment_damaged' })
    await store.storeBytes(Buffer.from('evidence'))
    expect((await read(digest)).toString()).toBe('evidence')
  })

  test('is asked for by its digest and nothing else', async () => {
    await using board = await yard()
    const { store } = await setup(board)
    await expect(store.open(sha256('nothing'))).rejects.toMatchObject({
      kind: 'not_found',
      code: 'attachment_not_found',
    })
    for (const digest of ['', '../../../etc/passwd', 'A'.repeat(64), `${'a'.repeat(64)}/`]) {
      await expect(store.open(digest)).rejects.toMatchObject({ kind: 'invalid', code: 'invalid_digest' })
    }
  })

  test('that arrives as a stream is refused unless it is what was announced (F50)', async () => {
    await using board = await yard()
    const { store, stored } = await setup(board)
    const bytes = Buffer.from('announced')
    expect(await store.storeBytes(bytes, { size: 9, digest: sha256(bytes).toUpperCase() })).toEqual({
      size: 9,
      digest: sha256(bytes),
    })
    await expect(store.storeBytes(bytes.subarray(1), { name: 'a.txt', size: 9 })).rejects.toMatchObject(
      refusal('9 bytes were announced and 8 arrived'),
    )
    await expect(store.storeBytes(bytes.subarray(1), { digest: sha256(bytes) })).rejects.toMatchObject(
      refusal('was announced'),
    )
    await expect(store.storeStream(failing())).rejects.toThrow('connection lost')
    expect(await stored()).toEqual([sha256(bytes)])
  })

  test('is there whole or not at all when the process is killed while storing (F08)', async () => {
    await using board = await yard()
    const { root, within, store, read, stored } = await setup(board)
    const content = 'x'.repeat(20_000_000)
    await write(join(within, 'big'), content)
    const program = fileURLToPath(new URL('fixtures/store-file.ts', import.meta.url))
    const child = spawn(process.execPath, [program, root, within, 'big'], { stdio: 'ignore' })
    const exited = once(child, 'exit')
    await until(async () => (await copied(root)) > 0)
    child.kill('SIGKILL')
    await exited
    for (const digest of await stored().catch(() => []))
      expect((await read(digest)).length).toBe(content.length)

    const leftOver = await readdir(join(root, 'incoming'))
    await store.removeUnreferenced(new Set([sha256(content)]), 0)
    expect(await readdir(join(root, 'incoming'))).toEqual(leftOver) // it might still be at work
    await store.removeUnreferenced(new Set([sha256(content)]), 4_000_000_000)
    expect(await readdir(join(root, 'incoming'))).toEqual([])
    const { digest } = await store.storeFile({ source: 'big', within })
    expect((await read(digest)).length).toBe(content.length)
  })
})

describe('cleaning the store', () => {
  test('removes only what no card refers to and nobody stored lately', async () => {
    await using board = await yard()
    const { store, stored, place } = await setup(board)
    const [used, old, fresh] = await Promise.all(
      ['used', 'old', 'fresh'].map((text) => store.storeBytes(Buffer.from(text))),
    )
    for (const { digest } of [used!, old!]) await utimes(place(digest), 1000, 1000)
    expect(await store.removeUnreferenced(new Set([used!.digest]), 2000)).toEqual({
      removed: 1,
      bytes: 3,
      kept: 2,
    })
    expect(await stored()).toEqual([used!.digest, fresh!.digest].toSorted())
  })

  test('spares an old file that was just stored again', async () => {
    await using board = await yard()
    const { store, read, place } = await setup(board)
    const { digest } = await store.storeBytes(Buffer.from('again'))
    await utimes(place(digest), 1000, 1000)
    await store.storeBytes(Buffer.from('again'))
    expect(await store.removeUnreferenced(new Set(), 2000)).toMatchObject({ removed: 0 })
    expect((await read(digest)).toString()).toBe('again')
  })

  test('never loses a file to a race with its being stored', async () => {
    await using board = await yard()
    const { store, read, place } = await setup(board)
    for (let round = 0; round < 50; round++) {
      const { digest } = await store.storeBytes(Buffer.from('contested'))
      await utimes(place(digest), 1000, 1000)
      await Promise.all([
        store.storeBytes(Buffer.from('contested')),
        store.removeUnreferenced(new Set(), 2000),
      ])
      expect((await read(digest)).toString()).toBe('contested')
    }
  })

  test('gives back what a cleaner that was killed had taken aside', async () => {
    await using board = await yard()
    const { root, store, read, place } = await setup(board)
    const { digest } = await store.storeBytes(Buffer.from('taken aside'))
    await mkdir(join(root, 'incoming/old-x'), { recursive: true })
    await rename(place(digest), join(root, 'incoming/old-x', digest))
    await utimes(join(root, 'incoming/old-x'), 1000, 1000)
    await store.removeUnreferenced(new Set([digest]), 2000)
    expect((await read(digest)).toString()).toBe('taken aside')
  })
})

describe('the files a worker declared', () => {
  test('are stored, and the ones that cannot be are named with the reason (F08, F50)', async () => {
    await using board = await yard()
    const { store, within, read } = await setup(board)
    await write(join(within, 'report.md'), '# Report')
    await write(join(within, 'src/tool.ts'), 'export {}')
    await write(join(within, 'LICENSE'), 'MIT')
    await symlink('/etc/passwd', join(within, 'link'))
    await write(join(within, 'huge'), 'x'.repeat(2000))
    const names = [
      'report.md',
      './report.md',
      join(within, 'report.md'),
      'src/tool.ts',
      'LICENSE',
      'link',
      'missing',
      '../escape',
      'huge',
      'src',
    ]
    const { stored, refused } = await collectArtifacts({ store, workspace: within, names, maxBytes: 1000 })
    expect(stored).toEqual([
      { name: 'report.md', size: 8, digest: sha256('# Report'), mime: 'text/markdown' },
      { name: 'src/tool.ts', size: 9, digest: sha256('export {}'), mime: 'text/typescript' },
      { name: 'LICENSE', size: 3, digest: sha256('MIT'), mime: null },
    ])
    expect(refused).toEqual([
      { name: 'link', reason: expect.stringContaining('symbolic link') },
      { name: 'missing', reason: 'there is no such file' },
      { name: '../escape', reason: expect.stringContaining('..') },
      { name: 'huge', reason: expect.stringContaining('limit') },
      { name: 'src', reason: expect.stringContaining('folder') },
    ])
    await rm(within, { recursive: true })
    for (const { digest, size } of stored) expect(await read(digest)).toHaveLength(size)
  })

  test('are limited in number', async () => {
    await using board = await yard()
    const { store, within } = await setup(board)
    for (const name of ['a', 'b', 'c']) await write(join(within, name), name)
    const { stored, refused } = await collectArtifacts({
      store,
      workspace: within,
      names: ['a', 'b', 'c'],
      maxFiles: 2,
    })
    expect(stored).toHaveLength(2)
    expect(refused).toMatchObject([{ name: 'c', reason: expect.stringContaining('only 2 files') }])
  })
})

describe('the files a worker did not declare', () => {
  const age = (path: string, seconds: number) => utimes(path, seconds, seconds)

  test('are listed when they changed during the run, newest first, without links, caches and our marker (F08)', async () => {
    await using board = await yard()
    const { within } = await setup(board)
    await write(join(board.folder, 'outside/file'), 'x')
    await symlink(join(board.folder, 'outside'), join(within, 'link'))
    const files: [string, number][] = [
      ['before.txt', 999],
      ['at-start.txt', 1000],
      ['out/later.txt', 1002],
      ['declared.md', 1003],
      ['node_modules/x/index.js', 1004],
      ['.git/HEAD', 1004],
    ]
    for (const [name, seconds] of files) {
      await write(join(within, name), name)
      await age(join(within, name), seconds)
    }
    const listed = await listUndeclared({ workspace: within, since: 1000, declared: ['declared.md'] })
    expect(listed).toEqual({
      files: [
        { name: 'out/later.txt', size: 13, modifiedAt: 1002 },
        { name: 'at-start.txt', size: 12, modifiedAt: 1000 },
      ],
      isComplete: true,
    })
    expect(await listUndeclared({ workspace: within, since: 1000, limit: 1 })).toMatchObject({
      files: [{ name: 'declared.md' }],
      isComplete: false,
    })
  })

  test('are, in git, those that no commit holds', async () => {
    await using board = await yard()
    const repository = await board.repository()
    await write(join(repository, '.gitignore'), 'ignored\n')
    await commit(repository, 'Ignore')
    const { path } = await board.prepare({ taskId: 't_2', kind: 'worktree', path: repository })
    await write(join(path, 'sub/committed'), 'x')
    await commit(path, 'Work')
    for (const name of ['sub/new', 'sub/staged', 'ignored', 'README.md']) await write(join(path, name), 'x')
    await git(path, 'add', 'sub/staged')
    const names = async (workspace: string) =>
      (await listUndeclared({ workspace, since: 0 })).files.map(({ name }) => name).toSorted()
    expect(await names(path)).toEqual(['README.md', 'sub/new', 'sub/staged'])
    expect(await names(join(path, 'sub'))).toEqual(['new', 'staged'])
  })
})

/** How many bytes of files on their way into the store have been written. */
async function copied(root: string): Promise<number> {
  let bytes = 0
  for (const folder of await readdir(join(root, 'incoming')).catch(() => [])) {
    bytes += (await lstat(join(root, 'incoming', folder, 'content')).catch(() => ({ size: 0 }))).size
  }
  return bytes
}

async function until(condition: () => Promise<boolean>): Promise<void> {
  while (!(await condition())) await new Promise((resolve) => setImmediate(resolve))
}

async function* forever(): AsyncGenerator<Uint8Array> {
  for (;;) yield Buffer.alloc(100_000)
}

async function* failing(): AsyncGenerator<Uint8Array> {
  yield Buffer.from('half')
  throw new Error('connection lost')
}
