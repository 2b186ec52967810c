import { chmodSync, mkdirSync, readdirSync } from 'node:fs'
import { join } from 'node:path'
import { describe, expect, test } from 'vitest'
import { explainProblems } from '../../src/agents/problem.ts'
import { findProgram } from '../../src/agents/program.ts'
import { agentTable } from '../../src/agents/table.ts'
import { aPlace, frontMatter } from './given.ts'

const OK = { ok: true }

describe('F34: what is missing is named before an attempt is spent, and repairing it is enough', () => {
  test('the profile', () => {
    using place = aPlace()
    place.write('home/profiles/coder.md', frontMatter('agent: shell'))
    expect(place.check({ profile: 'codr' })).toEqual({
      ok: false,
      problems: [
        {
          code: 'unknown_profile',
          message: 'Task t_1 is assigned to codr, and there is no profile of that name. Did you mean coder?',
          next: 'yard assign t_1 coder, or yard profile create codr',
        },
      ],
    })
    expect(place.check({ profile: 'somebody' })).toMatchObject({
      problems: [
        {
          message: expect.stringContaining('Known profiles: coder, shell.'),
          next: 'yard profile create somebody, or yard assign t_1 <profile>',
        },
      ],
    })
    place.write('home/profiles/codr.md', frontMatter('agent: shell'))
    expect(place.check({ profile: 'codr' })).toMatchObject(OK)
  })

  test('a profile without mistakes', () => {
    using place = aPlace()
    const file = place.write('home/profiles/coder.md', frontMatter('agent: shel'))
    expect(place.check({ profile: 'coder' })).toEqual({
      ok: false,
      problems: [
        {
          code: 'bad_profile',
          message: `Profile coder cannot be used: ${file}:2: agent is "shel", but it must be one of ${agentTable().names.join(', ')}. Did you mean shell?`,
          next: `Correct ${file}.`,
        },
      ],
    })
    place.write('home/profiles/coder.md', frontMatter('agent: shell'))
    expect(place.check({ profile: 'coder' })).toMatchObject(OK)
  })

  test('the program', () => {
    using place = aPlace()
    const file = place.write(
      'home/profiles/coder.md',
      frontMatter('agent: command\ncommand: [my-agent, "{task}"]'),
    )
    expect(place.check({ profile: 'coder' })).toEqual({
      ok: false,
      problems: [
        {
          code: 'missing_program',
          message: `Profile coder needs the program my-agent, which is not on its PATH (${place.bin}).`,
          next: `Install my-agent, or correct command in ${file}.`,
        },
      ],
    })
    const program = place.write('bin/my-agent', '#!/bin/sh\n')
    expect(place.check({ profile: 'coder' })).toEqual({
      ok: false,
      problems: [
        {
          code: 'missing_program',
          message: `Profile coder needs the program my-agent, and ${program} is not executable.`,
          next: `chmod +x ${program}`,
        },
      ],
    })
    chmodSync(program, 0o755)
    expect(place.check({ profile: 'coder' })).toMatchObject(OK)
  })

  test('the program on the PATH the profile sets, not on ours', () => {
    using place = aPlace()
    place.write('bin/my-agent', '#!/bin/sh\n', 0o755)
    place.write(
      'home/profiles/coder.md',
      frontMatter(`agent: command\ncommand: [my-agent]\nenvironment:\n  set: { PATH: "${place.root}/own" }`),
    )
    expect(place.check({ profile: 'coder' })).toMatchObject({
      problems: [{ code: 'missing_program', message: expect.stringContaining(`${place.root}/own`) }],
    })
    place.write('own/my-agent', '#!/bin/sh\n', 0o755)
    expect(place.check({ profile: 'coder' })).toMatchObject(OK)
  })

  test('the folder', () => {
    using place = aPlace()
    const folder = join(place.root, 'project')
    const workspaceProblem = () =>
      readdirSync(place.root).includes('project')
        ? null
        : { message: `The folder ${folder} does not exist.`, next: `mkdir -p ${folder}` }
    expect(place.check({ workspaceProblem })).toEqual({
      ok: false,
      problems: [
        {
          code: 'missing_folder',
          message: `The folder ${folder} does not exist.`,
          next: `mkdir -p ${folder}`,
        },
      ],
    })
    mkdirSync(folder)
    expect(place.check({ workspaceProblem })).toMatchObject(OK)
  })

  test('what the profile says about the workspace is asked of the folder', () => {
    using place = aPlace()
    place.write(
      'home/profiles/coder.md',
      frontMatter('agent: shell\nrepository: /src/project\nworkspace: worktree'),
    )
    const asked: unknown[] = []
    place.check({
      profile: 'coder',
      workspaceProblem: ({ repository, workspace }) => {
        asked.push(repository, workspace)
        return null
      },
    })
    expect(asked).toEqual(['/src/project', 'worktree'])
  })

  test.each([
    ['home/skills/review', 'the home'],
    ['repository/.yard/skills/review', 'the repository'],
    ['package/skills/review', 'the package'],
    ['user/.agents/skills/review', 'the agents of the user'],
    ['user/.claude/skills/review', 'Claude'],
  ])('the skill of a task, found in %s', (folder) => {
    using place = aPlace()
    expect(place.check({ skills: ['review'] })).toMatchObject({
      ok: false,
      problems: [
        {
          code: 'missing_skill',
          message: 'Task t_1 needs the skill review, which was not found.',
          next: expect.stringContaining(
            `review/SKILL.md: ${join(place.repository, '.yard', 'skills')}, ${join(place.home, 'skills')}, `,
          ),
        },
      ],
    })
    mkdirSync(join(place.root, folder), { recursive: true })
    expect(place.check({ skills: ['review'] })).toMatchObject({ ok: false })
    place.write(`${folder}/SKILL.md`, '---\nname: review\n---\n')
    expect(place.check({ skills: ['review'] })).toMatchObject({
      ok: true,
      plan: { skills: [{ name: 'review', folder: join(place.root, folder) }] },
    })
  })

  test('the skill of a profile', () => {
    using place = aPlace()
    place.write('home/profiles/coder.md', frontMatter('agent: shell\nskills: [reviews]'))
    place.write('home/skills/review/SKILL.md', '')
    expect(place.check({ profile: 'coder', skills: ['review'] })).toMatchObject({
      problems: [
        {
          code: 'missing_skill',
          message: 'Profile coder needs the skill reviews, which was not found. Did you mean review?',
        },
      ],
    })
    place.write('home/profiles/coder.md', frontMatter('agent: shell\nskills: [review]'))
    expect(place.check({ profile: 'coder', skills: ['review'] })).toMatchObject({
      ok: true,
      plan: { skills: [{ name: 'review' }] },
    })
  })

  test('a skill is not looked for outside of the folders of skills', () => {
    using place = aPlace()
    place.write('home/SKILL.md', '')
    expect(place.check({ skills: ['..', '../home', ''] })).toMatchObject({ ok: false })
  })

  test.each([null, '', ' \r\n\t\n'])('the body of a script (%j)', (body) => {
    using place = aPlace()
    expect(place.check({ body })).toEqual({
      ok: false,
      problems: [
        {
          code: 'empty_body',
          message: 'Task t_1 has no body, and profile shell runs the body as a script.',
          next: "Write the script into the body: yard edit t_1 --body 'echo hello'",
        },
      ],
    })
    expect(place.check({ body: 'echo hello' })).toMatchObject(OK)
  })

  test('the interpreter of a script', () => {
    using place = aPlace()
    const body = `#!${place.bin}/interpreter -x\nhello`
    expect(place.check({ body })).toMatchObject({
      problems: [
        {
          code: 'missing_program',
          message: `The script of task t_1 needs the program ${place.bin}/interpreter, which does not exist.`,
          next: 'Install interpreter, or correct the first line of its body.',
        },
      ],
    })
    place.write('bin/interpreter', '', 0o755)
    expect(place.check({ body })).toMatchObject(OK)
  })

  test.each(['#!/usr/bin/env python9', '#! /usr/bin/env -S LANG=C python9 -u'])(
    'the program behind env in %j',
    (line) => {
      using place = aPlace()
      expect(place.check({ body: `${line}\nprint()` })).toMatchObject({
        problems: [
          { message: expect.stringContaining('needs the program python9, which is not on its PATH') },
        ],
      })
      place.write('bin/python9', '', 0o755)
      expect(place.check({ body: `${line}\nprint()` })).toMatchObject(OK)
    },
  )

  test('a gateway without PATH gives its workers an ordinary one', () => {
    using place = aPlace()
    place.write('home/profiles/coder.md', frontMatter('agent: command\ncommand: [sh]'))
    expect(place.check({ profile: 'coder', env: {} })).toMatchObject(OK)
    expect(place.check({ profile: 'coder', env: { PATH: '/nowhere' } })).toMatchObject({ ok: false })
  })

  test('everything that is missing is named at once', () => {
    using place = aPlace()
    const workspaceProblem = () => ({ message: 'The folder /gone does not exist.', next: 'mkdir -p /gone' })
    const result = place.check({ body: '', skills: ['review'], workspaceProblem })
    const problems = result.ok ? [] : result.problems
    expect(problems.map(({ code }) => code)).toEqual(['empty_body', 'missing_folder', 'missing_skill'])
    expect(explainProblems(problems)).toContain('The folder /gone does not exist. Next: mkdir -p /gone\n')
  })

  test('looking changes nothing', () => {
    using place = aPlace()
    place.write('home/profiles/coder.md', frontMatter('agent: command\ncommand: [my-agent]'))
    const before = readdirSync(place.root, { recursive: true })
    place.check({ profile: 'coder', skills: ['review'] })
    place.check({ profile: 'nobody' })
    expect(readdirSync(place.root, { recursive: true })).toEqual(before)
  })
})

describe('finding a program', () => {
  test('on the PATH, in its order, passing over folders and what is not executable', () => {
    using place = aPlace()
    mkdirSync(join(place.root, 'first', 'tool'), { recursive: true })
    place.write('second/tool', '', 0o644)
    place.write('third/tool', '', 0o755)
    const path = ['first', 'second', 'third'].map((name) => join(place.root, name)).join(':')
    expect(findProgram('tool', { path, userHome: place.userHome, folder: null })).toEqual({
      state: 'found',
      file: join(place.root, 'third', 'tool'),
    })
  })

  test('by its path: absolute, below the home of the user, or relative to the folder the worker starts in', () => {
    using place = aPlace()
    const inHome = place.write('user/bin/tool', '', 0o755)
    const inFolder = place.write('work/bin/tool', '', 0o755)
    const search = { path: '~/bin', userHome: place.userHome, folder: join(place.root, 'work') }
    expect(findProgram(inHome, search)).toEqual({ state: 'found', file: inHome })
    expect(findProgram('~/bin/tool', search)).toEqual({ state: 'found', file: inHome })
    expect(findProgram('tool', search)).toEqual({ state: 'found', file: inHome })
    expect(findProgram('./bin/tool', search)).toEqual({ state: 'found', file: inFolder })
    expect(findProgram('tool', { ...search, path: 'bin' })).toEqual({ state: 'found', file: inFolder })
    expect(findProgram('./tool', search)).toEqual({ state: 'missing' })
    expect(findProgram('tool', { ...search, path: '' })).toEqual({ state: 'missing' })
  })

  test('what depends on a workspace that does not exist yet is not called missing', () => {
    using place = aPlace()
    const search = { path: '/nowhere', userHome: place.userHome, folder: null }
    expect(findProgram('./run.sh', search)).toEqual({ state: 'unknown' })
    expect(findProgram('tool', { ...search, path: 'bin:/nowhere' })).toEqual({ state: 'unknown' })
    expect(findProgram('tool', search)).toEqual({ state: 'missing' })
    place.write('home/profiles/coder.md', frontMatter('agent: command\ncommand: [./run.sh]'))
    expect(place.check({ profile: 'coder', workspace: join(place.root, 'not-yet') })).toMatchObject(OK)
    expect(place.check({ profile: 'coder', workspace: place.repository })).toMatchObject({ ok: false })
    place.write('repository/run.sh', '', 0o755)
    expect(place.check({ profile: 'coder', workspace: place.repository })).toMatchObject(OK)
  })
})
