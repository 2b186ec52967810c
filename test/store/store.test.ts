import { describe, expect, test } from 'vitest'
import { statement } from '../../src/store/statement.ts'
import { findEvents } from '../../src/store/tables/events.ts'
import type { PendingEvent, WriteTransaction } from '../../src/store/connection.ts'
import { databases, TEST_NOW } from '../helpers/boards.ts'

const setMeta = statement<{ key: string; value: string }>()((db, p) =>
  db
    .insertInto('board_meta')
    .values({ key: p.key, value: p.value })
    .onConflict((oc) => oc.column('key').doUpdateSet({ value: p.value })),
)
const insertMeta = statement<{ key: string; value: string }>()((db, p) =>
  db.insertInto('board_meta').values({ key: p.key, value: p.value }),
)
const getMeta = statement<{ key: string }>()((db, p, dialect) =>
  dialect.lock(db.selectFrom('board_meta').select('value').where('key', '=', p.key)),
)
const readMeta = statement<{ key: string }>()((db, p) =>
  db.selectFrom('board_meta').select('value').where('key', '=', p.key),
)

const event = (kind: string, createdAt = TEST_NOW): PendingEvent => ({
  taskId: null,
  runId: null,
  kind,
  payload: { kind },
  createdAt,
  actor: 'someone',
  door: 'cli',
})

async function increment(tx: WriteTransaction): Promise<number> {
  const next = Number((await tx.get(getMeta, { key: 'counter' }))?.value ?? 0) + 1
  await tx.run(setMeta, { key: 'counter', value: String(next) })
  return next
}

describe.each(databases)('a store on $name', ({ open }) => {
  test('what a write returns is saved, and a reader sees it', async () => {
    await using board = await open()
    expect(await board.store.write((tx) => tx.run(setMeta, { key: 'a', value: "it's \\ 日本" }))).toBe(1)
    expect(await board.store.read((db) => db.get(readMeta, { key: 'a' }))).toEqual({ value: "it's \\ 日本" })
    expect(await board.store.read((db) => db.get(readMeta, { key: 'b' }))).toBeUndefined()
    expect(await (await board.reopen()).read((db) => db.all(readMeta, { key: 'a' }))).toEqual([
      { value: "it's \\ 日本" },
    ])
  })

  test('work that throws leaves nothing behind, events included', async () => {
    await using board = await open()
    const failing = board.store.write(async (tx) => {
      await tx.run(setMeta, { key: 'a', value: '1' })
      tx.emit(event('created'))
      throw new RangeError('no')
    })
    await expect(failing).rejects.toThrow(RangeError)
    expect(await board.store.read((db) => db.get(readMeta, { key: 'a' }))).toBeUndefined()
    expect(await board.store.read((db) => findEvents(db, {}))).toEqual([])
  })

  test('a reader cannot write', async () => {
    await using board = await open()
    await expect(board.store.read((db) => db.run(setMeta, { key: 'a', value: '1' }))).rejects.toThrow(
      /read.?only/,
    )
    expect(await board.store.read((db) => db.get(readMeta, { key: 'a' }))).toBeUndefined()
  })

  test('a transaction knows its moment, and events carry what was given', async () => {
    await using board = await open()
    board.clock.advance(61)
    await board.store.write((tx) => {
      expect(tx.now).toBe(TEST_NOW + 61)
      tx.emit(event('created', tx.now))
      tx.emit(event('promoted', tx.now))
      return Promise.resolve()
    })
    const events = await board.store.read((db) => findEvents(db, {}))
    expect(events).toMatchObject([
      {
        kind: 'created',
        payload: { kind: 'created' },
        createdAt: TEST_NOW + 61,
        taskId: null,
        actor: 'someone',
        door: 'cli',
      },
      { kind: 'promoted' },
    ])
    expect(events[0]!.id).toBeLessThan(events[1]!.id)
  })

  test('writers in several stores do not lose each other’s changes', async () => {
    await using board = await open()
    await board.store.write((tx) => tx.run(setMeta, { key: 'counter', value: '0' }))
    const stores = [board.store, await board.reopen(), await board.reopen()]
    const results = await Promise.all(
      Array.from({ length: 60 }, (_, index) => stores[index % stores.length]!.write(increment)),
    )
    expect(results.toSorted((a, b) => a - b)).toEqual(Array.from({ length: 60 }, (_, index) => index + 1))
  })

  test('two creators of the same row: the later one sees the row of the earlier one', async () => {
    await using board = await open()
    const stores = [board.store, await board.reopen()]
    const create = (tx: WriteTransaction) =>
      tx.get(readMeta, { key: 'once' }).then(async (row) => {
        if (row !== undefined) return 'found'
        await tx.run(insertMeta, { key: 'once', value: '1' })
        return 'created'
      })
    const results = await Promise.all(
      Array.from({ length: 20 }, (_, index) => stores[index % 2]!.write(create)),
    )
    expect(results.filter((result) => result === 'created')).toHaveLength(1)
    expect(results.filter((result) => result === 'found')).toHaveLength(19)
  })

  test('events get their ids in the order of the commits: a cursor never passes one by', async () => {
    await using board = await open()
    const writers = [board.store, await board.reopen()]
    const reader = await board.reopen()
    const total = 120
    let written = 0
    const writing = Promise.all(
      Array.from({ length: total }, async (_, index) => {
        await writers[index % 2]!.write((tx) => {
          tx.emit(event('created'))
          tx.emit(event('promoted'))
          return Promise.resolve()
        })
        written += 1
      }),
    )
    const seen: number[] = []
    for (;;) {
      const isLast = written === total
      const events = await reader.read((db) => findEvents(db, { after: seen.at(-1) ?? 0 }))
      seen.push(...events.map(({ id }) => id))
      if (isLast) break
    }
    await writing
    expect(seen).toHaveLength(2 * total)
    const all = await reader.read((db) => findEvents(db, {}))
    expect(all.map(({ id }) => id)).toEqual(seen)
  })

  test('a closed store takes no more work', async () => {
    await using board = await open()
    const store = await board.reopen()
    await store[Symbol.asyncDispose]()
    await store[Symbol.asyncDispose]()
    await expect(store.write(increment)).rejects.toThrow('closed')
    await expect(store.read((db) => db.get(readMeta, { key: 'a' }))).rejects.toThrow('closed')
  })

  test('every listener of every store hears of a commit by any of them', async () => {
    await using board = await open()
    const other = await board.reopen()
    const heard = new Map<string, () => void>()
    const wait = (name: string) => new Promise<void>((resolve) => heard.set(name, resolve))
    const watching = [
      board.store.watch(() => heard.get('own')?.()),
      board.store.watch(() => heard.get('second')?.()),
      other.watch(() => heard.get('other')?.()),
    ]
    for (let round = 0; round < 3; round++) {
      const all = ['own', 'second', 'other'].map(wait)
      await board.store.write(increment)
      await Promise.all(all)
    }
    for (const watch of watching) watch[Symbol.dispose]()
  })
})
