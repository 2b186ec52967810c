import { chmodSync, writeFileSync } from 'node:fs'
import { spawn } from 'node:child_process'
import { once } from 'node:events'
import { join } from 'node:path'
import { describe, expect, test } from 'vitest'
import { openApp } from '../../src/app.ts'
import { findEnclosingRun } from '../../src/cli/enclosing-run.ts'
import { TABLE } from '../../src/cli/table.ts'
import { DEFAULT_BOARD_POLICY } from '../../src/kernel/deps.ts'
import { behaviour } from '../behaviours.ts'
import { Home, yardProgram } from './home.ts'

interface Worker {
  readonly task: string
  readonly run: number
  /** What a worker of a profile that reports by the command line is given. */
  readonly env: Record<string, string>
}

/** A run as a dispatcher opens it, with the proof its worker is given. */
async function openRun(home: Home, title: string): Promise<Worker> {
  const task = await home.create(title, '--assignee', 'coder')
  await using app = await openApp({ env: home.env, version: 'test', program: ['yard'] })
  const kernel = await app.kernel()
  const opened = await kernel.openRun(
    {
      taskId: task,
      profile: 'coder',
      bootId: 'test',
      claimLock: 'here:1',
      maxRuntimeSeconds: null,
      workspace: {
        path: join(home.path, 'workspaces', task),
        kind: 'scratch',
        repository: null,
        branch: null,
      },
      logFolder: join(home.path, 'logs', 'runs'),
      policy: DEFAULT_BOARD_POLICY,
      caps: { board: 10, profile: 10 },
    },
    { kind: 'system', name: 'dispatcher', door: 'gateway' },
  )
  if ('refused' in opened) throw new Error(opened.refused.text)
  const file = join(home.folder, `capability-${opened.runId}.json`)
  writeFileSync(file, JSON.stringify({ run_id: opened.runId, task_id: task, secret: opened.secret }), {
    mode: 0o600,
  })
  return {
    task,
    run: opened.runId,
    env: {
      YARD_RUN: String(opened.runId),
      YARD_TASK: task,
      YARD_PROFILE: 'coder',
      YARD_CAPABILITY_FILE: file,
    },
  }
}

/** What a shell inside the worker gets when it runs this line. */
async function inShell(home: Home, env: Record<string, string>, line: string) {
  // The shell stays, as the parent of what it starts; with one command alone it would become that command.
  const child = spawn('/bin/sh', ['-c', `${line}; code=$?; true; exit $code`], {
    env: { ...home.env, ...env, YARD: yardProgram },
    cwd: home.folder,
  })
  const said = { stdout: '', stderr: '' }
  for (const stream of ['stdout', 'stderr'] as const)
    child[stream].setEncoding('utf8').on('data', (part: string) => (said[stream] += part))
  const [code] = (await once(child, 'close')) as [number]
  return { code, ...said }
}

describe('a shell inside a worker that was not given a way to report', () => {
  test('may look, and change nothing by any verb [F15, F16]', async () => {
    using home = new Home()
    const { task, run } = await openRun(home, 'in work')
    const env = { YARD_RUN: String(run), YARD_TASK: task }
    const before = home.fingerprint()
    const words: Readonly<Record<string, readonly string[]>> = {
      'create': ['x'], 'comment': [task, 'x'], 'link': [task, task], 'attach': [task, 'x'], 'detach': [task, '1'], 'unlink': [task, task], 'assign': [task, 'shell'],
      'send-back': [task, 'x'], 'accept-late': [task, '1'], 'move': [task, 'done'], 'restore': ['x'], 'config set': ['kanban.max_running', '1'],
      'profile create': ['x'], 'workspaces restore': ['x'], 'edit': [task, '--priority', '1'],
      'notify-subscribe': [task, '--platform', 'x', '--chat-id', '1'], 'notify-unsubscribe': [task, '--platform', 'x', '--chat-id', '1'],
      'propose': ['--title', 'x'], 'profile install': ['ops'],
      'daemon': ['--force'], 'token create': ['x'], 'token revoke': ['1'],
      'budget set': ['board:cost:day', '--hard', '1'], 'budget grant': ['board:cost:day', '1'], 'budget remove': ['board:cost:day'],
    } // prettier-ignore
    const perTask = new Set([
      'claim',
      'heartbeat',
      'complete',
      'block',
      'unblock',
      'review',
      'retry',
      'archive',
      'restore-task',
      'stop',
      'specify',
      'decompose',
      'accept',
      'release',
      'reject',
    ])
    for (const { name, load } of TABLE) {
      if ((await load()).effect === 'reads') continue
      const rest = words[name] ?? (perTask.has(name) ? [task] : [])
      const { code, stdout, stderr } = await home.run([...name.split(' '), ...rest], { env })
      expect({ code, stdout }, name).toEqual({ code: 1, stdout: '' })
      expect(stderr, name).toContain(`This shell belongs to run ${run} of ${task}`)
    }
    expect(home.fingerprint()).toBe(before)
    for (const reading of [['list'], ['show', task], ['why', task], ['context', task]])
      expect((await home.run(reading, { env })).code, reading.join(' ')).toBe(0)
  })

  test('cannot shake the run off by dropping variables [F15]', async () => {
    using home = new Home()
    const { task, run, env } = await openRun(home, 'in work')
    const bare = { YARD_RUN: String(run), YARD_TASK: task }
    for (const line of [
      `env -u YARD_RUN "$YARD" complete ${task}`,
      `unset YARD_RUN YARD_TASK; "$YARD" complete ${task}`,
      `env -i PATH="$PATH" HOME="$HOME" YARD_HOME="$YARD_HOME" YARD_TEST=1 "$YARD" complete ${task}`,
      `sh -c 'env -u YARD_RUN sh -c "\\"$YARD\\" complete ${task}; true"; exit 1'`,
      `YARD_RUN=99 "$YARD" complete ${task}`,
      `YARD_RUN= "$YARD" complete ${task}`,
    ]) {
      const { code, stderr } = await inShell(home, bare, line)
      expect(code, line).toBe(1)
      expect(stderr, line).toContain(`This shell belongs to run ${run} of ${task}`)
    }
    // The mark that every process of a run carries says so as well.
    const marked = await inShell(home, { YARD_RUN_MARKER: `board:${run}` }, `"$YARD" complete ${task}`)
    expect(marked).toMatchObject({
      code: 1,
      stderr: expect.stringContaining(`belongs to run ${run}`) as string,
    })
    // A proof that lies about is worth nothing to the wrong run.
    const other = await openRun(home, 'another')
    const stolen = await inShell(
      home,
      { ...env, YARD_CAPABILITY_FILE: other.env['YARD_CAPABILITY_FILE']! },
      `"$YARD" complete ${other.task}`,
    )
    expect(stolen).toMatchObject({
      code: 1,
      stderr: expect.stringContaining(`is the proof of run ${other.run}`) as string,
    })
    chmodSync(env['YARD_CAPABILITY_FILE']!, 0o644)
    const open = await inShell(home, env, `"$YARD" complete ${task}`)
    expect(open).toMatchObject({ code: 1, stderr: expect.stringContaining('is not private') as string })
    expect(await home.json('why', task)).toMatchObject({ status: 'running' })
  })
})

describe('a worker that reports by the command line', () => {
  behaviour(
    ['fence.secret', 'fence.scope', 'F55'],
    'reports on its own card, adds to the board, and nothing else [F15, F16]',
    async () => {
      using home = new Home()
      const { task, run, env } = await openRun(home, 'my card')
      const foreign = await home.create('not mine')
      const worker = async (...words: string[]) => home.run(words, { env })
      expect((await worker('heartbeat', task, '--note', 'going')).code).toBe(0)
      expect((await worker('comment', foreign, 'found something')).code).toBe(0)
      const made = JSON.parse((await worker('create', 'follow-up', '--parent', task, '--json')).stdout) as {
        id: string
      }
      expect((await worker('link', foreign, made.id)).code).toBe(0)
      writeFileSync(join(home.folder, 'found.txt'), 'found')
      expect((await worker('attach', task, 'found.txt')).code).toBe(0)
      const token = 'hunter2-Correct-Horse'
      writeFileSync(join(home.folder, 'leak.txt'), `token: ${token}\n`)
      const leak = await home.run(['attach', task, 'leak.txt'], { env: { ...env, DEPLOY_TOKEN: token } })
      expect(leak).toMatchObject({
        code: 1,
        stderr: expect.stringContaining('it holds a secret that was given to this run') as string,
      })
      const denied: readonly (readonly [readonly string[], string])[] = [
        [['attach', foreign, 'found.txt'], 'works on'],
        [['detach', task, '1'], 'A worker cannot use yard detach'],
        [['complete', foreign], 'works on'],
        [['block', foreign, 'x'], 'works on'],
        [['link', task, foreign], 'no run of'],
        [['unblock', task], 'A worker cannot use yard unblock'],
        [['assign', task, 'shell'], 'A worker cannot use yard assign'],
        [['retry', task], 'A worker cannot use yard retry'],
        [['stop', foreign], 'A worker cannot use yard stop'],
        [['archive', task], 'A worker cannot use yard archive'],
        [['gateway', 'stop'], 'A worker cannot use yard gateway stop'],
        [['config', 'set', 'kanban.max_running', '99'], 'A worker cannot use yard config set'],
      ]
      for (const [words, reason] of denied) {
        const { code, stderr } = await worker(...words)
        expect(code, words.join(' ')).toBe(1)
        expect(stderr, words.join(' ')).toContain(reason)
      }
      expect((await worker('complete', task, '--summary', 'done by the worker')).code).toBe(0)
      const { events, runs } = await home.json<{ events: object[]; runs: object[] }>('show', task)
      expect(runs).toMatchObject([{ id: run, outcome: 'completed', summary: 'done by the worker' }])
      expect(events.at(-1)).toMatchObject({ kind: 'completed', run_id: run, actor: 'coder', door: 'cli' })
      expect((await home.json<{ events: object[] }>('show', made.id)).events[0]).toMatchObject({
        run_id: run,
        actor: 'coder',
      })

      // Its run is over: what it still says is kept, not applied.
      const late = await worker('block', task, 'wait, one more thing')
      expect(late).toMatchObject({
        code: 1,
        stderr: expect.stringContaining('kept as late report 1') as string,
      })
      expect(await home.ok('show', task)).toContain(`→ yard accept-late ${task} 1`)
      expect(await home.refused('accept-late', task, '9')).toContain('none of that number')
      expect(await home.misused('accept-late', task, 'first')).toContain('not the number')
      expect((await worker('create', 'one more', '--assignee', 'shell')).stderr).toContain('late report 2')
      expect(await home.ok('accept-late', task, '2')).toMatch(
        new RegExp(
          `^Accepted report 2 of run ${run}: create\nCreated t_[0-9a-f]+: ready, for shell\n${task}: done$`,
          'm',
        ),
      )
      // The only one that is left.
      expect(await home.refused('accept-late', task)).toContain('Cannot block')
    },
  )
})

describe('the run around a process', () => {
  const real = { isTestHome: false }

  test('is the outermost one, and its proof the nearest', () => {
    const env = { YARD_RUN: '9', YARD_CAPABILITY_FILE: '/near' }
    const above = [{ PATH: '/bin' }, { YARD_RUN: '7', YARD_TASK: 't_7', YARD_CAPABILITY_FILE: '/far' }, {}]
    expect(findEnclosingRun(env, real, above)).toEqual({
      runId: 7,
      taskId: 't_7',
      profile: null,
      capabilityFile: '/near',
    })
    expect(findEnclosingRun({}, real, [{}])).toBeNull()
    expect(findEnclosingRun({ YARD_RUN: 'x' }, real, [])).toBeNull()
  })

  test('counts in homes for tests only when it is a test itself', () => {
    const above = [{ YARD_RUN: '7' }]
    expect(findEnclosingRun({ YARD_TEST: '1' }, { isTestHome: true }, above)).toBeNull()
    expect(
      findEnclosingRun({ YARD_TEST: '1' }, { isTestHome: true }, [{ YARD_RUN: '7', YARD_TEST: '1' }])?.runId,
    ).toBe(7)
    // Only the home decides: the variable alone frees nobody.
    expect(findEnclosingRun({ YARD_TEST: '1' }, real, above)?.runId).toBe(7)
  })
})
