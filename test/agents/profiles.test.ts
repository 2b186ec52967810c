import { mkdirSync, renameSync, rmSync, utimesSync } from 'node:fs'
import { join } from 'node:path'
import { describe, expect, test } from 'vitest'
import { assignableProfiles, skillsMissingFor } from '../../src/agents/assignable.ts'
import { agentTable } from '../../src/agents/table.ts'
import { parseProfile } from '../../src/agents/parse-profile.ts'
import { profileTemplate } from '../../src/agents/profile-template.ts'
import { repositoryAround } from '../../src/agents/profiles.ts'
import { aPlace, frontMatter } from './given.ts'

const parse = (text: string, name = 'coder') =>
  parseProfile({ name, text, file: `${name}.md`, base: '/repository', userHome: '/user' })

const problems = (text: string, name?: string): readonly string[] => {
  const parsed = parse(text, name)
  if (parsed.ok) throw new Error('the profile was accepted')
  return parsed.problems
}

describe('reading a profile', () => {
  test('everything it can say is understood', () => {
    const text = frontMatter(
      `name: coder
description: Writes code
agent: command
command: [my-agent, --model, "{model}", --task, "{task}"]
model: large
environment:
  allow: [MY_KEY]
  set: { PORT: 3000, LANG: C }
skills: [kanban-worker, review, review]
limits: { max_runtime: 30m, silence: 300, max_running: 1, max_attempts: 2, attempts_per_day: 9, grace: 10s, cost_per_day: 5, cost_per_task: 0.5, tokens_per_task: 200000 }
repository: ~/src/project
workspace: worktree`,
      '\nYou write code.\n---\nStill instructions.\n',
    )
    expect(parse(text)).toEqual({
      ok: true,
      profile: {
        name: 'coder',
        description: 'Writes code',
        agent: 'command',
        driver: null,
        command: ['my-agent', '--model', '{model}', '--task', '{task}'],
        model: 'large',
        permissions: null,
        orchestrator: false,
        provider: null,
        resume: true,
        environment: { allow: ['MY_KEY'], set: { PORT: '3000', LANG: 'C' } },
        skills: ['kanban-worker', 'review'],
        limits: {
          maxRuntimeSeconds: 1800,
          silenceSeconds: 300,
          maxRunning: 1,
          maxAttempts: 2,
          attemptsPerDay: 9,
          costPerDay: 5,
          tokensPerDay: null,
          costPerTask: 0.5,
          tokensPerTask: 200_000,
          graceSeconds: 10,
        },
        repository: '/user/src/project',
        workspace: 'worktree',
        instructions: 'You write code.\n---\nStill instructions.',
        file: 'coder.md',
      },
    })
  })

  test('the agent is all it must say; what is left empty counts as not written', () => {
    const parsed = parse(frontMatter('agent: shell\nmodel:\nskills:\nlimits:\nenvironment:\n  set:'))
    expect(parsed).toMatchObject({
      ok: true,
      profile: {
        agent: 'shell',
        command: null,
        model: null,
        limits: { maxRuntimeSeconds: null },
        skills: [],
        instructions: '',
      },
    })
  })

  test('a byte order mark and line ends of Windows do not matter', () => {
    expect(parse('\uFEFF---\r\nagent: shell\r\n---\r\nHello\r\n')).toMatchObject({
      ok: true,
      profile: { agent: 'shell', instructions: 'Hello' },
    })
  })

  test('a relative repository begins at the folder that holds .yard', () => {
    expect(parse(frontMatter('agent: shell\nrepository: .'))).toMatchObject({
      profile: { repository: '/repository' },
    })
  })

  test.each([
    ['agent: shell\nmodle: large', ['coder.md:3: modle is not a known key. The nearest known key is model.']],
    [
      'agent: shell\nlimits:\n  max_run_time: 5m',
      ['coder.md:4: limits.max_run_time is not a known key. The nearest known key is limits.max_runtime.'],
    ],
    [
      'agent: shell\nmax_runtime: 5m',
      ['coder.md:3: max_runtime is not a known key. The nearest known key is limits.max_runtime.'],
    ],
    [
      'agent: shel',
      [
        `coder.md:2: agent is "shel", but it must be one of ${agentTable().names.join(', ')}. Did you mean shell?`,
      ],
    ],
    ['description: none', [`coder.md: agent is missing; it must be one of ${agentTable().names.join(', ')}`]],
    [
      'agent: shell\nlimits:\n  max_runtime: soon',
      [
        'coder.md:4: limits.max_runtime is "soon", but it must be a duration such as 30m, 2h, 1d, or a number of seconds, at most a year',
      ],
    ],
    [
      'agent: shell\nworkspace: tmp',
      ['coder.md:3: workspace is "tmp", but it must be one of scratch, dir, worktree'],
    ],
    [
      'agent: shell\nskills: review',
      ['coder.md:3: skills is "review", but it must be a list of names of skills'],
    ],
    [
      'agent: shell\nname: other',
      ['coder.md:3: name is "other", but the file says coder. Rename the file or remove the line.'],
    ],
    [
      'agent: shell\nenvironment:\n  allow: [YARD_RUN]',
      [
        'coder.md:4: environment.allow.0 is "YARD_RUN", but it must be the name of an environment variable, or its beginning and *, but none of YARD_*, HERMES_*, NODE_OPTIONS and NODE_COMPILE_CACHE',
      ],
    ],
    [
      'agent: command\ncommand: my-agent --fast',
      ['coder.md:3: command is "my-agent --fast", but it must be a list: the program, then its arguments'],
    ],
  ])('%j is refused with file, line and rule', (yaml, expected) => {
    expect(problems(frontMatter(yaml))).toEqual(expected)
  })

  test('the identity of a worker cannot be set by its profile', () => {
    expect(problems(frontMatter('agent: shell\nenvironment:\n  set: { YARD_TASK: t_2 }'))[0]).toMatch(
      /^coder\.md:4: environment\.set\.YARD_TASK .*does not begin with YARD_/,
    )
  })

  test('broken YAML and missing front matter name file and line', () => {
    expect(problems(frontMatter('agent: shell\nskills: [a'))[0]).toMatch(/^coder\.md:\d+: /)
    expect(problems('# Coder\nagent: shell\n')[0]).toMatch(
      /^coder\.md:1: a profile begins with its settings between two lines ---/,
    )
    expect(problems('---\nagent: shell\n')[0]).toMatch(/^coder\.md:1: /)
  })

  test.each([
    ['agent: command', 'coder.md:1: agent command needs a program to start.'],
    ['agent: command\ncommand: ["{title}"]', 'coder.md:3: the program of command must be written out'],
    [
      'agent: command\ncommand:\n  - run\n  - "{taks}"',
      'coder.md:5: the command holds {taks}, which is no placeholder. Did you mean {task}? Write {{taks}} for the text itself.',
    ],
    [
      'agent: command\ncommand: [run, "{model}"]',
      'coder.md:3: the command uses {model}, and the profile has no model.',
    ],
    [
      'agent: command\ncommand: [run]\nmodel: large',
      'coder.md:4: model has no effect, because the command does not use {model}.',
    ],
    ['agent: shell\ncommand: [run]', 'coder.md:3: command has no effect with agent shell'],
    ['agent: shell\nmodel: large', 'coder.md:3: model has no effect with agent shell'],
  ])('F52: %j says what the agent makes of it', (yaml, expected) => {
    expect(problems(frontMatter(yaml))).toEqual([expect.stringContaining(expected)])
  })

  test.each(['Coder', 'my coder', '../coder', '-coder', ''])('the name %j is refused', (name) => {
    expect(problems(frontMatter('agent: shell'), name)[0]).toContain('must be lowercase letters, digits')
  })

  test.each(['shell', 'command'])('the template of agent %s is a profile', (agent) => {
    const text = profileTemplate('coder', { agent })
    expect(parse(text)).toMatchObject({ ok: true, profile: { agent } })
    // What it suggests in comments holds as well.
    expect(parse(text.replace(/^# (?=\w+:|  )/gm, ''))).toMatchObject({
      ok: true,
      profile: { limits: { graceSeconds: 10 }, repository: '/user/src/project' },
    })
  })
})

describe('finding profiles', () => {
  test('shell is built in', () => {
    using place = aPlace()
    expect(place.known.find('shell')).toMatchObject({
      state: 'found',
      profile: { agent: 'shell', file: null },
    })
    expect(place.known.list()).toMatchObject([{ profile: { name: 'shell' } }])
  })

  test('the repository of the workspace comes first, then the one we were started in, then the home, then what is built in', () => {
    using place = aPlace()
    const described = (repository?: string) => {
      const finding = place.known.find('shell', { repository: repository ?? null })
      return finding.state === 'found' ? finding.profile.description : finding.state
    }
    const other = join(place.root, 'other')
    const steps = [
      ['home/profiles/shell.md', 'of the home'],
      ['repository/.yard/profiles/shell.md', 'of the repository'],
      ['other/.yard/profiles/shell.md', 'of the workspace'],
    ] as const
    expect(described(other)).toMatch(/script/)
    for (const [file, description] of steps) {
      place.write(file, frontMatter(`agent: shell\ndescription: ${description}`))
      expect(described(other)).toBe(description)
    }
    expect(described()).toBe('of the repository')
    expect(place.known.list({ repository: other })).toMatchObject([
      { profile: { description: 'of the workspace' } },
    ])
  })

  test('a broken file is reported and hides nothing behind it', () => {
    using place = aPlace()
    const file = place.write('repository/.yard/profiles/shell.md', frontMatter('agent: shel'))
    expect(place.known.find('shell')).toEqual({
      state: 'broken',
      name: 'shell',
      file,
      problems: [expect.stringContaining(`${file}:2: agent is "shel"`)],
    })
    expect(place.known.list()).toMatchObject([{ state: 'broken', name: 'shell' }])
  })

  test('a folder in the place of a profile is reported, not fatal', () => {
    using place = aPlace()
    mkdirSync(join(place.home, 'profiles', 'coder.md'), { recursive: true })
    expect(place.known.find('coder')).toMatchObject({
      state: 'broken',
      problems: [expect.stringContaining('cannot be read')],
    })
  })

  test('a name never leaves the folders of profiles', () => {
    using place = aPlace()
    place.write('home/secret.md', frontMatter('agent: shell'))
    for (const name of ['../secret', '..', '', 'a/b', '/etc/passwd', 'SHELL'])
      expect(place.known.find(name)).toEqual({ state: 'unknown', name })
  })

  test('the list is sorted, leaves out a README and names files that cannot be profiles', () => {
    using place = aPlace()
    for (const name of ['writer', 'coder', 'README', 'My Coder'])
      place.write(`home/profiles/${name}.md`, frontMatter('agent: shell'))
    expect(place.known.names()).toEqual(['coder', 'shell', 'writer'])
    expect(place.known.list().filter(({ state }) => state === 'broken')).toMatchObject([{ name: 'My Coder' }])
    expect(place.known.nearest('codr')).toBe('coder')
    expect(place.known.nearest('Coder')).toBe('coder')
    expect(place.known.nearest('unrelated')).toBeNull()
  })

  test('an unchanged file is not read again, a changed one at once', () => {
    using place = aPlace()
    const profile = () => {
      const finding = place.known.find('coder')
      return finding.state === 'found' ? finding.profile : finding.state
    }
    const file = place.write('home/profiles/coder.md', frontMatter('agent: shell\ndescription: one'))
    const first = profile()
    expect(profile()).toBe(first)
    // Of the same size and, as far as anyone can set it, of the same age.
    const replacement = place.write('home/new', frontMatter('agent: shell\ndescription: two'))
    utimesSync(file, 1000, 1000)
    utimesSync(replacement, 1000, 1000)
    expect(profile()).toMatchObject({ description: 'one' })
    renameSync(replacement, file)
    expect(profile()).toMatchObject({ description: 'two' })
    rmSync(file)
    expect(profile()).toBe('unknown')
  })

  test('the fingerprint changes with every file that decides over the name, and with no other', () => {
    using place = aPlace()
    const prints = [place.known.fingerprint('coder')]
    const file = place.write('home/profiles/coder.md', frontMatter('agent: shel'))
    prints.push(place.known.fingerprint('coder'))
    place.write('home/profiles/coder.md', frontMatter('agent: shell'))
    prints.push(place.known.fingerprint('coder'))
    place.write('repository/.yard/profiles/coder.md', frontMatter('agent: shell'))
    prints.push(place.known.fingerprint('coder'))
    expect(new Set(prints).size).toBe(4)
    place.write('home/profiles/writer.md', frontMatter('agent: shell'))
    expect(place.known.fingerprint('coder')).toBe(prints[3])
    rmSync(file)
    expect(place.known.fingerprint('coder')).not.toBe(prints[3])
  })

  test('the repository around a folder is the nearest working tree at or above it', () => {
    using place = aPlace()
    const inside = join(place.repository, 'src', 'deep')
    mkdirSync(inside, { recursive: true })
    expect(repositoryAround(inside)).toBe(place.repository)
    expect(repositoryAround(place.repository)).toBe(place.repository)
    expect(repositoryAround('/')).toBeNull()
  })
})

describe('whoever makes a card for others', () => {
  test('is told who runs scripts, and which skills its worker would not find', () => {
    using place = aPlace()
    place.write(
      'home/profiles/coder.md',
      frontMatter(`agent: command\ncommand: [x]\nrepository: ${place.root}/other`),
    )
    expect(assignableProfiles(place.known).map(({ name, runsScript }) => [name, runsScript])).toEqual([
      ['coder', false],
      ['shell', true],
    ])
    place.write('home/skills/juggling/SKILL.md', '# Juggling')
    place.write('other/.yard/skills/baking/SKILL.md', '# Baking')
    const missing = (skills: readonly string[], assignee: string, workspacePath: string | null = null) =>
      skillsMissingFor({ skills, assignee, workspacePath }, place.known, [join(place.home, 'skills')])
    expect(missing(['juggling', 'baking', 'jugling'], 'shell')).toEqual([
      { name: 'baking', near: null },
      { name: 'jugling', near: 'juggling' },
    ])
    expect(missing(['juggling', 'baking'], 'coder')).toEqual([])
    expect(missing(['baking'], 'shell', join(place.root, 'other', 'door'))).toEqual([])
  })
})
