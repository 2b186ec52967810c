import { readdirSync } from 'node:fs'
import { sql } from 'kysely'
import pg from 'pg'
import { describe, expect, test } from 'vitest'
import { systemClock } from '../../src/lib/clock.ts'
import type { WriteTransaction } from '../../src/store/connection.ts'
import { ADVISORY } from '../../src/store/migrate.ts'
import { openPostgres, type PostgresOptions } from '../../src/store/postgres.ts'
import { adHoc, statement } from '../../src/store/statement.ts'
import { findEvents, latestEventId } from '../../src/store/tables/events.ts'
import { TEST_NOW } from '../helpers/boards.ts'
import { createTestSchema } from '../helpers/postgres.ts'

const setMeta = statement<{ key: string; value: string }>()((db, p) =>
  db
    .insertInto('board_meta')
    .values({ key: p.key, value: p.value })
    .onConflict((oc) => oc.column('key').doUpdateSet({ value: p.value })),
)
const insertMeta = statement<{ key: string; value: string }>()((db, p) =>
  db.insertInto('board_meta').values({ key: p.key, value: p.value }),
)
const readMeta = statement<{ key: string }>()((db, p) =>
  db.selectFrom('board_meta').select('value').where('key', '=', p.key),
)
const lockMeta = statement<{ key: string }>()((db, p, dialect) =>
  dialect.lock(db.selectFrom('board_meta').select('value').where('key', '=', p.key)),
)
const backend = statement<Record<string, never>>()((db) =>
  db.selectNoFrom(sql<number>`pg_backend_pid()`.as('pid')),
)

const emit = (tx: WriteTransaction, kind = 'paused') =>
  tx.emit({ taskId: null, runId: null, kind, payload: {}, createdAt: tx.now, actor: 'a', door: 'cli' })

/** A board with another connection to its database, for what only an administrator can do. */
async function openBoard(options: Partial<PostgresOptions> = {}) {
  const schema = await createTestSchema()
  const store = await openPostgres({ url: schema.url, create: true, poolSize: 4, ...options })
  const admin = new pg.Client({ connectionString: schema.url })
  await admin.connect()
  return {
    store,
    admin,
    url: schema.url,
    terminate: (pid: number) => admin.query('select pg_terminate_backend($1)', [pid]),
    [Symbol.asyncDispose]: async () => {
      await store.close()
      await admin.end()
      await schema.drop()
    },
  }
}

describe('a board on PostgreSQL', () => {
  test('has the time of its database', async () => {
    await using board = await openBoard()
    const now = await board.store.write((tx) => Promise.resolve(tx.now))
    expect(Number.isInteger(now)).toBe(true)
    expect(Math.abs(now - systemClock.now())).toBeLessThan(30)
    expect(Math.abs((await board.store.now()) - now)).toBeLessThan(30)
  })

  test('is used again after the server has ended all its idle connections', async () => {
    await using board = await openBoard()
    const pid = await board.store.read((db) => db.get(backend, {}))
    await board.terminate(Number(pid?.pid))
    expect(await board.store.write((tx) => tx.run(setMeta, { key: 'a', value: '1' }))).toBe(1)
  })

  test('says what to do when the connection breaks in the middle, with nothing written', async () => {
    await using board = await openBoard()
    const breaking = board.store.write(async (tx) => {
      await tx.run(setMeta, { key: 'a', value: '1' })
      await board.terminate(Number((await tx.get(backend, {}))?.pid))
      await tx.run(setMeta, { key: 'b', value: '1' })
    })
    await expect(breaking).rejects.toMatchObject({
      name: 'YardError',
      kind: 'unavailable',
      code: 'database_unreachable',
    })
    expect(await board.store.read((db) => db.get(readMeta, { key: 'a' }))).toBeUndefined()
  })

  test('says that the outcome is unknown when the connection breaks while saving', async () => {
    await using board = await openBoard()
    // Whoever holds this lock keeps the transaction waiting between its last statement and its commit.
    await board.admin.query('select pg_advisory_lock($1, hashtext(current_schema()))', [ADVISORY.events])
    let pid = 0
    const saving = board.store.write(async (tx) => {
      pid = Number((await tx.get(backend, {}))?.pid)
      emit(tx)
    })
    // The refusal comes before it is awaited.
    saving.catch(() => undefined)
    const isWaiting = async () => {
      const { rows } = await board.admin.query<{ waiting: boolean }>(
        `select wait_event_type = 'Lock' as waiting from pg_stat_activity where pid = $1`,
        [pid],
      )
      return rows[0]?.waiting === true
    }
    while (!(await isWaiting())) await systemClock.sleep(5)
    await board.terminate(pid)
    await expect(saving).rejects.toMatchObject({ name: 'YardError', code: 'outcome_unknown' })
    await board.admin.query('select pg_advisory_unlock_all()')
    expect(await board.store.read(latestEventId)).toBe(0)
  })

  test('does work again that met another transaction, and both get through', async () => {
    await using board = await openBoard()
    await board.store.write(async (tx) => {
      await tx.run(setMeta, { key: 'a', value: '0' })
      await tx.run(setMeta, { key: 'b', value: '0' })
    })
    let attempts = 0
    // Locked in opposite order: the server ends one of the two.
    const crosswise = (first: string, second: string) =>
      board.store.write(async (tx) => {
        attempts += 1
        const before = await tx.get(lockMeta, { key: first })
        if (attempts <= 2) await systemClock.sleep(50)
        await tx.get(lockMeta, { key: second })
        await tx.run(setMeta, { key: first, value: String(Number(before?.value) + 1) })
      })
    await Promise.all([crosswise('a', 'b'), crosswise('b', 'a')])
    expect(attempts).toBeGreaterThan(2)
    expect(
      await board.store.read(async (db) => [
        await db.get(readMeta, { key: 'a' }),
        await db.get(readMeta, { key: 'b' }),
      ]),
    ).toEqual([{ value: '1' }, { value: '1' }])
  })

  test('gives up after a bounded number of attempts, with the error of the last', async () => {
    await using board = await openBoard()
    let attempts = 0
    const failing = board.store.write(async (tx) => {
      attempts += 1
      await tx.run(insertMeta, { key: 'board_id', value: 'twice' })
    })
    await expect(failing).rejects.toThrow(/duplicate key/)
    expect(attempts).toBe(12)
  })

  test('does not pretend to have saved what a swallowed error has undone', async () => {
    await using board = await openBoard()
    const swallowing = board.store.write(async (tx) => {
      await tx.run(setMeta, { key: 'a', value: '1' })
      await tx.run(insertMeta, { key: 'board_id', value: 'twice' }).catch(() => undefined)
    })
    await expect(swallowing).rejects.toThrow(/swallowed/)
    expect(await board.store.read((db) => db.get(readMeta, { key: 'a' }))).toBeUndefined()
  })

  test('does not wait for ever for a lock', async () => {
    await using board = await openBoard()
    await board.store.write((tx) => tx.run(setMeta, { key: 'a', value: '0' }))
    const impatient = new URL(board.url)
    impatient.searchParams.set('lock_timeout', '100')
    await using store = await openPostgres({ url: impatient.href })
    await board.admin.query('begin')
    await board.admin.query(`select * from board_meta where key = 'a' for update`)
    await expect(store.write((tx) => tx.get(lockMeta, { key: 'a' }))).rejects.toMatchObject({
      code: 'board_busy',
      kind: 'unavailable',
    })
    await board.admin.query('rollback')
  })

  test('reads one state, whatever is saved meanwhile', async () => {
    await using board = await openBoard()
    await board.store.write((tx) => tx.run(setMeta, { key: 'a', value: 'before' }))
    await board.store.read(async (db) => {
      expect(await db.get(readMeta, { key: 'a' })).toEqual({ value: 'before' })
      await board.store.write((tx) => tx.run(setMeta, { key: 'a', value: 'after' }))
      expect(await db.get(readMeta, { key: 'a' })).toEqual({ value: 'before' })
    })
    expect(await board.store.read((db) => db.get(readMeta, { key: 'a' }))).toEqual({ value: 'after' })
  })

  test('gives whole numbers for counts, sums and ids, and leaves `pg` as others in the process expect it', async () => {
    await using board = await openBoard()
    await board.store.write((tx) => {
      emit(tx)
      emit(tx)
      return Promise.resolve()
    })
    const row = await board.store.read((db) =>
      db.get(
        adHoc('postgres', (kysely) =>
          kysely
            .selectFrom('task_events')
            .select(({ fn }) => [fn.countAll().as('count'), fn.sum('id').as('sum'), fn.max('id').as('max')]),
        ),
        {},
      ),
    )
    expect(row).toEqual({ count: 2, sum: 3, max: 2 })
    expect((await board.admin.query('select 1::bigint as n')).rows).toEqual([{ n: '1' }])
  })

  test('runs any number of statements of different shape', async () => {
    await using board = await openBoard()
    await board.store.read(async (db) => {
      for (let n = 1; n <= 520; n++) {
        const keys = Array.from({ length: n }, (_, index) => `key ${index}`)
        expect(
          await db.all(
            adHoc('postgres', (kysely) =>
              kysely.selectFrom('board_meta').select('value').where('key', 'in', keys),
            ),
            {},
          ),
        ).toEqual([])
      }
    })
  })

  test('lives in a schema of its own, which is made with it', async () => {
    await using other = await createTestSchema()
    const url = new URL(other.url)
    url.searchParams.delete('options')
    url.searchParams.set('schema', `${other.schema}_own`)
    await expect(openPostgres({ url: url.href })).rejects.toMatchObject({ code: 'schema_missing' })
    const store = await openPostgres({ url: url.href, create: true })
    try {
      await store.write((tx) => Promise.resolve(emit(tx)))
      expect(store.location).toContain(`schema=${other.schema}_own`)
      await using again = await openPostgres({ url: url.href })
      expect(await again.read((db) => findEvents(db, {}))).toHaveLength(1)
    } finally {
      await store.close()
      const admin = new pg.Client({ connectionString: other.url })
      await admin.connect()
      await admin.query(`drop schema ${other.schema}_own cascade`)
      await admin.end()
    }
    url.searchParams.set('schema', 'Robert"); drop')
    await expect(openPostgres({ url: url.href, create: true })).rejects.toMatchObject({ code: 'bad_schema' })
  })

  test('is not made among the tables of another program', async () => {
    await using schema = await createTestSchema()
    const admin = new pg.Client({ connectionString: schema.url })
    await admin.connect()
    await admin.query('create table tasks (id integer primary key)')
    await expect(openPostgres({ url: schema.url, create: true })).rejects.toMatchObject({
      code: 'board_foreign',
    })
    expect(
      (await admin.query(`select tablename from pg_tables where schemaname = current_schema()`)).rows,
    ).toEqual([{ tablename: 'tasks' }])
    await admin.end()
  })

  test('does not show its password: not in its place, not in any error', async () => {
    await using schema = await createTestSchema()
    const url = new URL(schema.url)
    url.password = 'wrong-secret'
    await expect(openPostgres({ url: url.href })).rejects.toMatchObject({
      code: 'database_login',
      message: expect.not.stringContaining('wrong-secret') as string,
    })
    url.pathname = '/nowhere'
    await expect(openPostgres({ url: url.href })).rejects.toMatchObject({
      message: expect.not.stringContaining('wrong-secret') as string,
    })
  })

  test('F38: opening, watching and closing again and again leaves nothing behind', async () => {
    await using board = await openBoard()
    const descriptors = () => readdirSync('/dev/fd').length
    const round = async () => {
      const store = await openPostgres({ url: board.url })
      const heard = new Promise<void>((resolve) => void store.watch(resolve))
      await heard
      await store.write((tx) => Promise.resolve(emit(tx)))
      await store.close()
    }
    await round()
    const before = descriptors()
    for (let n = 0; n < 15; n++) await round()
    expect(descriptors()).toBeLessThanOrEqual(before)
    expect(await board.store.read(latestEventId)).toBe(16)
  })

  test('takes a clock that is moved by hand in the place of the database’s', async () => {
    await using schema = await createTestSchema()
    const clock = { ...systemClock, now: () => TEST_NOW }
    await using store = await openPostgres({ url: schema.url, create: true, clock })
    expect(await store.write((tx) => Promise.resolve(tx.now))).toBe(TEST_NOW)
    expect(await store.now()).toBe(TEST_NOW)
  })
})
