import { existsSync, readFileSync, renameSync, rmSync, statSync, truncateSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { DatabaseSync } from 'node:sqlite'
import { describe, expect } from 'vitest'
import { checkout } from '../helpers/rig/program.ts'
import { namesIn, type Rig } from '../helpers/rig/rig.ts'
import { scenario } from '../helpers/rig/scenario.ts'

/** What can befall the file while everybody uses it; each gives the way back that a person would take by hand, if there is one. */
const ACCIDENTS: Readonly<Record<string, (file: string) => void>> = {
  deleted: (file) => rmSync(file),
  renamed: (file) => renameSync(file, `${file}.old`),
  truncated: (file) => truncateSync(file, Math.floor(statSync(file).size / 3)),
  emptied: (file) => truncateSync(file, 0),
  scrambled: (file) => writeFileSync(file, Buffer.alloc(statSync(file).size, 'scrambled ')),
}

describe('a board that is gone or damaged', () => {
  for (const [what, befall] of Object.entries(ACCIDENTS)) {
    scenario(
      'F10',
      `${what}: every command and the gateway say so, nothing is made in its place, and the backup brings it back`,
      async (rig) => {
        const file = join(rig.home, 'kanban.db')
        const kept = await rig.create({ title: 'kept' })
        await rig.untilStatus(kept, 'done')
        await rig.untilGone(kept)
        const backup = await rig.json<{ path: string }>('backup')
        const lost = await rig.create({ title: 'made after the backup', options: ['--hold', 'later'] })
        rig.board.close()
        befall(file)
        const before = namesIn(rig.home)

        const polls = await Promise.all(
          [
            ['list'],
            ['show', kept],
            ['create', 'new'],
            ['complete', lost],
            ['stats'],
            ['dispatch'],
            ['list', '--json'],
            ['gateway', 'status'],
          ].map((words) => rig.yard(...words)),
        )
        for (const { code, stdout, stderr } of polls.slice(0, -1)) {
          expect({ code, stdout }).toEqual({ code: 1, stdout: '' })
          expect(stderr).toContain(`yard restore ${backup.path}`)
          expect(stderr).not.toContain('bug in yard')
        }
        const doctor = await rig.yard('doctor')
        expect(doctor.code).toBe(1)
        expect(doctor.stdout).toContain(backup.path)
        // Not by a new gateway either.
        if (rig.isGatewayRunning) await rig.gateway.end('SIGTERM')
        expect(await rig.yard('gateway', 'start')).toMatchObject({
          code: 1,
          stderr: expect.stringContaining('yard restore'),
        })
        expect(
          namesIn(rig.home).filter(
            (name) => !before.includes(name) && !/^(gateway|logs|config\.yaml)/.test(name),
          ),
        ).toEqual([])
        if (what === 'deleted' || what === 'renamed') expect(existsSync(file)).toBe(false)

        const restored = await rig.ok('restore', backup.path)
        expect(restored).toContain(backup.path)
        const list = await rig.json<{ id: string }[]>('list')
        expect(list.map(({ id }) => id)).toEqual([kept])
        await rig.startGateway()
        await rig.untilStatus(await rig.create({ title: 'goes on' }), 'done')
        for (const { id } of rig.board.tasks()) await rig.untilGone(id)
      },
    )
  }

  scenario(
    'F10',
    'a run lives through the absence of the file, from the moment it starts, and its ending is told afterwards',
    async (rig) => {
      const file = join(rig.home, 'kanban.db')
      const id = await rig.create({
        body: `mv "${file}" "${file}.aside"; note absent; until_file put-it-back; mv "${file}.aside" "${file}"; note back; say "the last words"; exit 3`,
      })
      await rig.until('the file to be away', () => rig.notes('absent').length === 1)
      expect((await rig.yard('list')).code).toBe(1)
      rig.signal('put-it-back')
      await rig.until('the file to be back', () => rig.notes('back').length === 1)
      await rig.untilStatus(id, 'blocked')
      expect(rig.board.runs(id)).toMatchObject([
        { outcome: 'crashed', exit_code: 3, last_lines: expect.stringContaining('the last words') },
      ])
      await rig.untilGone(id)
    },
    { kanban: { max_attempts: 1 } },
  )
})

describe('a board made by another program', () => {
  // Every released schema, every interruption: test/store/hermes-upgrade.test.ts and test/store/migrate.test.ts.
  scenario(
    'F37',
    'is upgraded once by whoever comes first, with a backup, and nothing that was held starts',
    async (rig) => {
      const file = join(rig.home, 'kanban.db')
      rig.board.close()
      for (const name of ['kanban.db', 'kanban.db-wal', 'kanban.db-shm', 'board.json'])
        rmSync(join(rig.home, name), { force: true })
      {
        using old = new DatabaseSync(file)
        old.exec(readFileSync(join(checkout, 'test/fixtures/boards/2-first-release.sql'), 'utf8'))
      }
      const titles = (db: DatabaseSync) =>
        db
          .prepare('select id, title, status from tasks order by id')
          .all()
          .map((row) => ({ ...row }))
      const before = (() => {
        using old = new DatabaseSync(file, { readOnly: true })
        rig.madeElsewhere = Number(old.prepare('select max(id) as id from task_events').get()?.['id'])
        return titles(old)
      })()
      expect(before.length).toBeGreaterThan(0)
      const [, ...polls] = await Promise.all([
        rig.startGateway(),
        ...Array.from({ length: 5 }, () => rig.yard('list', '--archived', '--json')),
      ])
      for (const { code, stdout, stderr } of polls) {
        expect({ code, stderr }).toMatchObject({ code: 0 })
        expect((JSON.parse(stdout) as unknown[]).length).toBeGreaterThan(0)
      }
      const backups = await rig.json<{ path: string }[]>('backup', '--list')
      expect(backups).toHaveLength(1)
      {
        using copy = new DatabaseSync(backups[0]!.path, { readOnly: true })
        expect(titles(copy)).toEqual(before)
      }
      const held = before.filter(({ status }) => status === 'blocked').map(({ id }) => String(id))
      await rig.untilStatus(await rig.create(), 'done')
      for (const id of held) {
        expect(rig.board.task(id).status).toBe('blocked')
        expect((await rig.json<{ reasons: unknown[] }>('why', id)).reasons.length).toBeGreaterThan(0)
      }
      expect(rig.notes('starts')).toHaveLength(1)
      await rig.ok('pause')
    },
    { gateway: false },
  )

  scenario(
    'F37',
    'a newer schema is refused by every command and the gateway, and the file stays as it is',
    async (rig) => {
      const file = join(rig.home, 'kanban.db')
      await rig.create({ options: ['--hold', 'later'] })
      rig.board.close()
      {
        using db = new DatabaseSync(file)
        db.exec(
          `insert into schema_migrations (version, name, applied_at) values (9999, 'from-the-future', 0); pragma wal_checkpoint(truncate)`,
        )
      }
      const before = readFileSync(file)
      for (const words of [['list'], ['create', 'x'], ['gateway', 'start'], ['dispatch']]) {
        const { code, stderr } = await rig.yard(...words)
        expect({ code, stderr }).toMatchObject({ code: 1, stderr: expect.stringContaining('newer') })
      }
      expect(readFileSync(file).equals(before)).toBe(true)
      using db = new DatabaseSync(file)
      db.exec('delete from schema_migrations where version = 9999')
    },
    { gateway: false },
  )
})

describe('looking and trying', () => {
  // That no reading verb changes a byte of a board at rest: test/cli/reads.test.ts. Here the board is at work.
  scenario('F44', 'reads and previews leave live workers and their board alone', async (rig) => {
    const running = await rig.create({ body: 'until_file go-on; complete fine' })
    const run = await rig.untilWorking(running)
    await rig.ok('pause')
    const ready = await rig.create()
    const claimed = await rig.create({ profile: null, title: 'claimed by hand' })
    await rig.ok('resume')
    await rig.ok('pause', 'worker')
    await rig.ok('claim', claimed, '--ttl', '1000')
    const [runner, worker] = [await rig.runnerOf(run.id), await rig.workerOf(run.id)]
    const before = everything(rig)
    for (const words of [
      ['list'],
      ['show', running],
      ['why', ready],
      ['why', running],
      ['runs', running],
      ['log', running],
      ['context', running],
      ['stats'],
      ['assignees'],
      ['workspaces'],
      ['doctor'],
      ['gateway', 'status'],
      ['config'],
      ['profile', 'list'],
      ['dispatch', '--dry-run'],
      ['notify-list'],
      ['backup', '--list'],
    ]) {
      const { stderr } = await rig.yard(...words, ...(words[0] === 'log' ? [] : ['--json']))
      expect(stderr).not.toContain('bug in yard')
      expect(everything(rig), words.join(' ')).toBe(before)
    }
    expect([await rig.runnerOf(run.id), await rig.workerOf(run.id)]).toEqual([runner, worker])
    rig.signal('go-on')
    await rig.untilStatus(running, 'done')
    await rig.ok('complete', claimed)
    await rig.ok('resume', 'worker')
    await rig.untilStatus(ready, 'done')
    for (const id of [running, ready]) await rig.untilGone(id)
  })

  scenario(
    'F67',
    'a gateway and workers of a test home never touch the home that hostile variables point at',
    async (rig) => {
      // The home of whoever started the tests: real, with work on it.
      const real = join(rig.folder, 'user', '.yardmaster')
      const stranger = { ...rig.env, YARD_HOME: real, YARD_TEST: undefined }
      expect(
        (await rig.start(['create', 'real work', '--hold', 'mine'], { env: stranger }).result).code,
      ).toBe(0)
      // Reading a board puts SQLite's own files beside it; nothing else may change.
      const print = (): string =>
        JSON.stringify(
          namesIn(real)
            .filter((name) => !/-(wal|shm)$/.test(name))
            .map((name) => [name, statSync(join(real, name)).mtimeMs]),
        )
      const before = print()

      const id = await rig.create({
        body: `
          export HERMES_HOME=${real} YARD_DATABASE=${real}/kanban.db
          yard list >/dev/null 2>&1
          YARD_HOME=${real} yard create "rubbish" >/dev/null 2>&1 && note leaked test client
          YARD_HOME=${real} YARD_TEST= yard create "rubbish" >/dev/null 2>&1 && note leaked disguised client
          env -i PATH="$PATH" HOME="$HOME" yard create "rubbish" >/dev/null 2>&1 && note leaked without environment
          unset YARD_DATABASE HERMES_HOME
          complete tried`,
      })
      await rig.untilStatus(id, 'done')
      await rig.untilGone(id)
      for (const words of [['list'], ['create', 'rubbish'], ['dispatch'], ['gateway', 'start'], ['init']])
        expect(
          (await rig.start(words, { env: { ...rig.env, YARD_HOME: real } }).result).code,
          words.join(' '),
        ).toBe(1)
      expect(rig.notes('leaked')).toEqual([])
      expect(print()).toBe(before)
      const cards = await rig.start(['list', '--json'], { env: stranger }).result
      expect(JSON.parse(cards.stdout)).toMatchObject([{ title: 'real work', status: 'blocked' }])
    },
    { env: { HERMES_HOME: '/nonexistent', HERMES_KANBAN_TASK: 't_00000000', YARD_TASK: 't_00000000' } },
  )
})

/** Every row of the board except what a living run changes by itself. */
function everything(rig: Rig): string {
  const tables = rig.board.all<{ name: string }>(
    `select name from pragma_table_list where schema = 'main' and type = 'table' and name not like 'sqlite_%'`,
  )
  const volatile = ['claim_expires', 'last_heartbeat_at', 'runtime_seconds', 'updated_at']
  return JSON.stringify(
    tables.map(({ name }) => [
      name,
      rig.board.all<Record<string, unknown>>(`select * from "${name}" order by 1, 2`),
    ]),
    (key, value: unknown) => (volatile.includes(key) ? undefined : value),
  )
}
