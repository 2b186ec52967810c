import { chmodSync, existsSync, mkdirSync, readFileSync, rmSync, statSync, writeFileSync } from 'node:fs'
import { execFile } from 'node:child_process'
import { dirname, join } from 'node:path'
import { promisify } from 'node:util'
import { describe, expect, test } from 'vitest'
import { behaviour } from '../behaviours.ts'
import { Home, yardProgram } from './home.ts'

const run = promisify(execFile)

interface Setting {
  readonly key: string
  readonly value: unknown
  readonly origin: string
}
interface Checks {
  readonly ok: boolean
  readonly checks: readonly {
    readonly check: string
    readonly status: string
    readonly message: string
    readonly next: string | null
  }[]
}

describe('config', () => {
  behaviour(
    ['config.effective', 'config.unknown-key', 'F52'],
    'shows values with their origin, and names the nearest key for an unknown one',
    async () => {
      using home = new Home()
      const file = home.write('config.yaml', '# how we work\nkanban:\n  max_running: 9 # plenty\n')
      const settings = await home.json<Setting[]>('config')
      expect(settings.find(({ key }) => key === 'kanban.max_running')).toMatchObject({
        value: 9,
        origin: `${file}:3`,
        default: 4,
      })
      expect(settings.find(({ key }) => key === 'logs.retention_days')).toMatchObject({
        value: 30,
        origin: 'default',
      })
      expect(await home.ok('config', 'get', 'kanban.max_running')).toBe('9\n')
      expect(await home.refused('config', 'get', 'kanban.max_runing')).toContain(
        'Did you mean kanban.max_running?',
      )
      expect(await home.refused('config', 'set', 'max_running', '3')).toContain(
        'Did you mean kanban.max_running?',
      )
      expect(await home.ok('config', 'path')).toBe(`${file}\n`)

      home.write('config.yaml', 'kanban:\n  max_runing: 3\n')
      for (const words of [['list'], ['config'], ['create', 'x'], ['dispatch']])
        expect(await home.refused(...words), words.join(' ')).toContain(
          'kanban.max_runing is not a known key. The nearest known key is kanban.max_running.',
        )
    },
  )

  test('set keeps comments, checks the value, and says when a variable has the last word', async () => {
    using home = new Home()
    home.write('config.yaml', '# how we work\nkanban:\n  max_running: 9 # plenty\n')
    await home.ok('config', 'set', 'kanban.max_running', '3')
    await home.ok('config', 'set', 'kanban.silence_limit', '20m')
    await home.ok('config', 'set', 'environment.allow', '[HTTP_PROXY, MY_*]')
    await home.ok('config', 'set', 'dashboard.kanban.default_tenant', 'acme')
    expect(home.read('config.yaml')).toBe(
      '# how we work\nkanban:\n  max_running: 3 # plenty\n  silence_limit: 20m\nenvironment:\n  allow:\n    - HTTP_PROXY\n    - MY_*\ndashboard:\n  kanban:\n    default_tenant: acme\n',
    )
    expect(statSync(join(home.path, 'config.yaml')).mode & 0o777).toBe(0o600)
    expect(await home.json('config', 'get', 'kanban.silence_limit')).toMatchObject({ value: 1200 })
    const before = home.read('config.yaml')
    expect(await home.refused('config', 'set', 'kanban.max_running', 'many')).toContain(
      'kanban.max_running is "many", but it must be',
    )
    expect(await home.refused('config', 'set', 'environment.allow', '[YARD_HOME]')).toContain(
      'environment.allow',
    )
    expect(home.read('config.yaml')).toBe(before)
    const overruled = await home.run(['config', 'set', 'kanban.dispatch_in_gateway', 'true'], {
      env: { YARD_DISPATCH_IN_GATEWAY: '0' },
    })
    expect(overruled).toMatchObject({
      code: 0,
      stderr: expect.stringContaining('YARD_DISPATCH_IN_GATEWAY has the last word') as string,
    })
    home.write('config.yaml', 'kanban:\n')
    await home.ok('config', 'set', 'kanban.max_running', '2')
    expect(home.read('config.yaml')).toBe('kanban:\n  max_running: 2\n')
    home.write('config.yaml', '[not, a, mapping]\n')
    expect(await home.refused('config', 'set', 'kanban.max_running', '2')).toContain('not a list of settings')
  })

  test('never shows the password of a database', async () => {
    using home = new Home()
    home.write('config.yaml', 'kanban:\n  database: postgres://yard:hunter2@db.example/board\n')
    const { stdout, stderr } = await home.yard('config')
    const json = await home.ok('config', '--json')
    expect(stdout + stderr + json).not.toContain('hunter2')
    expect(await home.ok('config', 'get', 'kanban.database')).toBe('postgres://yard:***@db.example/board\n')
  })
})

describe('profiles', () => {
  test('are created, listed, shown and checked', async () => {
    using home = new Home()
    const created = await home.json('profile', 'create', 'coder')
    expect(created).toMatchObject({
      name: 'coder',
      agent: 'command',
      file: join(home.path, 'profiles', 'coder.md'),
    })
    expect(await home.refused('profile', 'create', 'coder')).toContain('coder.md is there')
    expect(await home.refused('profile', 'create', 'Bad Name')).toContain('lowercase letters')
    expect(await home.refused('profile', 'create', 'x', '--agent', 'shel')).toContain('Did you mean shell?')
    await home.ok('profile', 'create', 'tests', '--agent', 'shell')
    home.write('profiles/broken.md', '---\nagnt: shell\n---\n')
    const listed = await home.json<{ name: string; problems: string[] }[]>('profile', 'list')
    expect(listed.map(({ name }) => name)).toEqual(['broken', 'coder', 'shell', 'tests'])
    expect(listed[0]?.problems).not.toEqual([])
    expect(await home.json('profile', 'show', 'tests')).toMatchObject({
      agent: 'shell',
      limits: { max_running: null },
      instructions: '',
    })
    expect(await home.ok('profile', 'show', 'coder')).toContain('You are coder.')
    expect(await home.refused('profile', 'show', 'codr')).toContain('Did you mean coder?')
    expect(await home.refused('profile', 'show', 'broken')).toContain('agnt')
    const checked = await home.yard('profile', 'check', '--json')
    expect(checked.code).toBe(1)
    expect(JSON.parse(checked.stdout)).toMatchObject([
      { name: 'broken', ok: false },
      { name: 'coder', ok: false, problems: [{ message: expect.stringContaining('my-agent') as string }] },
      { name: 'shell', ok: true, problems: [] },
      { name: 'tests', ok: true },
    ])
    expect(await home.ok('profile', 'check', 'shell')).toBe('ok    shell\n')
  })
})

describe('agents', () => {
  const withProgram = (home: Home, name: string, version: string) => {
    const bin = join(home.folder, 'bin')
    mkdirSync(bin, { recursive: true })
    writeFileSync(join(bin, name), `#!/bin/sh\necho ${version}\n`, { mode: 0o755 })
    return { env: { PATH: `${bin}:${process.env['PATH']}` } }
  }

  behaviour('agents.list', 'lists every agent with what is installed of it', async () => {
    using home = new Home()
    const { stdout } = await home.run(['agents', '--json'], withProgram(home, 'amp', '7.1.2'))
    const listed = JSON.parse(stdout) as { name: string; program: string | null }[]
    expect(listed.map(({ name }) => name)).toEqual(
      expect.arrayContaining(['shell', 'command', 'claude', 'goose']),
    )
    expect(listed.find(({ name }) => name === 'amp')).toMatchObject({
      program: join(home.folder, 'bin', 'amp'),
      version: '7.1.2',
      tested_version: null,
      driver: 'command',
      reports_by: 'tools',
    })
    expect(listed.find(({ name }) => name === 'goose')).toMatchObject({ program: null, version: null })
    const shown = await home.run(['agents'], withProgram(home, 'amp', '7.1.2'))
    expect(shown.stdout).toMatch(/^amp +7\.1\.2/m)
    expect(shown.stdout).toContain('goose: see block.github.io/goose')
  })

  test.runIf(process.getuid?.() === 0)('a profile check says what root should know of an agent', async () => {
    using home = new Home()
    home.write('profiles/coder.md', '---\nagent: claude\n---\n')
    const { code, stdout } = await home.run(
      ['profile', 'check', 'coder'],
      withProgram(home, 'claude', '2.99.0'),
    )
    expect({ code, stdout }).toMatchObject({
      code: 0,
      stdout: expect.stringContaining('IS_SANDBOX=1') as string,
    })
  })

  test('a profile check warns of a version that is far from the one that was tried', async () => {
    using home = new Home()
    home.write('profiles/coder.md', '---\nagent: claude\npermissions: workspace\n---\n')
    home.write(
      'profiles/keyed.md',
      '---\nagent: claude\npermissions: workspace\nenvironment: { set: { ANTHROPIC_API_KEY: x } }\n---\n',
    )
    const near = await home.run(['profile', 'check', 'keyed'], withProgram(home, 'claude', '2.99.0'))
    expect(near.stdout).toBe('ok    keyed\n')
    // On macOS a login may be in the keychain, where nobody looks.
    if (process.platform !== 'darwin')
      expect(
        (await home.run(['profile', 'check', 'coder'], withProgram(home, 'claude', '2.99.0'))).stdout,
      ).toMatch(/^warn +coder\n +• No login and no key of claude was found here/)
    const far = await home.run(['profile', 'check', 'coder'], withProgram(home, 'claude', '3.0.0'))
    expect(far).toMatchObject({
      code: 0,
      stdout: expect.stringContaining('is version 3.0.0, and claude was tried with 2.') as string,
    })
  })
})

describe('token', () => {
  test('a token is made for something that has a name', async () => {
    using home = new Home()
    expect(await home.refused('token', 'create', ' ')).toContain('its label is empty')
    expect(await home.json('token', 'list')).toEqual([])
  })
})

describe('doctor', () => {
  test('makes nothing before the first use, and says how to begin', async () => {
    using home = new Home()
    const { ok, checks } = await home.json<Checks>('doctor')
    expect(ok).toBe(true)
    expect(checks).toContainEqual({
      check: 'board',
      status: 'warn',
      message: 'there is no board yet',
      next: 'yard init',
    })
    expect(existsSync(join(home.path, 'kanban.db'))).toBe(false)
  })

  test('names what is wrong, each with a next step, and exits 1 when something failed', async () => {
    using home = new Home()
    await home.create('waits', '--assignee', 'shell')
    await home.ok('pause', 'coder', '--reason', 'out of tokens')
    await home.ok('profile', 'create', 'coder')
    mkdirSync(join(home.path, 'workspaces', 'stray'), { recursive: true })
    chmodSync(home.path, 0o755)
    const { ok, checks } = await home.json<Checks>('doctor')
    expect(ok).toBe(true)
    const found = Object.fromEntries(
      checks
        .filter(({ status }) => status !== 'ok')
        .map(({ check, message, next }) => [check, `${message} → ${next}`]),
    )
    expect(found).toMatchObject({
      home: expect.stringContaining('chmod 700') as string,
      gateway: expect.stringContaining('yard gateway start') as string,
      holds: expect.stringMatching(/profile coder: out of tokens .* → yard resume coder/) as string,
      profiles: expect.stringContaining('my-agent') as string,
      backups: expect.stringContaining('yard backup') as string,
      workspaces: expect.stringContaining('belongs to no task') as string,
    })
    await home.ok('backup')
    rmSync(join(home.path, 'kanban.db'))
    const failed = await home.yard('doctor')
    expect(failed.code).toBe(1)
    expect(failed.stdout).toMatch(/FAIL +board .*the file is missing/)
    expect(failed.stdout).toContain('yard restore')
  })

  test('says what is wrong with the configuration', async () => {
    using home = new Home()
    home.write('config.yaml', 'kanban: 3\n')
    const { code, stdout } = await home.yard('doctor')
    expect(code).toBe(1)
    expect(stdout).toMatch(/FAIL +configuration/)
  })
})

describe('backups', () => {
  behaviour(
    ['F10'],
    'a board that is missing or damaged is an error that names the way back, and restore takes it',
    async () => {
      using home = new Home()
      const kept = await home.create('kept')
      const backup = (await home.ok('backup')).trim()
      await home.create('lost')
      expect(await home.json('backup', '--list')).toMatchObject([
        { path: backup, size: expect.any(Number) as number },
      ])
      rmSync(join(home.path, 'kanban.db'))
      expect(await home.refused('list')).toContain(`yard restore ${backup}`)
      expect(await home.refused('create', 'x')).toContain('no new board was made')
      expect(await home.json('restore', backup)).toMatchObject({ restored: backup, replaced: null })
      expect((await home.json<{ id: string }[]>('list')).map(({ id }) => id)).toEqual([kept])
      for (const suffix of ['', '-wal', '-shm'])
        rmSync(join(home.path, `kanban.db${suffix}`), { force: true })
      writeFileSync(join(home.path, 'kanban.db'), 'garbage')
      expect(await home.refused('list')).toContain('is damaged')
      const { replaced } = await home.json<{ replaced: string }>('restore', backup)
      expect(readFileSync(replaced, 'utf8')).toBe('garbage')
      expect((await home.json<{ id: string }[]>('list')).map(({ id }) => id)).toEqual([kept])
      expect(await home.refused('restore', join(home.folder, 'nothing.db'))).toContain(
        'there is no such file',
      )
    },
  )

  test('a backup goes where it is wanted, over nothing', async () => {
    using home = new Home()
    await home.create('x')
    const to = join(home.folder, 'board.db')
    expect((await home.ok('backup', '--to', 'board.db')).trim()).toBe(to)
    expect(await home.refused('backup', '--to', to)).toContain('a file is there')
    using other = new Home()
    await other.ok('restore', to)
    expect(await other.json('list')).toMatchObject([{ title: 'x' }])
    await home.create('y')
    using third = new Home()
    await third.create('z')
    expect(await third.refused('restore', to)).toContain('another board')
  })

  behaviour('cli.gc', 'gc prints counts', async () => {
    using home = new Home()
    await home.create('x')
    expect(await home.json('gc', '--event-retention-days', '1', '--log-retention-days', '2')).toMatchObject({
      events_removed: 0,
      logs_removed: 0,
      log_bytes_removed: 0,
      workspaces_trashed: 0,
      trash_removed: 0,
      attachments_removed: 0,
      kept: [],
    })
    expect(await home.ok('gc')).toMatch(/^removed 0 events\nremoved 0 logs \(0 B\)\n/)
  })

  test('workspaces are listed with owner, state and size', async () => {
    using home = new Home()
    expect(await home.ok('workspaces')).toBe('')
    expect(await home.ok('workspaces', '--trash')).toBe('')
    expect(await home.refused('workspaces', 'restore', 'nothing')).toContain('nothing named nothing')
    expect(await home.misused('workspaces', 'restor')).toContain('yard workspaces restore')
  })
})

describe('a service of the account', () => {
  test('starts the gateway and never ends its workers', async () => {
    using home = new Home()
    const printed = await home.ok('gateway', 'install-service', '--print')
    for (const line of [
      'gateway" "start"',
      `"YARD_HOME=${home.path}"`,
      'KillMode=process',
      'Restart=on-failure',
      'WantedBy=default.target',
    ])
      expect(printed).toContain(line)
    expect(existsSync(join(home.folder, '.config'))).toBe(false)
    const { path, content } = await home.json<{ path: string; content: string }>('gateway', 'install-service')
    expect(path).toMatch(/\/\.config\/systemd\/user\/yardmaster-[0-9a-f]{8}\.service$/)
    expect(readFileSync(path, 'utf8')).toBe(content)
    expect(await home.ok('gateway', 'install-service')).toContain('systemctl --user enable --now yardmaster')
    writeFileSync(path, '[Unit]\n')
    expect(await home.refused('gateway', 'install-service')).toContain('was not written by yard')
  })
})

describe('completion', () => {
  test('is printed for each shell', async () => {
    using home = new Home()
    for (const shell of ['bash', 'zsh', 'fish'])
      expect(await home.ok('completion', shell)).toContain('yard completion complete --')
    expect(await home.misused('completion', 'tcsh')).toContain('bash, zsh, fish')
  })

  test('works in a bash without the package bash-completion, however often it is read', async () => {
    using home = new Home()
    const id = await home.create('Fix the login')
    const script = join(home.folder, 'completion.bash')
    writeFileSync(script, await home.ok('completion', 'bash'))
    const { stdout, stderr } = await run('bash', ['--norc', '-c', `
      PATH=${dirname(yardProgram)}:$PATH
      compopt() { :; }
      source ${script} && source ${script}
      complete_words() { COMP_WORDS=("$@") COMP_CWORD=$(($# - 1)); __yard_complete; echo "\${COMPREPLY[*]}"; }
      complete_words yard cl
      complete_words yard show ""
    `], { env: home.env }) // prettier-ignore
    expect({ stdout, stderr }).toEqual({ stdout: `claim\n${id}\n`, stderr: '' })
  })

  test('offers commands, options, names and tasks with their titles', async () => {
    using home = new Home()
    const id = await home.create('Fix the login')
    const offers = async (...words: string[]) => {
      const lines = (await home.ok('completion', 'complete', '--', ...words)).trimEnd().split('\n')
      return Object.fromEntries(
        lines.filter((line) => !line.startsWith(':')).map((line) => line.split('\t') as [string, string]),
      )
    }
    expect(await offers('cl')).toEqual({ claim: 'Take a ready task yourself' })
    expect(Object.keys(await offers('gateway', ''))).toEqual(
      expect.arrayContaining(['start', 'stop', 'status']),
    )
    expect(await offers('show', '')).toEqual({ [id]: 'ready: Fix the login' })
    expect(await offers('list', '--as')).toEqual({ '--assignee': expect.any(String) as string })
    expect(Object.keys(await offers('list', '--assignee', ''))).toEqual(['shell'])
    expect(Object.keys(await offers('move', id, ''))).toEqual(expect.arrayContaining(['ready', 'done']))
    expect(await offers('config', 'get', 'kanban.max_running_')).toEqual({
      'kanban.max_running_per_profile': expect.any(String) as string,
    })
    expect(Object.keys(await offers('show', '--'))).toEqual(['--json', '--help'])
  })
})

describe('what was read of the configuration before', () => {
  test('counts only while the file is the very same [F52]', async () => {
    using home = new Home()
    home.write('config.yaml', 'kanban:\n  max_running: 5\n')
    const memory = join(home.path, 'config.yaml.read')
    const value = () => home.ok('config', 'get', 'kanban.max_running')
    // A file is remembered once its last change is a moment ago.
    while (!existsSync(memory)) expect(await value()).toBe('5\n')
    expect(statSync(memory).mode & 0o777).toBe(0o600)
    expect(await value()).toBe('5\n')
    home.write('config.yaml', 'kanban:\n  max_running: 6\n')
    expect(await value()).toBe('6\n')
    await home.ok('config', 'set', 'kanban.max_running', '7')
    expect(await value()).toBe('7\n')
    home.write('config.yaml', 'kanban:\n  max_runing: 7\n')
    expect(await home.refused('list')).toContain('max_runing is not a known key')
    rmSync(join(home.path, 'config.yaml'))
    expect(await value()).toBe('4\n')
    home.write('config.yaml', 'kanban:\n  max_running: 8\n')
    writeFileSync(memory, '{"stamp":')
    expect(await value()).toBe('8\n')
    const overridden = await home.run(['config', 'get', 'kanban.dispatch_in_gateway'], {
      env: { YARD_DISPATCH_IN_GATEWAY: '0' },
    })
    expect(overridden.stdout).toBe('false\n')
  })
})
