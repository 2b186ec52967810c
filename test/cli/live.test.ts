import { DatabaseSync } from 'node:sqlite'
import { join } from 'node:path'
import { createInterface } from 'node:readline'
import { describe, expect, test } from 'vitest'
import { behaviour } from '../behaviours.ts'
import { Home } from './home.ts'

/** A command that goes on; its lines are awaited one by one. */
function follow(home: Home, ...words: string[]) {
  const command = home.start(words)
  const lines = createInterface({ input: command.child.stdout! })[Symbol.asyncIterator]()
  const next = async (): Promise<string> => {
    const line = await lines.next()
    if (line.done) throw new Error(`yard ${words.join(' ')} said no more: ${(await command.result).stderr}`)
    return line.value
  }
  return {
    next,
    json: async () => JSON.parse(await next()) as unknown,
    end: async (signal: NodeJS.Signals = 'SIGINT') => {
      command.child.kill(signal)
      return command.result
    },
    result: command.result,
  }
}

describe('following the board', () => {
  behaviour('cli.tail', 'tail shows the last events of a card and then each as it happens', async () => {
    using home = new Home()
    const id = await home.create('followed')
    await home.create('not followed')
    const tail = follow(home, 'tail', id, '--json')
    expect(await tail.json()).toMatchObject({ kind: 'created', task_id: id, actor: 'alice', door: 'cli' })
    await home.ok('comment', id, 'hello')
    expect(await tail.json()).toMatchObject({ kind: 'commented', payload: { author: 'alice' } })
    await home.ok('block', id, 'why?')
    expect(await tail.json()).toMatchObject({ kind: 'blocked', payload: { reason: 'why?' } })
    expect(await tail.end()).toMatchObject({ code: 0, signal: null, stderr: '' })
    const text = follow(home, 'tail', id, '--kinds', 'blocked')
    expect(await text.next()).toMatch(/^\d\d:\d\d:\d\d {2}blocked +why\? · alice$/)
    expect(await text.end('SIGTERM')).toMatchObject({ code: 0 })
  })

  behaviour('cli.tail', 'watch follows the board by assignee, tenant and kinds', async () => {
    using home = new Home()
    await home.create('before')
    const all = follow(home, 'watch', '--json', '--since', '0')
    const mine = follow(home, 'watch', '--json', '--since', '0', '--assignee', 'shell')
    const acme = follow(home, 'watch', '--json', '--since', '0', '--tenant', 'acme')
    const done = follow(home, 'watch', '--since', '0', '--kinds', 'completed,blocked')
    expect(await all.json()).toMatchObject({ kind: 'created' })
    const id = await home.create('the card', '--assignee', 'shell', '--tenant', 'acme')
    for (const watch of [all, mine, acme])
      expect(await watch.json()).toMatchObject({ kind: 'created', task_id: id })
    await home.ok('complete', id, '--summary', 'it works')
    for (const watch of [all, mine, acme])
      expect(await watch.json()).toMatchObject({ kind: 'completed', task_id: id })
    expect(await done.next()).toMatch(new RegExp(`completed +${id} the card: it works$`))
    for (const watch of [all, mine, acme, done])
      expect(await watch.end()).toMatchObject({ code: 0, signal: null, stderr: '' })
    expect(await home.misused('watch', '--kinds', 'complted')).toContain('did you mean completed?')
  })

  test('watch goes on while another process keeps the board busy', async () => {
    using home = new Home()
    const id = await home.create('x')
    const watch = follow(home, 'watch', '--json', '--since', '0')
    await watch.next()
    using busy = new DatabaseSync(join(home.path, 'kanban.db'))
    busy.exec('begin immediate; update tasks set priority = 9')
    // The writer waits for its turn, and the watcher for the writer.
    const comment = home.start(['comment', id, 'hello'])
    busy.exec('rollback')
    expect((await comment.result).code).toBe(0)
    expect(await watch.json()).toMatchObject({ kind: 'commented' })
    expect(await watch.end()).toMatchObject({ code: 0, stderr: '' })
  })
})

describe('the gateway', () => {
  behaviour(
    ['cli.gateway', 'cli.log', 'cli.dispatch'],
    'starts, runs cards, tells how it is, and stops',
    async () => {
      using home = new Home()
      expect(await home.yard('gateway', 'status', '--json')).toMatchObject({
        code: 1,
        stdout: expect.stringContaining('"running": false') as string,
      })
      const started = await home.ok('gateway', 'start', '--detach')
      try {
        const pid = Number(/pid (\d+)/.exec(started)?.[1])
        expect(await home.json('gateway', 'status')).toMatchObject({
          running: true,
          healthy: true,
          dispatching: true,
          pid,
          problems: [],
          crashed: false,
        })
        expect(await home.refused('gateway', 'start')).toContain(`pid ${pid}`)
        expect(await home.refused('gateway', 'start', '--detach')).toContain('is running already')
        expect(await home.refused('daemon', '--force')).toContain('is running')
        const quiet = await home.yard('create', 'no warning now', '--assignee', 'shell', '--triage')
        expect(quiet.stderr).toBe('')

        const id = await home.create(
          'speaks',
          '--assignee',
          'shell',
          '--body',
          'echo one; echo two; echo zwölf',
        )
        const log = follow(home, 'log', id, '--follow')
        expect([await log.next(), await log.next(), await log.next()]).toEqual(['one', 'two', 'zwölf'])
        expect(await log.result).toMatchObject({ code: 0, stderr: '' })
        expect(await home.ok('log', id)).toBe('one\ntwo\nzwölf\n')
        expect(await home.ok('log', id, '--tail', '4')).toBe('lf\n')
        expect(await home.json('log', id, '--tail', '10')).toMatchObject({
          task_id: id,
          run_id: 1,
          exists: true,
          size_bytes: 15,
          content: 'wo\nzwölf\n',
          truncated: true,
        })
        expect(await home.refused('log', id, '--run', '9')).toContain('has no run 9')
        const { runs } = await home.json<{ runs: { outcome: string }[] }>('show', id)
        expect(runs).toMatchObject([
          { outcome: 'completed', exit_code: 0, log_path: expect.stringContaining(id) as string },
        ])
        expect(await home.refused('restore', join(home.path, 'kanban.db'))).toMatch(/gateway|open/)
        expect(
          (await home.json<{ checks: { check: string; status: string }[] }>('doctor')).checks,
        ).toContainEqual(expect.objectContaining({ check: 'gateway', status: 'ok' }))
      } finally {
        expect(await home.ok('gateway', 'stop')).toContain('has stopped')
      }
      expect(await home.json('gateway', 'stop')).toEqual({ stopped: false })
      expect((await home.yard('gateway', 'status')).code).toBe(1)
    },
  )

  behaviour(
    ['cli.dispatch', 'dispatch.dry-run'],
    'dispatch makes one pass, or only says what it would do',
    async () => {
      using home = new Home()
      const first = await home.create('first', '--assignee', 'shell', '--body', 'true', '--priority', '1')
      const second = await home.create('second', '--assignee', 'shell', '--body', 'true')
      const nobody = await home.create('nobody')
      const lost = await home.create('lost', '--assignee', 'stranger')
      const preview = await home.json<Record<string, unknown[]>>('dispatch', '--dry-run')
      expect(preview).toMatchObject({
        spawned: [{ task_id: first, assignee: 'shell' }, { task_id: second }],
        skipped_unassigned: [nobody],
        preflight_failed: [{ task_id: lost }],
      })
      expect((await home.json<{ status: string }[]>('list')).every(({ status }) => status === 'ready')).toBe(
        true,
      )
      const tail = follow(home, 'tail', first, '--json', '--kinds', 'completed')
      expect(await home.json('dispatch', '--max', '1')).toMatchObject({ spawned: [{ task_id: first }] })
      expect(await tail.json()).toMatchObject({ kind: 'completed' })
      await tail.end()
      expect(await home.json('why', second)).toMatchObject({ status: 'ready' })
      const text = await home.ok('dispatch', '--failure-limit', '1')
      expect(text).toContain(`started ${second} for shell in `)
      expect(text).toContain(`given up: ${lost}`)
      expect(await home.json('why', lost)).toMatchObject({
        status: 'blocked',
        reasons: [{ kind: 'preflight' }],
      })
    },
  )

  behaviour('cli.daemon', 'daemon names the gateway and exits 2, unless it is forced', async () => {
    using home = new Home()
    expect(await home.misused('daemon')).toContain('yard gateway start')
    expect(await home.misused('daemon', '--interval', '5')).toContain('yard gateway start')
    expect(await home.ok('daemon', '--help')).not.toContain('--force')
    const pidfile = join(home.folder, 'pid')
    const daemon = follow(
      home,
      'daemon',
      '--force',
      '--interval',
      '5',
      '--max',
      '1',
      '--failure-limit',
      '2',
      '--pidfile',
      pidfile,
    )
    expect(await daemon.next()).toContain('The dispatcher runs')
    const id = await home.create('by the daemon', '--assignee', 'shell', '--body', 'true')
    const tail = follow(home, 'tail', id, '--json', '--kinds', 'completed')
    expect(await tail.json()).toMatchObject({ kind: 'completed' })
    await tail.end()
    expect((await daemon.end('SIGTERM')).code).toBe(0)
  })
})
