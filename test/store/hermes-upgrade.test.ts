import { createHash } from 'node:crypto'
import { chmodSync, mkdirSync, readdirSync, readFileSync, statSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { DatabaseSync, type StatementSync } from 'node:sqlite'
import { describe, expect, test } from 'vitest'
import { homePaths } from '../../src/lib/paths.ts'
import { listBackups } from '../../src/store/backup-files.ts'
import { countRows, quoted, tableNames } from '../../src/store/board-tables.ts'
import { upgradeHermesBoard } from '../../src/store/hermes/upgrade.ts'
import { migrateSqlite } from '../../src/store/migrate.ts'
import { openStore, type OpenStoreOptions } from '../../src/store/open-store.ts'
import { TEST_HOME_MARK } from '../../src/store/registry.ts'
import { inspectSqliteFile } from '../../src/store/sqlite-file.ts'
import { temporaryFolder, testClock, TEST_NOW } from '../helpers/boards.ts'
import { runChild } from '../helpers/children.ts'
import { dumpSqlite } from '../helpers/schema-dump.ts'

const FOLDER = new URL('../fixtures/boards/', import.meta.url)
const FIXTURES = readdirSync(FOLDER).filter((name) => name.endsWith('.sql'))
const sqlOf = (fixture: string) => readFileSync(new URL(fixture, FOLDER), 'utf8')

function load(fixture: string, db = new DatabaseSync(':memory:')): DatabaseSync {
  db.exec(sqlOf(fixture))
  return db
}

function upgraded(fixture: string) {
  const db = load(fixture)
  const report = upgradeHermesBoard(db, TEST_NOW)
  if (report === null) throw new Error('not upgraded')
  const all = (sql: string) =>
    db
      .prepare(sql)
      .all()
      .map((row) => ({ ...row }))
  return { db, report, all, one: (sql: string) => all(sql)[0] }
}

/** Every row and every definition of a database. */
const contents = (db: DatabaseSync) =>
  JSON.stringify([
    db.prepare('select type, name, sql from sqlite_schema order by name').all(),
    ...tableNames(db).map((name) => [
      name,
      db.prepare(`select quote(t.rowid), ${columnsOf(db, name)} from ${quoted(name)} t order by rowid`).all(),
    ]),
  ])
const columnsOf = (db: DatabaseSync, table: string) =>
  db
    .prepare('select name from pragma_table_info(?)')
    .all(table)
    .map(({ name }) => `quote(${quoted(String(name))})`)
    .join()

const freshSchema = () => {
  using db = new DatabaseSync(':memory:')
  migrateSqlite(db, TEST_NOW, { location: 'memory' })
  return dumpSqlite(db)
}

/** A home whose board is a file that the Hermes agent left there. */
function hermesHome(fixture: string) {
  const folder = temporaryFolder()
  const paths = homePaths(folder.path)
  writeFileSync(join(paths.home, TEST_HOME_MARK), '')
  load(fixture, new DatabaseSync(paths.database)).close()
  chmodSync(paths.database, 0o600)
  const open = (options: Partial<OpenStoreOptions> = {}) =>
    openStore({
      paths,
      database: null,
      create: true,
      clock: testClock(),
      env: { YARD_TEST: '1' },
      ...options,
    })
  return { paths, open, [Symbol.dispose]: () => folder[Symbol.dispose]() }
}

describe.each(FIXTURES)('F37: the Hermes board %s', (fixture) => {
  test('becomes what a new board with its cards would be [upgrade.columns]', () => {
    const { db, report, all } = upgraded(fixture)
    expect(dumpSqlite(db, report.keptTables)).toBe(freshSchema())
    expect(db.prepare('pragma integrity_check').get()).toMatchObject({ integrity_check: 'ok' })
    using original = load(fixture)
    expect(countRows(db).get('tasks')).toBe(countRows(original).get('tasks'))
    // Exactly the running cards have an open run, and exactly one.
    expect(all(`select id, current_run_id from tasks where status = 'running' order by id`)).toEqual(
      all(
        'select task_id as id, id as current_run_id from task_runs where ended_at is null order by task_id',
      ),
    )
    expect(
      all(`select id from tasks where status = 'running' and (claim_lock is null or claim_expires is null)`),
    ).toEqual([])
    expect(all(`select id from tasks where status <> 'running' and claim_lock is not null`)).toEqual([])
    // Exactly the blocked cards are held, by something only a person lifts.
    expect(all(`select id from tasks where status = 'blocked' order by id`)).toEqual(
      all(`select target as id from holds where kind = 'human' and lifted_at is null order by target`),
    )
    expect(
      all(`select kind from task_events where kind in ('ready', 'priority', 'spawn_auto_blocked')`),
    ).toEqual([])
  })

  test('is backed up, upgraded and registered by being opened; opening it again changes nothing [upgrade.twice]', async () => {
    using home = hermesHome(fixture)
    chmodSync(home.paths.database, 0o644)
    using original = load(fixture)
    const reports: unknown[] = []
    const store = await home.open({ upgraded: (report) => reports.push(report), warn: () => undefined })
    await store.close()
    expect(reports).toHaveLength(1)
    const [backup, ...others] = listBackups(home.paths.backups)
    expect(others).toEqual([])
    expect(reports[0]).toMatchObject({ backup: backup!.file })
    {
      using kept = new DatabaseSync(backup!.file, { readOnly: true })
      expect(contents(kept)).toBe(contents(original))
    }
    expect(inspectSqliteFile(home.paths.database)).toMatchObject({ kind: 'board', boardId: store.boardId })
    expect(statSync(home.paths.database).mode & 0o777).toBe(0o600)

    const hash = () => createHash('sha256').update(readFileSync(home.paths.database)).digest('hex')
    const before = hash()
    await (await home.open({ upgraded: (report) => reports.push(report) })).close()
    expect(reports).toHaveLength(1)
    expect(hash()).toBe(before)
    expect(listBackups(home.paths.backups)).toHaveLength(1)
  })

  test('is as it was when the upgrade is interrupted before any of its statements', () => {
    const total = countStatements(fixture)
    expect(total).toBeGreaterThan(20)
    using db = new Interruptible()
    load(fixture, db)
    const original = contents(db)
    for (let at = 1; at <= total; at++) {
      db.interruptBefore(at)
      expect(() => upgradeHermesBoard(db, TEST_NOW)).toThrow(Interruption)
      db.interruptBefore(null)
      expect(contents(db)).toBe(original)
    }
  })

  test('survives being killed in the middle of the upgrade', async () => {
    const total = countStatements(fixture)
    for (const at of [Math.floor(total / 2), total]) {
      using home = hermesHome(fixture)
      const killed = await runChild('store/children/upgrade.ts', [home.paths.database, String(at)])
      expect(killed.signal).toBe('SIGKILL')
      expect(inspectSqliteFile(home.paths.database)).toEqual({ kind: 'hermes' })
      await using store = await home.open()
      expect(inspectSqliteFile(home.paths.database)).toMatchObject({ kind: 'board', boardId: store.boardId })
    }
  })
})

class Interruption extends Error {}

/** A database whose statements are counted, and one of which can be made to fail. */
class Interruptible extends DatabaseSync {
  #at: number | null = null
  seen = 0

  constructor() {
    super(':memory:')
  }

  /** Counts from here on. */
  interruptBefore(at: number | null): void {
    this.#at = at
    this.seen = 0
  }

  override exec(sql: string): void {
    if (!/^(rollback|pragma)/.test(sql)) this.#step()
    super.exec(sql)
  }

  override prepare(sql: string): StatementSync {
    const statement = super.prepare(sql)
    const run = statement.run.bind(statement)
    statement.run = ((...values: Parameters<StatementSync['run']>) => {
      this.#step()
      return run(...values)
    }) as StatementSync['run']
    return statement
  }

  #step(): void {
    this.seen += 1
    if (this.seen === this.#at) throw new Interruption(`interrupted before statement ${this.#at}`)
  }
}

function countStatements(fixture: string): number {
  using db = new Interruptible()
  load(fixture, db)
  db.interruptBefore(null)
  upgradeHermesBoard(db, TEST_NOW)
  return db.seen
}

describe('upgrading a Hermes board', () => {
  test('cards in flight before there were runs get one, with their claim [upgrade.in-flight]', () => {
    const { one } = upgraded('1-before-runs.sql')
    expect(
      one(
        `select status, claim_lock, claim_expires, worker_pid, current_run_id from tasks where id = 't_a003'`,
      ),
    ).toEqual({
      status: 'running',
      claim_lock: 'box:812',
      claim_expires: 1776001300,
      worker_pid: 4711,
      current_run_id: 1,
    })
    expect(one('select * from task_runs')).toMatchObject({
      id: 1,
      task_id: 't_a003',
      profile: 'designer',
      status: 'running',
      claim_lock: 'box:812',
      claim_expires: 1776001300,
      started_at: 1776000400,
      ended_at: null,
      outcome: null,
    })
  })

  test('old names of events become the present ones [upgrade.event-kinds]', () => {
    const { all } = upgraded('1-before-runs.sql')
    expect(all('select kind from task_events order by id').map(({ kind }) => kind)).toEqual([
      'created',
      'completed',
      'promoted',
      'reprioritized',
      'claimed',
      'gave_up',
    ])
  })

  test('an open run stays the same run, and its history keeps its numbers', () => {
    const { one, all } = upgraded('2-first-release.sql')
    expect(one(`select current_run_id, idempotency_key from tasks where id = 't_b005'`)).toEqual({
      current_run_id: 3,
      idempotency_key: 'nightly-2026-05-01',
    })
    expect(all('select id, status, outcome, summary from task_runs order by id')).toEqual([
      { id: 1, status: 'completed', outcome: 'completed', summary: 'Plan written' },
      { id: 2, status: 'blocked', outcome: 'blocked', summary: 'Which city?' },
      { id: 3, status: 'running', outcome: null, summary: null },
    ])
    expect(all('select task_id, last_event_id from kanban_notify_subs order by task_id')).toEqual([
      { task_id: 't_b001', last_event_id: 3 },
      { task_id: 't_b002', last_event_id: 4 },
    ])
  })

  test('what a person held stays held, with the reason given last', () => {
    const { one } = upgraded('2-first-release.sql')
    expect(one('select scope, target, kind, reason, since, until from holds')).toEqual({
      scope: 'task',
      target: 't_b002',
      kind: 'human',
      reason: 'Which city?',
      since: 1777600720,
      until: null,
    })
  })

  test('statuses we do not have are held, and say so; counters are found under their later names', () => {
    const { one, report } = upgraded('3-renamed-columns.sql')
    expect(one(`select status from tasks where id = 't_0c000001'`)).toEqual({ status: 'blocked' })
    expect(one(`select reason from holds where target = 't_0c000001'`)).toEqual({
      reason: expect.stringContaining('"scheduled"') as string,
    })
    expect(one(`select spawn_failures, last_spawn_error from tasks where id = 't_0c000003'`)).toEqual({
      spawn_failures: 2,
      last_spawn_error: 'exit 1: tests failed',
    })
    expect(one(`select status from tasks where id = 't_0c000002'`)).toEqual({ status: 'review' })
    expect(report.leftColumns).toContain('tasks.model_override')
  })

  test('cards stand where their parents put them: nothing waits for a sweep that no longer comes', () => {
    const { all } = upgraded('3-renamed-columns.sql')
    expect(all(`select id, status from tasks where id in ('t_0c000004', 't_0c000005') order by id`)).toEqual([
      { id: 't_0c000004', status: 'ready' },
      { id: 't_0c000005', status: 'todo' },
    ])
    expect(
      all(
        `select task_id, kind, actor, door from task_events where actor is not null and kind <> 'blocked' order by id`,
      ),
    ).toEqual([
      { task_id: 't_0c000004', kind: 'promoted', actor: 'rule:upgrade', door: 'import' },
      { task_id: 't_0c000005', kind: 'status', actor: 'rule:upgrade', door: 'import' },
    ])
  })

  test('tables of others stay, and numbers once given are not given again', () => {
    const { db, report, one } = upgraded('4-many-features.sql')
    expect(report.keptTables).toEqual(['hermes_workspaces', 'my_notes', 'task_attachments'])
    expect(one('select note from my_notes')).toEqual({ note: 'ask Bob' })
    expect(one('select count(*) as n from open_cards')).toEqual({ n: 2 })
    db.exec(
      `insert into task_events (task_id, kind, created_at) values ('t_0d000001', 'commented', ${TEST_NOW})`,
    )
    expect(one('select max(id) as id from task_events')).toEqual({ id: 301 })
    expect(
      one(`select claim_lock, claim_expires, current_run_id from tasks where id = 't_0d000003'`),
    ).toEqual({ claim_lock: 'box:7', claim_expires: 1786001000, current_run_id: 22 })
  })

  test('cards of one second keep the order in which they were written [list.order]', () => {
    using db = load('1-before-runs.sql')
    db.exec(`update tasks set created_at = 1795000000`)
    const written = db
      .prepare('select id from tasks order by rowid')
      .all()
      .map(({ id }) => id)
    expect(written.length).toBeGreaterThan(2)
    upgradeHermesBoard(db, TEST_NOW)
    const listed = db.prepare('select id from tasks order by created_at, created_order').all()
    expect(listed.map(({ id }) => id)).toEqual(written)
  })

  test('rows whose ids were text get numbers, and what refers to them follows', () => {
    const { one, all } = upgraded('5-text-ids.sql')
    expect(all('select id, run_id, kind from task_events order by id')).toEqual([
      { id: 1, run_id: null, kind: 'created' },
      { id: 2, run_id: 1, kind: 'completed' },
      { id: 3, run_id: 2, kind: 'claimed' },
    ])
    expect(one(`select current_run_id, claim_expires from tasks where id = 't_e002'`)).toEqual({
      current_run_id: 2,
      claim_expires: TEST_NOW,
    })
    // Nothing that was told before is told again.
    expect(all('select last_event_id from kanban_notify_subs')).toEqual([
      { last_event_id: 3 },
      { last_event_id: 3 },
    ])
  })

  test('F61: broken values are repaired with a note each, and stop nothing', () => {
    const { one, report, all } = upgraded('6-broken-rows.sql')
    expect(one(`select title, priority, skills from tasks where id = 't_f001'`)).toEqual({
      title: '(no title)',
      priority: 0,
      skills: '[]',
    })
    expect(one(`select priority, created_at, skills from tasks where id = 't_f002'`)).toEqual({
      priority: 2,
      created_at: 1777000001,
      skills: '["web","git"]',
    })
    expect(
      one(`select title, workspace_kind, started_at, idempotency_key from tasks where id = 't_f005'`),
    ).toEqual({ title: 'Mit Bytes !', workspace_kind: 'scratch', started_at: null, idempotency_key: null })
    expect(one(`select body, idempotency_key from tasks where id = 't_f006'`)).toEqual({
      body: 'with azero',
      idempotency_key: 'same',
    })
    expect(
      all(`select payload from task_events where payload is not null`).every(
        ({ payload }) => typeof JSON.parse(String(payload)) === 'object',
      ),
    ).toBe(true)
    const notes = report.notes.join('\n')
    for (const id of ['t_f001', 't_f002', 't_f003', 't_f004', 't_f005', 't_f008']) expect(notes).toContain(id)
    expect(notes).toContain('left in the backup')
  })

  test('two processes that open the same old board at once make one upgrade of it', async () => {
    using home = hermesHome('2-first-release.sql')
    const runs = await Promise.all(
      [1, 2].map((n) =>
        runChild('store/children/open-and-write.ts', [home.paths.home, `9${n}`], { YARD_TEST: '1' }),
      ),
    )
    expect(runs.map(({ code }) => code)).toEqual([0, 0])
    expect(runs[0]!.stdout).toBe(runs[1]!.stdout)
    using db = new DatabaseSync(home.paths.database)
    expect(countRows(db).get('tasks')).toBe(8)
  })

  test('a damaged old board is refused as it is', async () => {
    using home = hermesHome('2-first-release.sql')
    const file = readFileSync(home.paths.database)
    // The last pages hold indexes and rows; the header and the schema stay readable.
    file.fill(0xee, file.length - 6_000)
    writeFileSync(home.paths.database, file)
    await expect(home.open()).rejects.toMatchObject({ name: 'YardError' })
    expect(readFileSync(home.paths.database).equals(file)).toBe(true)
    mkdirSync(home.paths.backups, { recursive: true })
    expect(readdirSync(home.paths.backups)).toEqual([])
  })
})
