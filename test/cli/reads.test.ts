import { expect } from 'vitest'
import { TABLE } from '../../src/cli/table.ts'
import { behaviour } from '../behaviours.ts'
import { Home } from './home.ts'

/** Everything on the board that a listing or a preview might touch. */
async function busyBoard(home: Home): Promise<string> {
  const parent = await home.create('parent')
  const id = await home.create('child', '--assignee', 'shell', '--body', 'true', '--parent', parent)
  await home.create('later', '--not-before', '1')
  await home.ok('comment', id, 'hello')
  // A claim that has run out by the time it is looked at.
  await home.ok('claim', parent, '--ttl', '1')
  const ready = await home.create('ready', '--assignee', 'shell', '--body', 'true')
  await home.ok('pause', 'coder')
  return ready
}

behaviour(['F44', 'dispatch.dry-run'], 'no verb that reads changes a byte of the board', async () => {
  using home = new Home()
  const id = await busyBoard(home)
  await home.ok('budget', 'set', 'profile:coder:runs:day', '--hard', '0')
  await home.ok('backup')
  const how: Readonly<Record<string, readonly (readonly string[])[]>> = {
    show: [[id]],
    why: [[id]],
    runs: [[id]],
    log: [[id]],
    context: [[id]],
    attachments: [[id]],
    'budget show': [['profile:coder:runs:day']],
    usage: [[], ['--by', 'day'], ['--since', '7d']],
    search: [['work']],
    'config get': [['kanban.max_running']],
    'profile show': [['shell']],
    'profile check': [['shell']],
    completion: [['bash'], ['complete', '--', 'show', '']],
    list: [[], ['--archived'], ['--mine']],
    workspaces: [[], ['--sizes'], ['--trash'], ['--all']],
  }
  const live = new Set(['tail', 'watch', 'demo'])
  const reading = []
  for (const { name, load } of TABLE) {
    const { effect } = await load()
    if (effect === 'reads' && !live.has(name))
      for (const rest of how[name] ?? [[]]) reading.push([...name.split(' '), ...rest])
  }
  reading.push(['dispatch', '--dry-run'], ['dispatch', '--dry-run', '--json'], ['backup', '--list'])
  // The claim has run out and the start time has come: whoever sweeps now would show.
  const before = home.fingerprint()
  const events = await home.json<{ events: unknown[] }>('show', id)
  for (const words of reading) {
    const { code, stderr } = await home.yard(...words)
    expect([0, 1], `yard ${words.join(' ')}: ${stderr}`).toContain(code)
    expect(home.fingerprint(), `yard ${words.join(' ')}`).toBe(before)
  }
  expect(await home.json('show', id)).toEqual(events)
})

behaviour('F67', 'a test client stays out of real homes, and the others out of test homes', async () => {
  using home = new Home()
  await home.ok('init')
  const before = home.fingerprint()
  for (const words of [
    ['list'],
    ['create', 'x'],
    ['gateway', 'start'],
    ['config', 'set', 'kanban.max_running', '1'],
  ]) {
    const stranger = await home.run(words, { env: { YARD_TEST: undefined } })
    expect(stranger, words.join(' ')).toMatchObject({
      code: 1,
      stdout: '',
      stderr: expect.stringContaining('home for tests') as string,
    })
    const tester = await home.run(words, { env: { YARD_HOME: home.folder } })
    expect(tester, words.join(' ')).toMatchObject({
      code: 1,
      stdout: '',
      stderr: expect.stringContaining('not a home for tests') as string,
    })
  }
  expect(home.fingerprint()).toBe(before)
})

behaviour('F55', 'every change names its author and its door', async () => {
  using home = new Home()
  const { stdout } = await home.run(['create', 'x', '--json'], { env: { YARD_USER: 'mia' } })
  const { id } = JSON.parse(stdout) as { id: string }
  for (const words of [
    ['assign', id, 'shell'],
    ['comment', id, 'x'],
    ['edit', id, '--priority', '1'],
    ['claim', id],
    ['heartbeat', id],
    ['block', id],
    ['unblock', id],
    ['pause', id],
    ['resume', id],
    ['complete', id],
    ['archive', id],
    ['restore-task', id],
    ['retry', id],
  ])
    // prettier-ignore
    await home.ok(...words)
  const { events } = await home.json<{ events: { kind: string; actor: string; door: string }[] }>('show', id)
  expect(events.length).toBeGreaterThan(12)
  for (const event of events)
    expect(event, event.kind).toMatchObject({
      actor: event.kind === 'created' ? 'mia' : 'alice',
      door: 'cli',
    })
  const odd = await home.run(['create', 'x'], { env: { YARD_USER: 'two words' } })
  expect(odd).toMatchObject({ code: 1, stdout: '' })
})
