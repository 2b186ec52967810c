import { execFile, spawn } from 'node:child_process'
import { once } from 'node:events'
import { readFileSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { promisify, stripVTControlCharacters } from 'node:util'
import stringWidth from 'string-width'
import { describe, expect, test } from 'vitest'
import { createStyle } from '../../src/cli/text/style.ts'
import { streamText } from '../../src/cli/text/stream-text.ts'
import { behaviour } from '../behaviours.ts'
import { Home, yardProgram } from './home.ts'

const run = promisify(execFile)
const ESCAPE = '\u001b'

/** What a command shows in a terminal of so many columns. */
async function inTerminal(
  home: Home,
  words: string,
  columns = 80,
  env: Record<string, string> = {},
): Promise<string> {
  const { stdout } = await run(
    'script',
    ['-qefc', `stty cols ${columns} 2>/dev/null; ${yardProgram} ${words}`, '/dev/null'],
    {
      env: { ...home.env, TERM: 'xterm-256color', ...env },
      cwd: home.folder,
    },
  )
  return stdout.replaceAll('\r\n', '\n')
}

describe('what an agent did', () => {
  test('its thoughts are marked, and are no messages where there are no colours either', () => {
    const items = [
      { kind: 'thought', text: 'hmm\nor so\n' },
      { kind: 'message', text: 'I paint it.' },
      { kind: 'tool', name: 'Bash', input: 'ls' },
    ]
    const content = items.map((item) => `${JSON.stringify(item)}\n`).join('')
    const told = (colours: boolean) => streamText(createStyle({ colours, width: 80, now: 0 }), content)
    expect(told(false)).toBe('~ hmm\n~ or so\nI paint it.\n→ Bash ls\n')
    expect(stripVTControlCharacters(told(true))).toBe(told(false))
  })
})

describe('what programs read', () => {
  behaviour(
    'cli.json',
    'stdout holds one JSON document and nothing else, whatever is warned about',
    async () => {
      using home = new Home()
      const id = await home.create('Ünïcode 🦊', '--assignee', 'nobody-known')
      const done = await home.create('done')
      await home.ok('complete', done, '--summary', 's')
      home.write('profiles/broken.md', '---\nagnt: x\n---\n')
      const verbs = [
      ['list'], ['ls'], ['show', id], ['why', id], ['runs', done], ['context', id], ['log', id], ['stats'], ['assignees'],
      ['attachments', id], ['notify-list'], ['workspaces'], ['workspaces', '--trash'], ['gateway', 'status'], ['doctor'],
      ['config'], ['config', 'get', 'kanban.max_running'], ['config', 'path'], ['profile', 'list'], ['profile', 'show', 'shell'],
      ['profile', 'check'], ['backup', '--list'], ['dispatch', '--dry-run'], ['init'], ['create', 'x', '--assignee', 'other'],
      ['assign', id, 'unknown'], ['comment', id, 'x'], ['edit', id, '--priority', '1'], ['block', id], ['unblock', id],
      ['pause'], ['resume'], ['retry', id], ['move', id, 'triage'], ['archive', id], ['restore-task', id],
      ['gateway', 'install-service', '--print'], ['gateway', 'stop'], ['backup'], ['gc'],
    ] // prettier-ignore
      for (const words of verbs) {
        const { stdout, stderr, code } = await home.yard(...words, '--json')
        expect([0, 1], `${words.join(' ')}: ${stderr}`).toContain(code)
        expect(() => JSON.parse(stdout) as unknown, `${words.join(' ')}: ${stdout}`).not.toThrow()
        expect(stdout).not.toContain(ESCAPE)
      }
    },
  )

  behaviour(
    ['cli.json', 'cli.exit-codes'],
    'a refusal leaves stdout empty and is one JSON line on stderr',
    async () => {
      using home = new Home()
      const refused = await home.yard('show', 't_00000000', '--json')
      expect(refused).toMatchObject({ code: 1, stdout: '' })
      expect(JSON.parse(refused.stderr)).toEqual({
        detail: expect.stringContaining('not found') as string,
        code: 'task_not_found',
      })
      const misused = await home.yard('create', 'x', '--priority', 'y', '--json')
      expect(misused).toMatchObject({ code: 2, stdout: '' })
      expect(JSON.parse(misused.stderr)).toEqual({
        detail: expect.stringContaining('whole number') as string,
        code: 'usage',
      })
      expect(await home.misused('frobnicate')).toContain('yard --help')
      expect((await home.yard('--version')).code).toBe(0)
      expect((await home.yard()).code).toBe(0)
    },
  )

  test('a reader that has seen enough is no error', async () => {
    using home = new Home()
    for (let index = 0; index < 3; index++) await home.create('x'.repeat(400), '--body', 'y'.repeat(100_000))
    const child = spawn(yardProgram, ['list', '--json'], {
      env: home.env,
      cwd: home.folder,
      stdio: ['ignore', 'pipe', 'pipe'],
    })
    let stderr = ''
    child.stderr.setEncoding('utf8').on('data', (text: string) => (stderr += text))
    child.stdout.once('data', () => child.stdout.destroy())
    const [code, signal] = (await once(child, 'close')) as [number | null, string | null]
    expect({ code, signal, stderr }).toEqual({ code: 0, signal: null, stderr: '' })
  })
})

describe('what people read', () => {
  test('colours only where they are wanted', async () => {
    using home = new Home()
    await home.create('x')
    expect(await home.ok('list')).not.toContain(ESCAPE)
    expect((await home.run(['list'], { env: { FORCE_COLOR: '1' } })).stdout).toContain(ESCAPE)
    expect((await home.run(['list'], { env: { FORCE_COLOR: '0' } })).stdout).not.toContain(ESCAPE)
    expect(await inTerminal(home, 'list')).toContain(ESCAPE)
    expect(await inTerminal(home, 'list', 80, { NO_COLOR: '1' })).not.toContain(ESCAPE)
    expect(await inTerminal(home, 'list', 80, { TERM: 'dumb' })).not.toContain(ESCAPE)
    expect(await inTerminal(home, 'list | cat')).not.toContain(ESCAPE)
  })

  test('tables fit the terminal, whatever script the titles are in', async () => {
    using home = new Home()
    await home.create(
      'A title that is a good deal longer than anybody would want to read in a listing',
      '--assignee',
      'shell',
    )
    await home.create(
      '日本語のとても長いタイトルは二倍の幅を取りますので気を付けて切ってください',
      '--assignee',
      'shell',
      '--priority',
      '3',
    )
    await home.create('Emoji 👩‍👩‍👧‍👦🦊 and accents: Žluťoučký kůň', '--tenant', 'acme')
    for (const columns of [40, 60, 80, 120]) {
      const shown = (await inTerminal(home, 'list', columns, { NO_COLOR: '1' })).trimEnd().split('\n')
      expect(shown).toHaveLength(4)
      for (const line of shown) expect(stringWidth(line), `${columns}: ${line}`).toBeLessThanOrEqual(columns)
    }
    const wide = await inTerminal(home, 'list', 200, { NO_COLOR: '1' })
    expect(wide).not.toContain('…')
    const aligned = wide.trimEnd().split('\n').slice(1)
    expect(
      new Set(
        aligned.map((line) => stringWidth(line.slice(0, line.indexOf(/shell/.test(line) ? 'shell' : ' -')))),
      ).size,
    ).toBeLessThanOrEqual(2)
    // A pipe has no width, so nothing is cut.
    expect(await home.ok('list')).toContain('want to read in a listing')
    expect((await home.run(['list'], { env: { COLUMNS: '60' } })).stdout).toContain('…')
  })

  test('a terminal gets the next step, a pipe does not', async () => {
    using home = new Home()
    expect(await inTerminal(home, 'create "a card"', 80, { NO_COLOR: '1' })).toMatch(
      /^Created t_[0-9a-f]{8}: ready\n→ yard show t_[0-9a-f]{8}\n→ yard assign /,
    )
    expect(await home.ok('create', 'another')).toMatch(/^t_[0-9a-f]{8}\n$/)
    expect(await inTerminal(home, 'list --status done', 80, { NO_COLOR: '1' })).toContain('No such tasks.')
  })

  test('text from the board cannot steer the terminal', async () => {
    using home = new Home()
    const evil = `red ${ESCAPE}[31mtext${ESCAPE}]0;title\u0007 \u202Ereversed\r\nnew line \u009b2J`
    const id = await home.create(evil, '--body', evil)
    await home.ok('comment', id, evil)
    await home.ok('block', id, evil)
    for (const words of [['list'], ['show', id], ['why', id], ['context', id], ['stats']]) {
      const shown = (await home.run(words, { env: { FORCE_COLOR: '0' } })).stdout
      // oxlint-disable-next-line no-control-regex -- control characters are the subject
      expect(shown, words.join(' ')).not.toMatch(/[\u0000-\u0008\u000b-\u001f\u007f-\u009f\u202e]/)
    }
    // Programs get it to the letter.
    expect(await home.json('show', id)).toMatchObject({ task: { title: evil.trim(), body: evil } })
  })

  test('a bug is called one, with a place for its details', async () => {
    using home = new Home()
    await home.ok('init')
    // A file where a folder must be is nothing the program expects.
    writeFileSync(join(home.path, 'profiles'), '')
    const { code, stdout, stderr } = await home.yard('profile', 'create', 'coder')
    expect({ code, stdout }).toEqual({ code: 1, stdout: '' })
    expect(stderr).toMatch(
      /^This is a bug in yard: .*\nThe details are in .*\/logs\/bugs\.log; please report them\.\n$/,
    )
    expect(readFileSync(join(home.path, 'logs', 'bugs.log'), 'utf8')).toMatch(/ENOTDIR|EEXIST/)
    const debugged = await home.run(['profile', 'create', 'coder'], { env: { YARD_DEBUG: '1' } })
    expect(debugged.stderr).toMatch(/\n +at /)
  })
})
