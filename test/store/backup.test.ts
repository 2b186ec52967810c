import {
  chmodSync,
  copyFileSync,
  existsSync,
  mkdirSync,
  readdirSync,
  readFileSync,
  rmSync,
  statSync,
  truncateSync,
  utimesSync,
  writeFileSync,
} from 'node:fs'
import { basename, join } from 'node:path'
import { DatabaseSync } from 'node:sqlite'
import { describe, expect, test } from 'vitest'
import { isYardError } from '../../src/domain/errors.ts'
import { backupBoard } from '../../src/store/backup.ts'
import { listBackups, newestBackup } from '../../src/store/backup-files.ts'
import { boardTables, quoted, tableNames } from '../../src/store/board-tables.ts'
import { copyFromSqlite } from '../../src/store/copy-board.ts'
import type { Store } from '../../src/store/connection.ts'
import { openPostgres } from '../../src/store/postgres.ts'
import { restoreBackup, verifyBackup, type RestoreOptions } from '../../src/store/restore.ts'
import { createSqliteBoard, migrateSqliteFile } from '../../src/store/sqlite-create.ts'
import { statement } from '../../src/store/statement.ts'
import { findEvents } from '../../src/store/tables/events.ts'
import { databases, openSqliteFile, temporaryFolder, testClock, TEST_NOW } from '../helpers/boards.ts'
import { createTestSchema } from '../helpers/postgres.ts'

const insertTask = statement<{ id: string; now: number }>()((db, p) =>
  db.insertInto('tasks').values({
    id: p.id,
    title: 'läuft — it’s \\ "fine"\n🚀',
    status: 'ready',
    priority: 0,
    created_at: p.now,
    workspace_kind: 'scratch',
    spawn_failures: 0,
  }),
)
const touchTask = statement<{ id: string; now: number }>()((db, p) =>
  db.updateTable('tasks').set({ last_heartbeat_at: p.now }).where('id', '=', p.id),
)
const tasks = statement<Record<string, never>>()((db) => db.selectFrom('tasks').select('id').orderBy('id'))

const addTask = (store: Store, id: string) =>
  store.write(async (tx) => {
    await tx.run(insertTask, { id, now: tx.now })
    tx.emit({
      taskId: id,
      runId: null,
      kind: 'created',
      payload: { id },
      createdAt: tx.now,
      actor: 'alice',
      door: 'cli',
    })
  })
const taskIds = async (store: Store) => (await store.read((db) => db.all(tasks, {}))).map(({ id }) => id)

/** All rows of all tables, as text. */
function rowsOf(file: string): string {
  using db = new DatabaseSync(file, { readOnly: true })
  return JSON.stringify(
    boardTables(db).map(({ name, order }) => [
      name,
      db.prepare(`select * from ${quoted(name)} order by ${order.map(quoted).join()}`).all(),
    ]),
  )
}

const refusalOf = async (work: Promise<unknown>) => {
  const error: unknown = await work.then(
    () => new Error('it was not refused'),
    (reason: unknown) => reason,
  )
  if (!isYardError(error)) throw error
  return { code: error.code, message: error.message }
}

/** A board with a row in every table. */
const FULL_BOARD = readFileSync(new URL('../fixtures/schemas/0001.sql', import.meta.url), 'utf8')

function fullBoard(folder: string): string {
  const file = join(folder, 'full.db')
  {
    using db = new DatabaseSync(file)
    db.exec(FULL_BOARD)
    db.exec('pragma journal_mode = wal')
  }
  migrateSqliteFile(file, testClock())
  return file
}

describe.each(databases)('a backup of a board on $name', ({ open }) => {
  test('is a whole board file, private, named after its moment and content', async () => {
    await using board = await open()
    using folder = temporaryFolder()
    await addTask(board.store, 't_1')
    const backup = await backupBoard(board.store, { folder: folder.path, now: TEST_NOW, keep: 3 })
    expect(basename(backup.file)).toMatch(/^kanban-20261121T080000Z-[0-9a-f]{12}\.db$/)
    expect(statSync(backup.file).mode & 0o777).toBe(0o600)
    expect(readdirSync(folder.path)).toEqual([basename(backup.file)])
    expect(backup).toMatchObject({ kind: 'scheduled', createdAt: TEST_NOW, isNew: true, pruned: 0 })
    const verified = await verifyBackup(backup.file)
    expect(verified).toEqual({ boardId: board.store.boardId, cards: 1, end: { eventId: 1, at: TEST_NOW } })
    expect(readdirSync(folder.path)).toEqual([basename(backup.file)])
  })

  test('F39: is not made twice when nothing has changed, and the oldest ones go', async () => {
    await using board = await open()
    using folder = temporaryFolder()
    await addTask(board.store, 't_1')
    const first = await backupBoard(board.store, { folder: folder.path, now: TEST_NOW, keep: 2 })
    for (let n = 1; n <= 5; n++) {
      const again = await backupBoard(board.store, { folder: folder.path, now: TEST_NOW + n, keep: 2 })
      expect(again).toMatchObject({ file: first.file, isNew: false, createdAt: TEST_NOW })
    }
    await board.store.write((tx) => tx.run(touchTask, { id: 't_1', now: TEST_NOW + 10 }))
    for (let n = 10; n < 14; n++) {
      await addTask(board.store, `t_${n}`)
      await backupBoard(board.store, { folder: folder.path, now: TEST_NOW + n, keep: 2 })
    }
    expect(listBackups(folder.path).map(({ createdAt }) => createdAt)).toEqual([TEST_NOW + 13, TEST_NOW + 12])
    expect(newestBackup(folder.path)).toBe(listBackups(folder.path)[0]!.file)
  })

  test('is one state of the board, also while others write', async () => {
    await using board = await open()
    using folder = temporaryFolder()
    const writer = await board.reopen()
    for (let n = 0; n < 20; n++) await addTask(board.store, `t_${n}`)
    let isDone = false
    const writing = (async () => {
      for (let n = 100; !isDone; n++) await addTask(writer, `t_${n}`)
    })()
    const backup = await backupBoard(board.store, { folder: folder.path, now: TEST_NOW, keep: 3 })
    isDone = true
    await writing
    const { cards, end } = await verifyBackup(backup.file)
    // Each card came with its event: a torn copy would have more of one than of the other.
    expect(end?.eventId).toBe(cards)
  })

  test('what a killed backup left behind goes with a later one', async () => {
    await using board = await open()
    using folder = temporaryFolder()
    const abandoned = join(folder.path, 'backup.abcdef.tmp')
    writeFileSync(abandoned, 'half')
    utimesSync(abandoned, TEST_NOW - 7_200, TEST_NOW - 7_200)
    await backupBoard(board.store, { folder: folder.path, now: TEST_NOW, keep: 3 })
    expect(existsSync(abandoned)).toBe(false)
  })
})

function restoring(options: Partial<RestoreOptions> & Pick<RestoreOptions, 'file' | 'target'>) {
  return restoreBackup({
    boardId: null,
    backups: join(options.file, '..'),
    inUseBy: () => null,
    clock: testClock(TEST_NOW + 500),
    ...options,
  })
}

describe('restoring into a file', () => {
  test('F10: brings the last backup back, keeps the replaced file and says what is missing', async () => {
    using folder = temporaryFolder()
    const file = join(folder.path, 'kanban.db')
    const clock = testClock()
    createSqliteBoard(file, clock)
    const store = openSqliteFile(file, clock)
    await addTask(store, 't_1')
    const backup = await backupBoard(store, { folder: join(folder.path, 'backups'), now: TEST_NOW, keep: 3 })
    clock.advance(60)
    await addTask(store, 't_2')
    await store.close()

    const result = await restoring({ file: backup.file, target: file, boardId: store.boardId })
    expect(result).toMatchObject({
      restored: { cards: 1, end: { eventId: 1, at: TEST_NOW } },
      replacedEnd: { eventId: 2, at: TEST_NOW + 60 },
      leftOut: [],
    })
    await using restored = openSqliteFile(file, clock)
    expect(await taskIds(restored)).toEqual(['t_1'])
    expect(restored.boardId).toBe(store.boardId)
    await using aside = openSqliteFile(result.keptAside!, clock)
    expect(await taskIds(aside)).toEqual(['t_1', 't_2'])
    expect(statSync(file).mode & 0o777).toBe(0o600)
    await addTask(restored, 't_3')
  })

  test.each([
    { name: 'missing', spoil: (file: string) => rmSync(file), hasAside: false },
    { name: 'cut', spoil: (file: string) => truncateSync(file, 5_000), hasAside: true },
    {
      name: 'scrambled',
      spoil: (file: string) => writeFileSync(file, 'nonsense'.repeat(1_000)),
      hasAside: true,
    },
  ])('works when the board is $name', async ({ spoil, hasAside }) => {
    using folder = temporaryFolder()
    const file = join(folder.path, 'kanban.db')
    const clock = testClock()
    createSqliteBoard(file, clock)
    const store = openSqliteFile(file, clock)
    await addTask(store, 't_1')
    const backup = await backupBoard(store, { folder: join(folder.path, 'backups'), now: TEST_NOW, keep: 3 })
    await store.close()
    spoil(file)
    const spoiled = hasAside ? readFileSync(file) : null
    const { keptAside, replacedEnd } = await restoring({
      file: backup.file,
      target: file,
      boardId: store.boardId,
    })
    expect(replacedEnd).toBeNull()
    expect(keptAside === null ? null : readFileSync(keptAside)).toEqual(spoiled)
    await using restored = openSqliteFile(file, clock)
    expect(await taskIds(restored)).toEqual(['t_1'])
  })

  test('takes the write-ahead log of a killed process out of the way with its file', async () => {
    using folder = temporaryFolder()
    const file = join(folder.path, 'kanban.db')
    const clock = testClock()
    createSqliteBoard(file, clock)
    const store = openSqliteFile(file, clock)
    await addTask(store, 't_1')
    const backup = await backupBoard(store, { folder: join(folder.path, 'backups'), now: TEST_NOW, keep: 3 })
    await addTask(store, 't_2')
    // As a power cut leaves them: the log holds what the file does not.
    const left = join(folder.path, 'left.db')
    for (const suffix of ['', '-wal']) copyFileSync(file + suffix, left + suffix)
    await store.close()
    const { keptAside } = await restoring({ file: backup.file, target: left })
    await using restored = openSqliteFile(left, clock)
    expect(await taskIds(restored)).toEqual(['t_1'])
    await using aside = openSqliteFile(keptAside!, clock)
    expect(await taskIds(aside)).toEqual(['t_1', 't_2'])
  })

  test('a log whose board is gone is not taken for the log of the restored one, nor of a new one', async () => {
    using folder = temporaryFolder()
    const file = join(folder.path, 'kanban.db')
    const clock = testClock()
    createSqliteBoard(file, clock)
    const store = openSqliteFile(file, clock)
    await addTask(store, 't_1')
    const backup = await backupBoard(store, {
      folder: join(folder.path, 'backups'),
      now: TEST_NOW,
      keep: 3,
    })
    await addTask(store, 't_2')
    const left = join(folder.path, 'left.db')
    copyFileSync(`${file}-wal`, `${left}-wal`)
    await store.close()
    expect(() => createSqliteBoard(left, clock)).toThrow(/log of an earlier board/)
    const { keptAside } = await restoring({ file: backup.file, target: left })
    expect(keptAside).toBeNull()
    await using restored = openSqliteFile(left, clock)
    expect(await taskIds(restored)).toEqual(['t_1'])
    expect(readdirSync(folder.path).filter((name) => name.startsWith('replaced-'))).toHaveLength(1)
  })

  test('refuses, with nothing changed: a board in use, another board’s backup, a spoiled one, what is none', async () => {
    using folder = temporaryFolder()
    const file = join(folder.path, 'kanban.db')
    const clock = testClock()
    createSqliteBoard(file, clock)
    await using store = openSqliteFile(file, clock)
    await addTask(store, 't_1')
    const backup = await backupBoard(store, { folder: join(folder.path, 'backups'), now: TEST_NOW, keep: 3 })

    expect(
      await refusalOf(restoring({ file: backup.file, target: file, inUseBy: () => 'the gateway (pid 7)' })),
    ).toMatchObject({
      code: 'board_in_use',
      message: expect.stringContaining('the gateway (pid 7)') as string,
    })
    expect(await refusalOf(restoring({ file: backup.file, target: file }))).toMatchObject({
      code: 'board_in_use',
      message: expect.stringContaining('fuser') as string,
    })
    expect(await refusalOf(restoring({ file: backup.file, target: file, boardId: 'another' }))).toMatchObject(
      { code: 'backup_of_another_board' },
    )
    expect(await refusalOf(restoring({ file: join(folder.path, 'none.db'), target: file }))).toMatchObject({
      code: 'backup_damaged',
    })

    const spoiled = join(folder.path, basename(backup.file))
    copyFileSync(backup.file, spoiled)
    chmodSync(spoiled, 0o600)
    {
      using db = new DatabaseSync(spoiled)
      db.exec(`update tasks set title = 'forged'`)
    }
    expect(await refusalOf(restoring({ file: spoiled, target: file }))).toMatchObject({
      code: 'backup_damaged',
      message: expect.stringContaining('not what its name says') as string,
    })
    expect(await taskIds(store)).toEqual(['t_1'])
    expect(readdirSync(folder.path).filter((name) => /replaced|tmp/.test(name))).toEqual([])
  })

  test('a backup of an older schema is brought to the present one', async () => {
    using folder = temporaryFolder()
    const old = join(folder.path, 'old.db')
    {
      using db = new DatabaseSync(old)
      db.exec(FULL_BOARD)
    }
    const target = join(folder.path, 'home', 'kanban.db')
    mkdirSync(join(folder.path, 'home'))
    const { restored } = await restoring({ file: old, target })
    expect(restored.cards).toBe(4)
    await using store = openSqliteFile(target, testClock())
    await addTask(store, 't_new')
    expect(await store.read((db) => findEvents(db, { newestFirst: true, limit: 1 }))).toMatchObject([
      { id: 6, taskId: 't_new' },
    ])
  })
})

describe('moving a board', () => {
  test('from a file to PostgreSQL and back keeps every row of every table, and goes on counting', async () => {
    using folder = temporaryFolder()
    const original = fullBoard(folder.path)
    await using schema = await createTestSchema()
    const moved = await restoring({ file: original, target: schema.url })
    expect(moved).toMatchObject({ keptAside: null, replacedEnd: null, leftOut: [] })

    await using server = await openPostgres({ url: schema.url, clock: testClock() })
    const backups = join(folder.path, 'backups')
    const back = await backupBoard(server, { folder: backups, now: TEST_NOW, keep: 3 })
    expect(rowsOf(back.file)).toBe(rowsOf(original))
    expect(server.boardId).toBe('6f9619ff-8b86-4d01-b42d-00cf4fc964ff')
    await addTask(server, 't_new')
    expect(await server.read((db) => findEvents(db, { newestFirst: true, limit: 1 }))).toMatchObject([
      { id: 6, taskId: 't_new' },
    ])

    const target = join(folder.path, 'again.db')
    await restoring({ file: back.file, target })
    expect(rowsOf(target)).toBe(rowsOf(original))
  })

  test('numbers given on one side are not given again on the other, also when their rows are gone', async () => {
    using folder = temporaryFolder()
    const original = fullBoard(folder.path)
    {
      using db = new DatabaseSync(original)
      db.exec('delete from task_events where id = 5')
    }
    await using schema = await createTestSchema()
    await restoring({ file: original, target: schema.url })
    await using server = await openPostgres({ url: schema.url, clock: testClock() })
    const back = await backupBoard(server, { folder: folder.path, now: TEST_NOW, keep: 3 })
    using db = new DatabaseSync(back.file)
    expect(db.prepare(`select seq from sqlite_sequence where name = 'task_events'`).get()).toMatchObject({
      seq: 5,
    })
    await addTask(server, 't_new')
    expect(await server.read((read) => findEvents(read, { newestFirst: true, limit: 1 }))).toMatchObject([
      { id: 6 },
    ])
  })

  test('onto a PostgreSQL board with cards needs --replace, and keeps a copy of them', async () => {
    using folder = temporaryFolder()
    const original = fullBoard(folder.path)
    await using schema = await createTestSchema()
    {
      await using server = await openPostgres({ url: schema.url, create: true, clock: testClock() })
      await addTask(server, 't_there')
    }
    expect(await refusalOf(restoring({ file: original, target: schema.url }))).toMatchObject({
      code: 'board_not_empty',
    })
    const { keptAside, replacedEnd } = await restoring({ file: original, target: schema.url, replace: true })
    expect(replacedEnd).toEqual({ eventId: 1, at: TEST_NOW })
    expect(await verifyBackup(keptAside!)).toMatchObject({ cards: 1 })
    await using server = await openPostgres({ url: schema.url, clock: testClock() })
    expect(await taskIds(server)).toEqual(['t_00000001', 't_00000002', 't_00000003', 't_00000004'])
  })

  test('leaves tables of others in the file, and says so', async () => {
    using folder = temporaryFolder()
    const original = fullBoard(folder.path)
    {
      using db = new DatabaseSync(original)
      db.exec('create table my_notes (note text)')
      expect(tableNames(db)).toContain('my_notes')
    }
    await using schema = await createTestSchema()
    await using server = await openPostgres({ url: schema.url, create: true, clock: testClock() })
    expect(await copyFromSqlite(original, server, { replace: false })).toMatchObject({
      leftOut: ['my_notes'],
    })
  })

  test('that is large goes over in batches', async () => {
    using folder = temporaryFolder()
    const file = join(folder.path, 'large.db')
    createSqliteBoard(file, testClock())
    {
      using db = new DatabaseSync(file)
      db.exec(`with recursive n(i) as (select 1 union all select i + 1 from n where i < 2300)
        insert into tasks (id, title, status, created_at) select 't_' || i, 'card ' || i, 'ready', i from n`)
      db.exec(
        `insert into task_events (task_id, kind, created_at) select id, 'created', created_at from tasks`,
      )
    }
    await using schema = await createTestSchema()
    await restoring({ file, target: schema.url })
    await using server = await openPostgres({ url: schema.url, clock: testClock() })
    const back = await backupBoard(server, { folder: folder.path, now: TEST_NOW, keep: 3 })
    expect(rowsOf(back.file)).toBe(rowsOf(file))
  })
})
