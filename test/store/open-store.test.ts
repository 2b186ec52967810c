import { createHash } from 'node:crypto'
import {
  chmodSync,
  copyFileSync,
  existsSync,
  mkdirSync,
  readdirSync,
  readFileSync,
  renameSync,
  rmSync,
  statSync,
  truncateSync,
  writeFileSync,
} from 'node:fs'
import { join } from 'node:path'
import { DatabaseSync } from 'node:sqlite'
import { describe, expect, test } from 'vitest'
import { isYardError } from '../../src/domain/errors.ts'
import { homePaths, type HomePaths } from '../../src/lib/paths.ts'
import { backupBoard } from '../../src/store/backup.ts'
import type { Store } from '../../src/store/connection.ts'
import { openStore, type OpenStoreOptions } from '../../src/store/open-store.ts'
import { readRegistry, TEST_HOME_MARK } from '../../src/store/registry.ts'
import { adHoc, statement } from '../../src/store/statement.ts'
import { findEvents } from '../../src/store/tables/events.ts'
import { temporaryFolder, testClock, TEST_NOW } from '../helpers/boards.ts'
import { runChild } from '../helpers/children.ts'
import { createTestSchema } from '../helpers/postgres.ts'

const insertTask = statement<{ id: string; now: number }>()((db, p) =>
  db.insertInto('tasks').values({
    id: p.id,
    title: 'a card',
    status: 'ready',
    priority: 0,
    created_at: p.now,
    workspace_kind: 'scratch',
    spawn_failures: 0,
  }),
)
const tasks = statement<Record<string, never>>()((db) => db.selectFrom('tasks').select('id').orderBy('id'))

const addTask = (store: Store, id: string) =>
  store.write(async (tx) => {
    await tx.run(insertTask, { id, now: tx.now })
    tx.emit({
      taskId: id,
      runId: null,
      kind: 'created',
      payload: {},
      createdAt: tx.now,
      actor: 'alice',
      door: 'cli',
    })
  })
const taskIds = async (store: Store) => (await store.read((db) => db.all(tasks, {}))).map(({ id }) => id)

function testHome() {
  const folder = temporaryFolder()
  const paths = homePaths(join(folder.path, 'home'))
  mkdirSync(paths.home, { mode: 0o700 })
  writeFileSync(join(paths.home, TEST_HOME_MARK), '')
  const clock = testClock()
  const open = (options: Partial<OpenStoreOptions> = {}) =>
    openStore({ paths, database: null, create: true, clock, env: { YARD_TEST: '1' }, ...options })
  return { paths, clock, open, [Symbol.dispose]: () => folder[Symbol.dispose]() }
}

/** Every file of a home with its content: what must not change when opening is refused. */
function snapshot(folder: string): Record<string, string> {
  const files = readdirSync(folder, { recursive: true, withFileTypes: true }).filter((entry) =>
    entry.isFile(),
  )
  return Object.fromEntries(
    files.map((entry) => {
      const file = join(entry.parentPath, entry.name)
      return [file, createHash('sha256').update(readFileSync(file)).digest('hex')]
    }),
  )
}

const refusalOf = async (opening: Promise<unknown>) => {
  const error: unknown = await opening.then(
    () => new Error('it was not refused'),
    (reason: unknown) => reason,
  )
  if (!isYardError(error)) throw error
  return { code: error.code, kind: error.kind, message: error.message }
}

describe('the board of a home', () => {
  test('is made at the first use, private to its owner, with a write-ahead log, and registered', async () => {
    using home = testHome()
    const store = await home.open()
    await addTask(store, 't_1')
    expect(readRegistry(home.paths.registry)).toEqual({
      boardId: store.boardId,
      database: home.paths.database,
      createdAt: TEST_NOW,
    })
    for (const file of readdirSync(home.paths.home)) {
      if (file !== TEST_HOME_MARK)
        expect([file, statSync(join(home.paths.home, file)).mode & 0o077]).toEqual([file, 0])
    }
    await store.close()
    using db = new DatabaseSync(home.paths.database)
    expect(db.prepare('pragma journal_mode').get()).toMatchObject({ journal_mode: 'wal' })
    await using again = await home.open({ create: false })
    expect(await taskIds(again)).toEqual(['t_1'])
    expect(again.boardId).toBe(store.boardId)
  })

  test('is not made where only reading was asked for', async () => {
    using home = testHome()
    expect(await refusalOf(home.open({ create: false }))).toMatchObject({
      code: 'board_missing',
      message: expect.stringContaining('yard init') as string,
    })
    expect(readdirSync(home.paths.home)).toEqual([TEST_HOME_MARK])
  })

  test('is one board when several processes make it at once', async () => {
    using home = testHome()
    const runs = await Promise.all(
      [1, 2, 3].map((n) =>
        runChild('store/children/open-and-write.ts', [home.paths.home, String(n)], { YARD_TEST: '1' }),
      ),
    )
    expect(runs.map(({ code, stderr }) => `${code} ${stderr}`)).toEqual(['0 ', '0 ', '0 '])
    expect(new Set(runs.map(({ stdout }) => stdout)).size).toBe(1)
    await using store = await home.open()
    expect(await taskIds(store)).toEqual(['t_1', 't_2', 't_3'])
    expect(readdirSync(home.paths.home).filter((name) => name.includes('.tmp'))).toEqual([])
  })

  test('is whole to every process, however many come and go', async () => {
    using home = testHome()
    const runs = await Promise.all(
      [1, 2, 3].map((n) =>
        runChild('store/children/open-and-write.ts', [home.paths.home, String(n), '60'], { YARD_TEST: '1' }),
      ),
    )
    expect(runs.map(({ code, stderr }) => `${code} ${stderr}`)).toEqual(['0 ', '0 ', '0 '])
    await using store = await home.open()
    expect(await taskIds(store)).toHaveLength(180)
  })

  test('is registered when its file was put there by hand', async () => {
    using home = testHome()
    const store = await home.open()
    await addTask(store, 't_1')
    await store.close()
    rmSync(home.paths.registry)
    await using again = await home.open({ create: false })
    expect(again.boardId).toBe(store.boardId)
    expect(readRegistry(home.paths.registry)?.boardId).toBe(store.boardId)
  })

  test('takes the rights of others away, and says so', async () => {
    using home = testHome()
    await (await home.open()).close()
    chmodSync(home.paths.database, 0o644)
    const warnings: string[] = []
    await (await home.open({ warn: (message) => warnings.push(message) })).close()
    expect(statSync(home.paths.database).mode & 0o777).toBe(0o600)
    expect(warnings).toEqual([expect.stringContaining('readable by you only')])
  })

  test('a damaged registry is an error, not a fresh start', async () => {
    using home = testHome()
    await (await home.open()).close()
    writeFileSync(home.paths.registry, '{"board_id":')
    const before = snapshot(home.paths.home)
    expect(await refusalOf(home.open())).toMatchObject({ code: 'registry_damaged' })
    expect(snapshot(home.paths.home)).toEqual(before)
  })
})

/** Ways a file can be lost or spoiled, and the code of the one error for it. */
const MISFORTUNES: readonly { name: string; code: string; happen: (paths: HomePaths) => void }[] = [
  { name: 'deleted', code: 'board_missing', happen: ({ database }) => rmSync(database) },
  {
    name: 'renamed',
    code: 'board_missing',
    happen: ({ database }) => renameSync(database, `${database}.moved`),
  },
  { name: 'emptied', code: 'board_empty', happen: ({ database }) => truncateSync(database, 0) },
  {
    name: 'cut in the middle',
    code: 'board_damaged',
    happen: ({ database }) => truncateSync(database, 20_000),
  },
  { name: 'cut to its header', code: 'board_damaged', happen: ({ database }) => truncateSync(database, 100) },
  {
    name: 'scrambled',
    code: 'board_damaged',
    happen: ({ database }) => writeFileSync(database, Buffer.alloc(statSync(database).size, 7)),
  },
  { name: 'another board', code: 'board_foreign', happen: replaceByAnother },
  {
    name: 'another program’s database',
    code: 'board_foreign',
    happen: ({ database }) => replaceBy(database, 'create table notes (id integer)'),
  },
  {
    name: 'a newer board',
    code: 'schema_newer',
    happen: ({ database }) => change(database, `insert into schema_migrations values (999, 'later', 0)`),
  },
  {
    name: 'without its tables',
    code: 'board_damaged',
    happen: ({ database }) => change(database, 'drop table schema_migrations'),
  },
]

function change(file: string, sql: string): void {
  using db = new DatabaseSync(file)
  db.exec(sql)
}

function replaceBy(file: string, sql: string): void {
  rmSync(file)
  change(file, sql)
}

function replaceByAnother({ database }: HomePaths): void {
  change(
    database,
    `update board_meta set value = '00000000-0000-4000-8000-000000000000' where key = 'board_id'`,
  )
}

describe('F10: a board that is registered and not right', () => {
  test.each(MISFORTUNES)(
    '$name: one clear error that names the newest backup; no file is added or changed',
    async ({ happen, code }) => {
      using home = testHome()
      const store = await home.open()
      await addTask(store, 't_1')
      const { file: backup } = await backupBoard(store, {
        folder: home.paths.backups,
        now: TEST_NOW,
        keep: 3,
      })
      await store.close()
      happen(home.paths)
      const before = snapshot(home.paths.home)
      for (const create of [true, false, true]) {
        const refusal = await refusalOf(home.open({ create }))
        expect(refusal).toMatchObject({ code, kind: 'unavailable' })
        expect(refusal.message).toContain(home.paths.database)
        if (code !== 'schema_newer') expect(refusal.message).toContain(`yard restore ${backup}`)
      }
      expect(snapshot(home.paths.home)).toEqual(before)
    },
  )

  test.each(MISFORTUNES.filter(({ name }) => name !== 'without its tables'))(
    '$name under an open store: calls fail with the same error, and nothing is written into a lost file',
    async ({ happen, code }) => {
      using home = testHome()
      await using store = await home.open()
      await addTask(store, 't_1')
      await using other = await home.open()
      expect(await taskIds(other)).toEqual(['t_1'])
      // The log is emptied into the file, as it is every now and then.
      change(home.paths.database, 'pragma wal_checkpoint(truncate)')
      happen(home.paths)
      const names = readdirSync(home.paths.home)
      for (const attempt of [
        () => taskIds(store),
        () => addTask(store, 't_2'),
        () => taskIds(other),
        () => addTask(other, 't_3'),
      ]) {
        expect(await refusalOf(attempt())).toMatchObject({ code })
      }
      expect(readdirSync(home.paths.home)).toEqual(names)
    },
  )

  test('a file that comes back is used again by stores that were open all the time', async () => {
    using home = testHome()
    await using store = await home.open()
    await addTask(store, 't_1')
    const { file: backup } = await backupBoard(store, { folder: home.paths.backups, now: TEST_NOW, keep: 3 })
    await addTask(store, 't_2')
    rmSync(home.paths.database)
    expect(await refusalOf(taskIds(store))).toMatchObject({ code: 'board_missing' })
    for (const suffix of ['-wal', '-shm']) rmSync(home.paths.database + suffix, { force: true })
    copyFileSync(backup, home.paths.database)
    expect(await taskIds(store)).toEqual(['t_1'])
    await addTask(store, 't_3')
    await using another = await home.open()
    expect(await taskIds(another)).toEqual(['t_1', 't_3'])
  })

  test('without any backup the error says that too', async () => {
    using home = testHome()
    await (await home.open()).close()
    rmSync(home.paths.database)
    expect((await refusalOf(home.open())).message).toMatch(/no backup of it/)
  })
})

describe('a home without a board', () => {
  test.each([
    { name: 'an empty file', code: 'board_empty', make: (file: string) => writeFileSync(file, '') },
    {
      name: 'a text file',
      code: 'board_damaged',
      make: (file: string) => writeFileSync(file, 'my notes, nothing else\n'.repeat(50)),
    },
    {
      name: 'another program’s database',
      code: 'board_foreign',
      make: (file: string) => change(file, 'create table tasks (id integer primary key, name text)'),
    },
    { name: 'a folder', code: 'board_foreign', make: (file: string) => mkdirSync(file) },
  ])('does not take $name for one', async ({ make, code }) => {
    using home = testHome()
    make(home.paths.database)
    const before = snapshot(home.paths.home)
    expect(await refusalOf(home.open())).toMatchObject({ code })
    expect(snapshot(home.paths.home)).toEqual(before)
  })

  test('F41: a folder that cannot be written is refused once, clearly', async () => {
    using home = testHome()
    const file = join(home.paths.home, 'not-a-folder')
    writeFileSync(file, '')
    const refusal = await refusalOf(home.open({ database: join(file, 'kanban.db') }))
    expect(refusal).toMatchObject({ code: 'folder_unfit' })
    expect(existsSync(home.paths.registry)).toBe(false)
  })
})

describe('F67: homes for tests', () => {
  test('are opened by tests only, and tests open no others', async () => {
    using home = testHome()
    expect(await refusalOf(home.open({ env: {} }))).toMatchObject({ code: 'test_home' })
    rmSync(join(home.paths.home, TEST_HOME_MARK))
    expect(await refusalOf(home.open())).toMatchObject({ code: 'not_a_test_home' })
    expect(readdirSync(home.paths.home)).toEqual([])
  })
})

describe('a board on PostgreSQL', () => {
  test('is made once, registered without its password, and found again', async () => {
    using home = testHome()
    await using schema = await createTestSchema()
    const store = await home.open({ database: schema.url })
    await addTask(store, 't_1')
    await store.close()
    const registry = readFileSync(home.paths.registry, 'utf8')
    expect(registry).toContain(store.boardId)
    expect(registry).not.toContain(new URL(schema.url).password)
    expect(store.location).not.toContain(new URL(schema.url).password)
    await using again = await home.open({ database: schema.url, create: false })
    expect(await taskIds(again)).toEqual(['t_1'])
  })

  test('F10: a known board whose tables are gone, or another board in its place, is refused and not made anew', async () => {
    using home = testHome()
    await using schema = await createTestSchema()
    await using empty = await createTestSchema()
    await using other = await createTestSchema()
    await (await home.open({ database: schema.url })).close()
    using otherHome = testHome()
    await (await otherHome.open({ database: other.url })).close()
    expect(await refusalOf(home.open({ database: empty.url }))).toMatchObject({ code: 'board_missing' })
    expect(await refusalOf(home.open({ database: other.url }))).toMatchObject({ code: 'board_foreign' })
    expect(await refusalOf(home.open({ database: join(home.paths.home, 'elsewhere.db') }))).toMatchObject({
      code: 'board_missing',
    })
    await (await home.open({ database: schema.url })).close()
  })

  test('an address nobody answers at, and one that is none, are errors with the next step and without the password', async () => {
    using home = testHome()
    const refusal = await refusalOf(home.open({ database: 'postgres://me:hunter2@127.0.0.1:1/board' }))
    expect(refusal).toMatchObject({ code: 'database_unreachable' })
    expect(refusal.message).not.toContain('hunter2')
    expect(
      (await refusalOf(home.open({ database: 'postgres://me:hunter2@:bad:/board' }))).message,
    ).not.toContain('hunter2')
    expect(existsSync(home.paths.registry)).toBe(false)
  })
})

describe('a store that stays open', () => {
  test('F44: reads change neither the file nor its log', async () => {
    using home = testHome()
    const store = await home.open()
    for (let n = 1; n <= 20; n++) await addTask(store, `t_${n}`)
    const hashes = () =>
      ['', '-wal'].map((suffix) =>
        createHash('sha256')
          .update(readFileSync(home.paths.database + suffix))
          .digest('hex'),
      )
    const before = hashes()
    await using reader = await home.open({ create: false })
    for (let n = 0; n < 50; n++) {
      await taskIds(reader)
      await reader.read((db) => findEvents(db, {}))
      await reader.now()
    }
    await expect(
      reader.read((db) =>
        db.run(
          adHoc(db.dialect, (kysely) => kysely.deleteFrom('tasks')),
          {},
        ),
      ),
    ).rejects.toThrow()
    expect(hashes()).toEqual(before)
    await store.close()
  })

  test('F38: opening and closing again and again leaves no descriptor behind', async () => {
    using home = testHome()
    const descriptors = () => readdirSync('/dev/fd').length
    const round = async (n: number) => {
      const store = await home.open()
      const watching = store.watch(() => undefined)
      await addTask(store, `t_${n}`)
      watching[Symbol.dispose]()
      await store.close()
    }
    await round(0)
    const before = descriptors()
    for (let n = 1; n <= 40; n++) await round(n)
    expect(descriptors()).toBeLessThanOrEqual(before)
  })
})
