/** Profiles and skills of the package, as somebody gets them who has just installed it. */
import { existsSync, mkdirSync, readFileSync, readdirSync, symlinkSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { describe, expect, test } from 'vitest'
import { parseProfile } from '../../src/agents/parse-profile.ts'
import { withAgent } from '../../src/agents/roster.ts'
import { behaviour } from '../behaviours.ts'
import { checkout } from '../helpers/rig/program.ts'
import { Home } from './home.ts'

/** On macOS a login may be in the keychain, where nobody looks. */
const UNSEEN = process.platform === 'darwin' ? null : false

const ROSTER = ['analyst', 'backend-dev', 'ops', 'orchestrator', 'researcher', 'reviewer', 'writer']

/** Puts programs of these names on the PATH; gives the environment for it. */
function withPrograms(home: Home, ...names: string[]): Record<string, string> {
  const bin = join(home.folder, 'bin')
  mkdirSync(bin, { recursive: true })
  for (const name of names)
    writeFileSync(join(bin, name), `#!/bin/sh\necho "${name} 1.2.3"\n`, { mode: 0o755 })
  // Nothing but the fakes and what the shell needs: whoever runs the tests may have agents of their own.
  const system = join(home.folder, 'system')
  if (!existsSync(system)) {
    mkdirSync(system)
    symlinkSync(process.execPath, join(system, 'node'))
    for (const name of ['sh', 'env', 'dirname', 'readlink', 'sed', 'uname', 'cat', 'git']) {
      const path = whichOf(name)
      if (path !== null) symlinkSync(path, join(system, name))
    }
  }
  return { PATH: `${bin}:${system}` }
}

function whichOf(name: string): string | null {
  const folder = (process.env['PATH'] ?? '').split(':').find((each) => existsSync(join(each, name)))
  return folder === undefined ? null : join(folder, name)
}

describe('the starter roster', () => {
  test('every profile of it can be used with every vendor, and says what it is for', () => {
    const folder = join(checkout, 'profiles')
    expect(readdirSync(folder).toSorted()).toEqual(ROSTER.map((name) => `${name}.md`))
    for (const name of ROSTER)
      for (const agent of ['claude', 'codex', 'gemini', 'opencode']) {
        const text = withAgent(readFileSync(join(folder, `${name}.md`), 'utf8'), agent)
        const parsed = parseProfile({ name, text, file: `${name}.md`, base: null, userHome: '/' })
        if (!parsed.ok) throw new Error(parsed.problems.join('\n'))
        expect(parsed.profile).toMatchObject({ agent, orchestrator: name === 'orchestrator' })
        expect(parsed.profile.description).toMatch(/^[A-Z].{20,}\.$/)
        expect(parsed.profile.instructions.length).toBeGreaterThan(300)
      }
  })

  test('an agent that a text names is replaced, and what is no profile is left alone', () => {
    expect(withAgent('---\nagent: shell\nmodel: x\n---\nagent: in the text\n', 'claude')).toBe(
      '---\nagent: claude\nmodel: x\n---\nagent: in the text\n',
    )
    expect(withAgent('no profile', 'claude')).toBe('no profile')
  })

  behaviour(
    'roster.install',
    'is installed profile by profile or whole, and keeps what is there',
    async () => {
      using home = new Home()
      const env = withPrograms(home, 'codex')
      const run = (...words: string[]) => home.run(words, { env })
      expect((await run('profile', 'list')).stdout).toContain('Of the roster, not installed:')
      expect((await run('profile', 'install', 'backend-dev', '--agent', 'claude')).code).toBe(0)
      expect(home.read('profiles/backend-dev.md')).toContain('agent: claude')
      // Without a name it is for what is installed here.
      expect((await run('profile', 'install', 'orchestrator')).stdout).toContain('for codex')
      expect(await home.json('profile', 'show', 'orchestrator')).toMatchObject({ agent: 'codex' })

      home.write('profiles/backend-dev.md', '---\nagent: shell\n---\nmine\n')
      const again = await run('profile', 'install', 'backend-dev', '--agent', 'codex')
      expect(again).toMatchObject({ code: 1, stderr: expect.stringContaining('replace it with --force') })
      const all = JSON.parse((await run('profile', 'install', '--all', '--json')).stdout) as Record<
        string,
        unknown
      >
      expect(all['kept']).toEqual(['backend-dev', 'orchestrator'])
      expect(home.read('profiles/backend-dev.md')).toContain('mine')
      expect((await run('profile', 'list')).stdout).not.toContain('Of the roster')
      expect((await run('profile', 'install', 'backend-dev', '--agent', 'codex', '--force')).code).toBe(0)
      expect(home.read('profiles/backend-dev.md')).toContain('agent: codex')

      writeFileSync(join(home.folder, 'tester.md'), '---\nagent: gemini\n---\nTry it.\n')
      expect((await run('profile', 'install', '--from', 'tester.md')).code).toBe(0)
      expect(home.read('profiles/tester.md')).toContain('agent: gemini')
      expect(
        (await run('profile', 'install', 'second', '--from', 'tester.md', '--agent', 'codex')).code,
      ).toBe(0)
      expect(home.read('profiles/second.md')).toContain('agent: codex')
      writeFileSync(join(home.folder, 'broken.md'), '---\nagent: gemini\nmodle: x\n---\n')
      expect((await run('profile', 'install', '--from', 'broken.md')).stderr).toContain('modle')
      expect(existsSync(join(home.path, 'profiles/broken.md'))).toBe(false)

      expect((await run('profile', 'install', 'orchestrater')).stderr).toContain('Did you mean orchestrator?')
      expect((await run('profile', 'install', 'ops', '--agent', 'cladue')).stderr).toContain(
        'Did you mean claude?',
      )
      expect((await run('profile', 'install')).code).toBe(2)
      const none = await home.run(['profile', 'install', 'ops', '--force'], {
        env: { PATH: env['PATH']!.split(':')[1] },
      })
      expect(none.stderr).toContain('no agent was found on this machine')
    },
  )

  behaviour(
    'roster.proposed',
    'is proposed for the agents that are there, and written only when asked',
    async () => {
      using home = new Home()
      const env = withPrograms(home, 'claude', 'codex')
      const init = async (...more: string[]) => {
        const { stdout } = await home.run(['init', '--json', ...more], { env })
        return JSON.parse(stdout) as Record<string, unknown>
      }
      const first = await init()
      expect(first['proposed_profiles']).toEqual([
        {
          name: 'orchestrator',
          agent: 'claude',
          command: 'yard profile install orchestrator --agent claude',
        },
        { name: 'backend-dev', agent: 'claude', command: 'yard profile install backend-dev --agent claude' },
        { name: 'reviewer', agent: 'codex', command: 'yard profile install reviewer --agent codex' },
      ])
      expect(existsSync(join(home.path, 'profiles'))).toBe(false)
      expect(first['agents']).toMatchObject([
        { name: 'claude', has_login: UNSEEN },
        { name: 'codex', has_login: UNSEEN },
      ])
      const told = await home.run(['init'], { env })
      expect(told.stdout).toContain('yard profile install reviewer --agent codex')
      expect(told.stdout).toMatch(/^agents +claude .*, codex /m)
      if (UNSEEN === false) {
        expect(told.stdout).toContain('claude 1.2.3 (no login found)')
        expect(told.stderr).toContain('No login and no key of codex was found here.')
      }
      const known = await home.run(['init'], { env: { ...env, ANTHROPIC_API_KEY: 'k', OPENAI_API_KEY: 'k' } })
      expect(known.stdout + known.stderr).not.toContain('o login')

      const gateway = home.start(['gateway', 'start', '--port', '0'], { env })
      await new Promise<void>((resolve) => {
        let said = ''
        gateway.child.stdout?.on('data', (part: string) => {
          said += part
          if (said.includes('profile install orchestrator --agent claude')) resolve()
        })
      })
      gateway.child.kill('SIGTERM')
      await gateway.result

      const second = await init('--profiles')
      expect(second).toMatchObject({
        proposed_profiles: [],
        installed_profiles: [{ name: 'orchestrator' }, {}, {}],
      })
      expect(home.read('profiles/reviewer.md')).toContain('agent: codex')
      expect(await init()).toMatchObject({ proposed_profiles: [], installed_profiles: [] })
    },
  )
})

describe('skills for agents that people start themselves', () => {
  behaviour('skills.install', 'are placed on request, kept when changed, and removed when ours', async () => {
    using home = new Home()
    const place = (folder: string, skill: string) => join(home.folder, folder, 'skills', skill, 'SKILL.md')
    await home.ok('init')
    expect(existsSync(join(home.folder, '.claude'))).toBe(false)
    expect((await home.json<{ state: string }[]>('skills', 'list')).map(({ state }) => state)).toEqual(
      Array.from({ length: 4 }, () => 'missing'),
    )
    await home.ok('skills', 'install')
    for (const folder of ['.agents', '.claude'])
      for (const skill of ['kanban-worker', 'kanban-orchestrator'])
        expect(readFileSync(place(folder, skill), 'utf8')).toBe(
          readFileSync(join(checkout, 'skills', skill, 'SKILL.md'), 'utf8'),
        )
    expect((await home.json<{ state: string }[]>('skills', 'list')).map(({ state }) => state)).toEqual(
      Array.from({ length: 4 }, () => 'current'),
    )

    // As an older version of us would have left it, told by its record.
    const old = place('.agents', 'kanban-worker')
    const record = join(old, '..', '.yardmaster.json')
    const { createHash } = await import('node:crypto')
    writeFileSync(old, 'older words\n')
    writeFileSync(
      record,
      JSON.stringify({ files: { 'SKILL.md': createHash('sha256').update('older words\n').digest('hex') } }),
    )
    // And one that its user rewrote.
    const mine = place('.claude', 'kanban-worker')
    writeFileSync(mine, 'my own words\n')
    expect(
      (await home.json<{ folder: string; state: string }[]>('skills', 'list'))
        .map(({ state }) => state)
        .toSorted(),
    ).toEqual(['changed', 'current', 'current', 'outdated'])
    const again = await home.yard('skills', 'install')
    expect(again).toMatchObject({ code: 1, stderr: expect.stringContaining('somebody changed it') })
    expect(readFileSync(old, 'utf8')).not.toBe('older words\n')
    expect(readFileSync(mine, 'utf8')).toBe('my own words\n')

    expect((await home.yard('skills', 'remove')).code).toBe(1)
    expect(existsSync(old)).toBe(false)
    expect(readFileSync(mine, 'utf8')).toBe('my own words\n')
    await home.ok('skills', 'install', '--force', '--agent', 'claude')
    expect(readFileSync(mine, 'utf8')).not.toBe('my own words\n')
    await home.ok('skills', 'remove')
    expect(existsSync(join(mine, '..'))).toBe(false)

    const project = join(home.folder, 'project')
    mkdirSync(join(project, '.git'), { recursive: true })
    mkdirSync(join(project, 'deep'))
    await home.run(['skills', 'install', '--project', '--agent', 'codex'], {
      env: {},
      cwd: join(project, 'deep'),
    })
    expect(existsSync(join(project, '.agents/skills/kanban-worker/SKILL.md'))).toBe(true)
    expect(existsSync(join(project, '.claude'))).toBe(false)

    // A link leads to files of somebody else's.
    mkdirSync(join(home.folder, 'elsewhere'))
    writeFileSync(join(home.folder, 'elsewhere', 'SKILL.md'), 'kept elsewhere\n')
    mkdirSync(join(home.folder, '.continue/skills'), { recursive: true })
    symlinkSync(join(home.folder, 'elsewhere'), join(home.folder, '.continue/skills/kanban-worker'))
    expect((await home.yard('skills', 'install', '--agent', 'continue')).code).toBe(1)
    expect(await home.refused('skills', 'install', '--agent', 'continue', '--force')).toContain(
      'it is a link',
    )
    expect(readFileSync(join(home.folder, 'elsewhere', 'SKILL.md'), 'utf8')).toBe('kept elsewhere\n')
    expect(await home.misused('skills', 'list', '--global', '--project')).toContain('one of')
    expect(await home.refused('skills', 'list', '--agent', 'cladue')).toContain('Did you mean claude?')
  })
})
