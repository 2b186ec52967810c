import { rmSync } from 'node:fs'
import { join } from 'node:path'
import { DatabaseSync } from 'node:sqlite'
import pg from 'pg'
import { describe, expect, test } from 'vitest'
import type { Store } from '../../src/store/connection.ts'
import { SqliteWatch } from '../../src/store/sqlite-watch.ts'
import { findEvents, latestEventId } from '../../src/store/tables/events.ts'
import { databases, temporaryFolder } from '../helpers/boards.ts'
import { startChild } from '../helpers/children.ts'

/** Follows a board with a cursor, as the gateway does: woken by the feed, reading on from where it was. */
function follow(store: Store) {
  const seen: number[] = []
  let waiting: { readonly total: number; readonly resolve: () => void } | undefined
  let reading = Promise.resolve()
  let wakes = 0
  const watching = store.watch(() => {
    wakes += 1
    reading = reading.then(async () => {
      seen.push(
        ...(await store.read((db) => findEvents(db, { after: seen.at(-1) ?? 0 }))).map(({ id }) => id),
      )
      if (waiting !== undefined && seen.length >= waiting.total) waiting.resolve()
    })
  })
  return {
    seen,
    wakes: () => wakes,
    until: (total: number) =>
      new Promise<void>((resolve) => {
        waiting = { total, resolve }
        if (seen.length >= total) resolve()
      }),
    [Symbol.asyncDispose]: async () => {
      watching[Symbol.dispose]()
      await reading
    },
  }
}

describe.each(databases)('the change feed of $name', ({ open }) => {
  test('loses none of 300 commits of another process, however they fall', async () => {
    await using board = await open()
    await using follower = follow(board.store)
    await using writer = startChild('store/children/writer.ts', [board.location, 'a'])
    expect(await writer.nextLine()).toBe('ready')
    writer.send('150 12')
    await follower.until(150)
    writer.send('150 0')
    await follower.until(300)
    expect(follower.seen).toHaveLength(300)
    expect(follower.seen).toEqual(follower.seen.toSorted((a, b) => a - b))
    // Woken by the commits, not by looking again and again.
    expect(follower.wakes()).toBeLessThanOrEqual(320)
  })

  test('tells every single commit that comes alone, without waiting for the next one', async () => {
    await using board = await open()
    await using follower = follow(board.store)
    await using writer = startChild('store/children/writer.ts', [board.location, 'a'])
    expect(await writer.nextLine()).toBe('ready')
    for (let n = 1; n <= 20; n++) {
      writer.send('1 0')
      await follower.until(n)
    }
    expect(follower.seen).toHaveLength(20)
  })

  test('is silent once disposed of, and can be taken up again', async () => {
    await using board = await open()
    let calls = 0
    board.store.watch(() => (calls += 1))[Symbol.dispose]()
    await using follower = follow(board.store)
    await using writer = startChild('store/children/writer.ts', [board.location, 'a'])
    expect(await writer.nextLine()).toBe('ready')
    writer.send('3 0')
    await follower.until(3)
    expect(calls).toBe(0)
  })

  test('an own commit that changes nothing wakes nobody', async () => {
    await using board = await open()
    await using follower = follow(board.store)
    await board.store.write((tx) => {
      tx.emit({
        taskId: null,
        runId: null,
        kind: 'paused',
        payload: {},
        createdAt: tx.now,
        actor: 'a',
        door: 'cli',
      })
      return Promise.resolve()
    })
    await follower.until(1)
    const before = follower.wakes()
    for (let n = 0; n < 20; n++) await board.store.write((tx) => latestEventId(tx))
    const other = await board.reopen()
    await other.write((tx) => {
      tx.emit({
        taskId: null,
        runId: null,
        kind: 'resumed',
        payload: {},
        createdAt: tx.now,
        actor: 'a',
        door: 'cli',
      })
      return Promise.resolve()
    })
    await follower.until(2)
    expect(follower.wakes()).toBeLessThanOrEqual(before + 2)
  })
})

describe('the change feed of a SQLite file', () => {
  test('falls back to looking, and says so, where the system will not report', async () => {
    using folder = temporaryFolder()
    const gone = join(folder.path, 'gone')
    const warnings: string[] = []
    let version = 'a'
    const feed = new SqliteWatch({
      file: join(gone, 'kanban.db'),
      version: () => version,
      warn: (message) => warnings.push(message),
    })
    const woken = new Promise<void>((resolve) => feed.watch(resolve))
    version = 'b'
    await woken
    feed.close()
    expect(warnings).toEqual([expect.stringContaining('looking every')])
  })

  test('wakes its listeners when the file is lost, so that they are told by reading', async () => {
    const [sqlite] = databases
    await using board = await sqlite!.open()
    const woken = new Promise<void>((resolve) => void board.store.watch(resolve))
    rmSync(board.location)
    await woken
    await expect(board.store.read((db) => latestEventId(db))).rejects.toMatchObject({ code: 'board_missing' })
  })

  test('hears of commits made by any program', async () => {
    const [sqlite] = databases
    await using board = await sqlite!.open()
    const woken = new Promise<void>((resolve) => void board.store.watch(resolve))
    using db = new DatabaseSync(board.location, { timeout: 5_000 })
    db.exec(`insert into board_meta values ('touched', 'by hand')`)
    await woken
  })
})

describe('the change feed of PostgreSQL', () => {
  test('connects again when its connection breaks, and looks at once for what it missed', async () => {
    const [, postgres] = databases
    await using board = await postgres!.open()
    const other = await board.reopen()
    await using follower = follow(board.store)
    const emit = (kind: string) =>
      other.write((tx) => {
        tx.emit({ taskId: null, runId: null, kind, payload: {}, createdAt: tx.now, actor: 'a', door: 'cli' })
        return Promise.resolve()
      })
    await emit('paused')
    await follower.until(1)

    const admin = new pg.Client({ connectionString: board.location })
    await admin.connect()
    const { rowCount } = await admin.query(
      `select pg_terminate_backend(pid) from pg_stat_activity where query like 'listen %' and query like '%' || md5(current_schema()) || '%'`,
    )
    await admin.end()
    expect(rowCount).toBe(1)
    await emit('resumed')
    await follower.until(2)
    await emit('paused')
    await follower.until(3)
  })
})
