/** The installation over HTTP: settings, backups, the doctor, and what is past its time. */
import {
  existsSync,
  mkdirSync,
  readdirSync,
  readFileSync,
  statSync,
  utimesSync,
  writeFileSync,
} from 'node:fs'
import { join } from 'node:path'
import { DatabaseSync } from 'node:sqlite'
import { describe, expect, test } from 'vitest'
import { configKeys } from '../../src/contract/config.ts'
import { behaviour } from '../behaviours.ts'
import { databases } from '../helpers/boards.ts'
import { rowsOf } from '../helpers/rows.ts'
import { openTestServer } from './rig.ts'

behaviour(
  ['F18', 'http.installation'],
  'what agents of one’s own are given is told by its name only',
  async () => {
    await using server = await openTestServer()
    const { call, paths } = server
    const secret = 'hunter2-hunter2-hunter2'
    writeFileSync(
      paths.config,
      `agents:\n  mine:\n    program: mine\n    tools: cli\n    env: { MINE_TOKEN: ${secret} }\n    files: [{ name: a.json, content: { key: ${secret} } }]\n`,
    )
    const setting = await call('getSetting', { key: 'agents' })
    expect(setting.value).toMatchObject({
      mine: {
        program: 'mine',
        env: { MINE_TOKEN: '***' },
        files: [{ name: 'a.json', content: { key: '***' } }],
      },
    })
    for (const path of ['/settings', '/settings/agents'])
      expect(JSON.stringify((await server.ask(`/api/kanban${path}`)).body)).not.toContain(secret)
  },
)

behaviour(
  'http.installation',
  'every setting is told with its origin, and one is changed where it belongs',
  async () => {
    await using server = await openTestServer()
    const { call, paths } = server
    const { settings } = await call('listSettings', {})
    expect(settings.map(({ key }) => key)).toEqual(configKeys().map(({ key }) => key))
    expect(settings.find(({ key }) => key === 'kanban.max_running')).toMatchObject({
      value: 4,
      default: 4,
      origin: 'default',
      type: expect.stringContaining('whole number'),
    })
    writeFileSync(paths.config, '# mine\nkanban:\n  max_running: 3 # few\n')
    expect(await call('getSetting', { key: 'kanban.max_running' })).toMatchObject({
      value: 3,
      origin: `${paths.config}:3`,
    })
    expect(await call('putSetting', { key: 'kanban.max_running', value: 8 })).toMatchObject({
      value: 8,
      origin: `${paths.config}:3`,
    })
    expect(readFileSync(paths.config, 'utf8')).toBe('# mine\nkanban:\n  max_running: 8 # few\n')
    expect(statSync(paths.config).mode & 0o777).toBe(0o600)
    for (const [key, value] of [
      ['kanban.silence_limit', '20m'],
      ['environment.allow', ['MY_KEY', 'OTHER']],
      ['dashboard.kanban.default_tenant', 'yes: "no"'],
      ['kanban.dispatch_in_gateway', false],
      ['kanban.max_runtime', null],
    ] as const)
      await call('putSetting', { key, value: value as string })
    const after = Object.fromEntries(
      (await call('listSettings', {})).settings.map(({ key, value }) => [key, value]),
    )
    expect(after).toMatchObject({
      'kanban.max_running': 8,
      'kanban.silence_limit': 1200,
      'environment.allow': ['MY_KEY', 'OTHER'],
      'dashboard.kanban.default_tenant': 'yes: "no"',
      'kanban.dispatch_in_gateway': false,
      'kanban.max_runtime': null,
    })
  },
)

behaviour(
  'http.installation',
  'a setting that could not be used is refused, and nothing is written',
  async () => {
    await using server = await openTestServer()
    const { refusal, paths } = server
    const text = 'kanban:\n  max_running: 3\n'
    writeFileSync(paths.config, text)
    expect(await refusal('putSetting', { key: 'kanban.max_runing', value: 1 })).toMatchObject({
      status: 400,
      code: 'unknown_setting',
      detail: expect.stringContaining('kanban.max_running'),
    })
    expect(await refusal('putSetting', { key: 'kanban.max_running', value: 'many' })).toMatchObject({
      status: 400,
      code: 'bad_config',
      detail: expect.stringContaining('whole number'),
    })
    expect((await refusal('putSetting', { key: 'server.host', value: 'not a host' })).status).toBe(400)
    expect((await refusal('putSetting', { key: 'kanban.max_running' })).status).toBe(400)
    expect((await refusal('getSetting', { key: '__proto__' })).code).toBe('unknown_setting')
    expect(
      await refusal('putSetting', { key: 'kanban.max_running', value: 1 }, await server.token('write')),
    ).toMatchObject({ status: 403 })
    expect(readFileSync(paths.config, 'utf8')).toBe(text)
    // A file that cannot be used is no fault of whoever asks, and is not made worse.
    writeFileSync(paths.config, 'kanban:\n  max_runing: 3\n')
    for (const [id, input] of [
      ['listSettings', {}],
      ['getSetting', { key: 'kanban.max_running' }],
    ] as const)
      expect(await refusal(id, input)).toMatchObject({
        status: 409,
        code: 'bad_config',
        detail: expect.stringContaining('max_runing'),
      })
    expect((await refusal('putSetting', { key: 'kanban.max_running', value: 1 })).code).toBe('bad_config')
  },
)

test('F18: no setting shows the password of a database', async () => {
  await using server = await openTestServer()
  for (const address of [
    'postgres://yard:pa55word@db.example/board',
    'postgres://db.example/board?user=yard&password=pa55word',
  ]) {
    writeFileSync(server.paths.config, `kanban:\n  database: ${address}\n`)
    const { text } = await server.ask('/api/kanban/settings')
    expect(text).toContain('db.example')
    expect(text).not.toContain('pa55word')
  }
})

describe.each(databases)('the board on $name', (database) => {
  behaviour('http.installation', 'is backed up while it is in use, by whoever may operate', async () => {
    await using server = await openTestServer({ database })
    const { call, refusal, paths } = server
    const { id } = await server.test.given({ title: 'kept' })
    expect((await call('listBackups', {})).backups).toEqual([])
    expect(await refusal('createBackup', {}, await server.token('write'))).toMatchObject({ status: 403 })
    const made = await call('createBackup', {})
    expect(made.path.startsWith(paths.backups)).toBe(true)
    using copy = new DatabaseSync(made.path, { readOnly: true })
    expect(copy.prepare('select id, title from tasks').all()).toEqual([{ id, title: 'kept' }])
    expect((await call('listBackups', {})).backups).toEqual([made])
  })

  behaviour('http.installation', 'is examined as yard doctor does, and nothing is changed', async () => {
    await using server = await openTestServer({ database })
    await server.test.given()
    await server.call('pause', { scope: 'profile', target: 'coder', reason: 'lunch' })
    mkdirSync(server.paths.profiles)
    writeFileSync(join(server.paths.profiles, 'broken.md'), 'nothing')
    writeFileSync(server.paths.registry, '{}')
    const before = { rows: await rowsOf(server.test.board), files: readdirSync(server.paths.home) }
    const { checks, ok } = await server.call('examine', {})
    expect({ rows: await rowsOf(server.test.board), files: readdirSync(server.paths.home) }).toEqual(before)
    expect(ok).toBe(!checks.some(({ status }) => status === 'fail'))
    const about = (name: string) => checks.filter(({ check }) => check === name)
    expect(about('runtime')).toMatchObject([{ status: 'ok' }])
    expect(about('board')).toMatchObject([{ status: 'ok', message: expect.stringContaining(database.name) }])
    expect(about('holds')).toMatchObject([
      { status: 'warn', message: expect.stringContaining('lunch'), next: 'yard resume coder' },
    ])
    expect(about('profiles')).toMatchObject([
      { status: 'warn', message: expect.stringContaining('broken'), next: expect.any(String) },
    ])
  })

  behaviour('http.installation', 'is rid of what is past its time, with counts', async () => {
    await using server = await openTestServer({ database })
    await server.test.given({ status: 'done' })
    const old = join(server.paths.runLogs, 't_1-1.log')
    writeFileSync(old, 'words\n')
    utimesSync(old, 1_000, 1_000)
    server.test.clock.advance(40 * 86_400)
    expect(await server.refusal('collectGarbage', {}, await server.token('write'))).toMatchObject({
      status: 403,
    })
    const report = await server.call('collectGarbage', { event_retention_days: 60 })
    expect(report).toMatchObject({ events_removed: 0, logs_removed: 1, log_bytes_removed: 6, kept: [] })
    expect(existsSync(old)).toBe(false)
    expect((await server.call('collectGarbage', {})).events_removed).toBeGreaterThan(0)
    expect(await server.refusal('collectGarbage', { event_retention_days: 0 })).toMatchObject({ status: 400 })
  })
})
