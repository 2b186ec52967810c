import { spawnSync } from 'node:child_process'
import { mkdirSync, readFileSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { describe, expect, test } from 'vitest'
import type { Launch } from '../../src/agents/agent.ts'
import { programSearch } from '../../src/agents/preflight.ts'
import { agentTable } from '../../src/agents/table.ts'
import { aPlace, frontMatter } from './given.ts'

type Place = ReturnType<typeof aPlace>
interface Given {
  readonly profile?: string
  readonly title?: string
  readonly body?: string | null
  readonly context?: string
}

/** The launch of a task by a profile, as a runner would ask for it. */
function launchOf(
  place: Place,
  { profile: name = 'shell', title = 'A task', body = null, context = '' }: Given,
): Launch {
  const finding = place.known.find(name)
  if (finding.state !== 'found')
    throw new Error(`profile ${name} is ${finding.state}: ${JSON.stringify(finding)}`)
  const { profile } = finding
  const agent = agentTable().find(profile.agent)!
  const workspace = place.repository
  const search = programSearch(
    profile,
    { PATH: `${place.bin}:/usr/bin:/bin`, HOME: place.userHome },
    workspace,
  )
  return agent.launch({
    profile,
    task: { id: 't_1', title, body },
    runId: 7,
    workspace,
    folder: join(place.root, 'run'),
    context,
    search,
  })
}

/** Starts it for real. */
function run(place: Place, { argv: [program, ...args], stdin, files }: Launch) {
  const folder = join(place.root, 'run')
  mkdirSync(folder, { recursive: true, mode: 0o700 })
  for (const { name, content, mode } of files) writeFileSync(join(folder, name), content, { mode })
  return spawnSync(program, args, {
    cwd: place.repository,
    input: stdin ?? '',
    encoding: 'utf8',
    env: { PATH: '/usr/bin:/bin' },
  })
}

describe('the shell agent', () => {
  test('runs the body as a script in the workspace, and its exit code is the verdict', () => {
    using place = aPlace()
    expect(agentTable().find('shell')).toMatchObject({ verdict: 'exit-code' })
    expect(run(place, launchOf(place, { body: 'pwd\nexit 3' }))).toMatchObject({
      status: 3,
      stdout: `${place.repository}\n`,
    })
  })

  test('a script behaves as sh would run it: only set -e stops at the first failure', () => {
    using place = aPlace()
    expect(run(place, launchOf(place, { body: 'false\necho "$undefined" on' }))).toMatchObject({
      status: 0,
      stdout: ' on\n',
    })
    expect(run(place, launchOf(place, { body: 'set -e\nfalse\necho on' }))).toMatchObject({
      status: 1,
      stdout: '',
    })
  })

  test.each(['#!/usr/bin/env bash\n', '\n\r\n#!/bin/bash\r\n', '\uFEFF#!/bin/bash -u\n'])(
    '%j chooses the interpreter',
    (start) => {
      using place = aPlace()
      expect(
        run(place, launchOf(place, { body: `${start}array=(a b)\r\necho "\${array[1]}"` })),
      ).toMatchObject({ status: 0, stdout: 'b\n' })
    },
  )

  test('line ends of a browser do not become part of a word', () => {
    using place = aPlace()
    expect(run(place, launchOf(place, { body: 'cd .\r\nif true\r\nthen echo yes\r\nfi\r\n' }))).toMatchObject(
      { status: 0, stdout: 'yes\n' },
    )
  })

  test('the script is private, and its text never reaches the command line', () => {
    using place = aPlace()
    const launch = launchOf(place, { body: 'echo secret' })
    expect(launch.argv).toEqual(['/bin/sh', join(place.root, 'run', 'script')])
    expect(launch.files).toEqual([{ name: 'script', content: 'echo secret\n', mode: 0o600 }])
    expect(launchOf(place, { body: '#!/bin/sh\n' }).files).toMatchObject([{ mode: 0o700 }])
  })
})

describe('the command agent', () => {
  const profile = (place: Place, command: readonly string[], more = '', instructions = '') => {
    place.write(
      'home/profiles/coder.md',
      frontMatter(`agent: command\ncommand: ${JSON.stringify(command)}\n${more}`, instructions),
    )
    place.write('bin/show', '#!/bin/sh\nfor argument; do printf "<%s>" "$argument"; done\n', 0o755)
    return 'coder'
  }

  test('a worker must report; its exit code proves nothing', () => {
    expect(agentTable().find('command')).toMatchObject({ verdict: 'report' })
  })

  test('every placeholder is replaced, also twice in one argument', () => {
    using place = aPlace()
    const name = profile(
      place,
      ['show', '{task}/{run}', '{workspace}', '{title} by {profile} with {model}', '{task}{task}'],
      'model: large',
    )
    expect(run(place, launchOf(place, { profile: name })).stdout).toBe(
      `<t_1/7><${place.repository}><A task by coder with large><t_1t_1>`,
    )
  })

  test.each([
    '$(rm -rf /) `id` ${HOME} $HOME',
    `it's "quoted" \\ and 'more'`,
    'first\nsecond\n',
    '; touch /tmp/x & | > < * ? ~ !!',
    '{task} {{task}} {body_file} {unknown}',
    '--force',
    "$& $1 $` $' $$",
    '片仮名 🙂 é',
    '',
  ])('the title %j stays what it is, inside its own argument', (title) => {
    using place = aPlace()
    const name = profile(place, ['show', '--title={title}', '{title}', '--end'])
    expect(run(place, launchOf(place, { profile: name, title })).stdout).toBe(
      `<--title=${title}><${title}><--end>`,
    )
  })

  test('a NUL character, which no argument can carry, is left out', () => {
    using place = aPlace()
    expect(launchOf(place, { profile: profile(place, ['show', '{title}']), title: 'a\0b' }).argv[1]).toBe(
      'ab',
    )
  })

  test('braces that are no placeholder are left alone, and doubled ones stand for themselves', () => {
    using place = aPlace()
    const name = profile(place, [
      'show',
      '{}',
      '${HOME}',
      '{"a": 1}',
      '{ print $1 }',
      '{{task}}',
      '{{anything}}',
    ])
    expect(run(place, launchOf(place, { profile: name })).stdout).toBe(
      '<{}><${HOME}><{"a": 1}><{ print $1 }><{task}><{anything}>',
    )
  })

  test('instructions, how to report and the task reach the worker on standard input and in the context file', () => {
    using place = aPlace()
    const name = profile(
      place,
      ['sh', '-c', 'cat; echo =====; cat "$0"; cat "$1"', '{context_file}', '{body_file}'],
      '',
      'You are careful.',
    )
    const launch = launchOf(place, { profile: name, body: 'THE BODY', context: '# A task\nTHE CONTEXT' })
    const [onStdin = '', inFile = ''] = run(place, launch).stdout.split('=====\n')
    expect(onStdin).toMatch(
      /^You are careful\.\n[\s\S]*yard complete t_1[\s\S]*yard block t_1[\s\S]*THE CONTEXT\n$/,
    )
    expect(inFile).toBe(`${onStdin}THE BODY`)
    expect(launch.files.map(({ mode }) => mode)).toEqual([0o600, 0o600])
  })

  test('only the files that the command asks for are written', () => {
    using place = aPlace()
    expect(launchOf(place, { profile: profile(place, ['show']), body: 'x' }).files).toEqual([])
    expect(
      launchOf(place, { profile: profile(place, ['show', '{body_file}']), body: 'x' }).files,
    ).toMatchObject([{ name: 'body.md', content: 'x' }])
  })

  test('the program is started by the path it was found under', () => {
    using place = aPlace()
    expect(launchOf(place, { profile: profile(place, ['show']) }).argv).toEqual([join(place.bin, 'show')])
    place.write('repository/run.sh', readFileSync(join(place.bin, 'show'), 'utf8'), 0o755)
    expect(launchOf(place, { profile: profile(place, ['./run.sh']) }).argv).toEqual([
      join(place.repository, 'run.sh'),
    ])
  })

  test('F36: a program that went away after the preflight is named, with the next step', () => {
    using place = aPlace()
    expect(() => launchOf(place, { profile: profile(place, ['./gone.sh']) })).toThrow(
      expect.objectContaining({
        code: 'missing_program',
        message: expect.stringMatching(
          /Profile coder needs the program \.\/gone\.sh, which does not exist\. Install gone\.sh, or correct command in /,
        ),
      }),
    )
  })
})
