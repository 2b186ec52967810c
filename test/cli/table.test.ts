import { describe, expect, test } from 'vitest'
import type { Command } from '../../src/cli/command.ts'
import { parse } from '../../src/cli/parse.ts'
import { GROUPS, TABLE } from '../../src/cli/table.ts'
import { behaviour } from '../behaviours.ts'

const commands = await Promise.all(TABLE.map(async (entry) => ({ entry, command: await entry.load() })))
const options = { version: '1.2.3', width: 100 }

/** The words of an example, of which a shell would leave only what belongs to yard. */
function wordsOf(example: string): string[] {
  const own = example.slice(example.indexOf('yard ') + 5)
  const words = own.match(/'[^']*'|"[^"]*"|\S+/g) ?? []
  const end = words.findIndex((word) => ['|', '<', '>', '&&'].includes(word))
  return (end === -1 ? words : words.slice(0, end)).map((word) =>
    word.replace(/^(['"])(.*)\1$/, '$2').replace(/\)"?$/, ''),
  )
}

describe('the command table', () => {
  test('names every command and alias once', () => {
    const names = TABLE.flatMap(({ name, aliases = [] }) => [name, ...aliases])
    expect(names).toEqual([...new Set(names)])
    for (const { name } of TABLE)
      if (name.includes(' ')) expect(GROUPS).toHaveProperty([name.split(' ')[0] ?? ''])
  })

  behaviour(
    'cli.help',
    'every command has a help that names its arguments, options and examples',
    async () => {
      for (const { entry, command } of commands) {
        const parsed = await parse([...entry.name.split(' '), '--help'], options)
        if (parsed.kind !== 'text') throw new Error(`${entry.name} has no help`)
        expect(parsed.text).toContain(`Usage: yard ${entry.name}`)
        for (const [name, option] of Object.entries(command.options)) {
          expect(option.help, `${entry.name} --${name}`).toMatch(/\.$/)
          if (option.hidden !== true) expect(parsed.text).toContain(`--${name}`)
        }
        for (const [name, argument] of Object.entries(command.arguments)) {
          expect(argument.help, `${entry.name} ${name}`).toMatch(/\.$/)
          expect(parsed.text).toContain(name)
        }
        for (const example of command.examples) expect(parsed.text).toContain(example)
      }
    },
  )

  test('has an example for every listed command, and all of them are understood', async () => {
    for (const { entry, command } of commands) {
      if (entry.hidden !== true) expect(command.examples, entry.name).not.toEqual([])
      for (const example of command.examples.filter((each) => each.includes('yard '))) {
        const parsed = await parse(wordsOf(example), options)
        expect(parsed, example).toMatchObject({ kind: 'command' })
      }
      if (entry.hidden !== true)
        expect(command.examples.some((example) => example.includes(`yard ${entry.name}`))).toBe(true)
    }
  })

  test('says of every command whether it changes anything, and lets workers use only those that report', () => {
    const named = (is: (command: Command) => boolean) =>
      commands
        .filter(({ command }) => is(command))
        .map(({ entry }) => entry.name)
        .toSorted()
    expect(named(({ forWorkers }) => forWorkers)).toEqual(
      [
        'attach',
        'block',
        'comment',
        'complete',
        'create',
        'heartbeat',
        'link',
        'mcp',
        'propose',
        'review',
        'unlink',
      ].toSorted(),
    )
    // The demo has a board of its own.
    expect(named(({ effect }) => effect === 'reads').filter((name) => name !== 'demo')).toEqual(
      [
        'agents',
        'assignees',
        'attachments',
        'budget list',
        'budget show',
        'completion',
        'config',
        'config get',
        'config path',
        'context',
        'doctor',
        'gateway status',
        'list',
        'log',
        'notify-list',
        'profile check',
        'profile list',
        'profile show',
        'proposals',
        'runs',
        'search',
        'show',
        'skills list',
        'stats',
        'tail',
        'token list',
        'usage',
        'watch',
        'why',
        'workspaces',
      ].toSorted(),
    )
  })

  test('guesses what was meant', async () => {
    const guesses: Readonly<Record<string, string>> = {
      creat: 'create',
      lst: 'list',
      add: 'create',
      rm: 'archive',
      start: 'gateway start',
      'gateway strat': 'gateway start',
      'config gte': 'config get',
    }
    for (const [typed, meant] of Object.entries(guesses))
      await expect(parse(typed.split(' '), options)).rejects.toThrow(`Did you mean: yard ${meant}`)
    await expect(parse(['frobnicate'], options)).rejects.toThrow(
      /^There is no command "frobnicate"\.\nAll commands: yard --help$/,
    )
    for (const word of ['constructor', '__proto__'])
      await expect(parse([word], options)).rejects.toThrow(`There is no command "${word}".`)
    await expect(parse(['list', '--stauts', 'x'], options)).rejects.toThrow('Did you mean --status?')
    await expect(parse(['list', '--status', 'redy'], options)).rejects.toThrow('did you mean ready?')
    await expect(parse(['move', 't_1', 'dnoe'], options)).rejects.toThrow('Did you mean done?')
    await expect(parse(['watch', '--kinds', 'complted'], options)).rejects.toThrow('did you mean completed?')
  })

  test('refuses what it does not know or understand', async () => {
    const misuses: readonly (readonly string[])[] = [
      ['create'],
      ['create', 'a', 'b'],
      ['create', 'a', '--frobnicate'],
      ['create', 'a', '--priority', 'high'],
      ['create', 'a', '--priority', '1.5'],
      ['create', 'a', '--max-runtime', '5x'],
      ['create', 'a', '--max-runtime', '0'],
      ['create', 'a', '--not-before', 'tomorrow'],
      ['create', 'a', '--body'],
      ['complete', 't_1', '--metadata', '{'],
      ['complete', 't_1', '--metadata', '[1]'],
      ['claim', 't_1', '--ttl', '0'],
      ['log', 't_1', '--tail', '-3'],
      ['dispatch', '--max', 'x'],
      ['stop', 't_1', '--destination', 'nowhere'],
      ['--json', 'list'],
      ['gateway', 'status', 'now'],
    ]
    for (const words of misuses)
      await expect(parse(words, options), words.join(' ')).rejects.toMatchObject({ name: 'UsageError' })
  })

  test('reads values as people write them', async () => {
    const read = async (...words: string[]) => {
      const parsed = await parse(words, options)
      if (parsed.kind !== 'command') throw new Error('not a command')
      return parsed.input
    }
    expect((await read('create', 'x', '--max-runtime', '2h')).options['max-runtime']).toBe(7200)
    expect((await read('create', 'x', '--max-runtime', '90')).options['max-runtime']).toBe(90)
    expect((await read('create', 'x', '--priority', '-5')).options['priority']).toBe(-5)
    expect((await read('create', 'x', '--skill', 'a', '--skill', 'b')).options['skill']).toEqual(['a', 'b'])
    expect((await read('create', 'x')).options).toMatchObject({
      skill: [],
      parent: [],
      triage: false,
      body: undefined,
    })
    expect((await read('block', 't_1', 'two', 'words', '--ids', 't_2', 't_3')).options['ids']).toEqual([
      't_2',
      't_3',
    ])
    expect((await read('comment', 't_1', '--', '-5 apples')).arguments['text']).toEqual(['-5 apples'])
    expect((await read('list', '--status', 'ready, running', '--json')).json).toBe(true)
    const at = (await read('create', 'x', '--not-before', '2h')).options['not-before'] as (
      now: number,
    ) => number
    expect(at(1_000)).toBe(8_200)
    const date = (await read('create', 'x', '--not-before', '2026-11-21T08:00Z')).options[
      'not-before'
    ] as typeof at
    expect(date(0)).toBe(1_795_248_000)
  })
})
