/** What one run finds out about its provider, everybody else is spared. */
import { describe, expect, test } from 'vitest'
import type { RunAgentNews } from '../../src/domain/run-agent.ts'
import { databases } from '../helpers/boards.ts'
import { alice, dispatcher, openTestKernel, type TestKernel } from '../helpers/kernel.ts'

const agentRun = async (board: TestKernel, id: string, provider = 'acme') => {
  const { assignee } = await board.task(id)
  const opened = await board.kernel.openRun(
    {
      taskId: id,
      profile: assignee ?? '',
      bootId: 'boot-1',
      claimLock: 'testhost:1',
      maxRuntimeSeconds: null,
      logFolder: '/logs',
      workspace: { path: `/srv/work/${id}`, kind: 'scratch', repository: null, branch: null },
      policy: board.policy,
      caps: { board: 1_000, profile: 1_000 },
      agent: { agent: 'claude', provider, cwd: `/srv/work/${id}`, fingerprint: 'same', resumedFrom: null },
    },
    dispatcher,
  )
  if ('refused' in opened) return { refused: opened.refused }
  const run = board.hold(opened.runId, opened.secret, id, assignee ?? '')
  await run.start()
  return { run }
}

const opened = async (...given: Parameters<typeof agentRun>) => {
  const answer = await agentRun(...given)
  if (answer.run === undefined) throw new Error(`the run was refused: ${answer.refused.text}`)
  return answer.run
}

const quota = { class: 'quota', provider: 'acme', message: 'too many requests', retryAt: null } as const
const locked = { class: 'credential', provider: 'acme', message: 'invalid key', retryAt: null } as const
const answered: RunAgentNews = {
  session: 's-1',
  model: null,
  hasAnswered: true,
  lastTool: null,
  lastMessage: 'hello',
  usage: { input: 10, cached: 2, output: 3, cost: 0.5 },
  problem: null,
}

describe.each(databases)('on $name', (database) => {
  test('F32: a limit holds all cards of the provider, charges none, and is tried by one run at a time', async () => {
    await using board = await openTestKernel(database)
    const cards = [await board.given(), await board.given(), await board.given({ assignee: 'writer' })]
    const ids = cards.map(({ id }) => id) as [string, string, string]
    const first = await opened(board, ids[0])
    await first.end('rate_limited', { problem: quota })
    expect((await board.task(ids[0])).status).toBe('ready')

    // Another profile of the same provider waits too; another provider does not.
    expect((await agentRun(board, ids[2])).refused).toMatchObject({ kind: 'cooldown' })
    expect((await agentRun(board, ids[2], 'other')).run).toBeDefined()
    expect((await board.kernel.why(ids[0], { caps: null, dispatcher: 'running' })).reasons).toMatchObject([
      { kind: 'cooldown', text: expect.stringContaining('provider acme: its limit is reached') as string },
    ])

    board.clock.advance(31)
    await board.tick()
    const probe = await opened(board, ids[0])
    expect((await agentRun(board, ids[1])).refused?.text).toContain('is trying whether provider acme')
    // The second refusal is believed for longer.
    await probe.end('rate_limited', { problem: quota })
    board.clock.advance(31)
    expect((await agentRun(board, ids[1])).refused).toMatchObject({ kind: 'cooldown' })
    board.clock.advance(31)

    const second = await opened(board, ids[1])
    await board.kernel.recordAgent({ runId: second.id, secret: second.secret }, answered)
    expect((await agentRun(board, ids[0])).run).toBeDefined()
    expect((await board.kernel.listRunAgents(ids[1])).at(-1)).toMatchObject({
      session: 's-1',
      tokensIn: 10,
      tokensCached: 2,
      tokensOut: 3,
      costMicros: 500_000,
    })
  })

  test('F32: the time the provider names is believed', async () => {
    await using board = await openTestKernel(database)
    const { id } = await board.given()
    const run = await opened(board, id)
    await run.end('rate_limited', { problem: { ...quota, retryAt: board.clock.now() + 5_000 } })
    board.clock.advance(4_999)
    expect((await agentRun(board, id)).refused).toBeDefined()
    board.clock.advance(2)
    expect((await agentRun(board, id)).run).toBeDefined()
  })

  test('F32: a person who knows better lifts it', async () => {
    await using board = await openTestKernel(database)
    const { id } = await board.given()
    const run = await opened(board, id)
    await run.end('rate_limited', { problem: { ...quota, retryAt: board.clock.now() + 5 * 86_400 } })
    const { reasons } = await board.kernel.why(id, { caps: null, dispatcher: 'running' })
    expect(reasons).toMatchObject([{ kind: 'cooldown', lift: 'yard resume provider:acme' }])
    await board.kernel.resume({ scope: 'provider', target: 'acme' }, alice)
    expect((await agentRun(board, id)).run).toBeDefined()
  })

  test('F33: a login that is not accepted holds its profile once, and a person frees it', async () => {
    await using board = await openTestKernel(database)
    const cards = await Promise.all(Array.from({ length: 5 }, () => board.given()))
    const run = await opened(board, cards[0]!.id)
    await run.end('misconfigured', { problem: locked })
    for (const { id } of cards)
      expect((await agentRun(board, id)).refused).toMatchObject({
        kind: 'preflight',
        text: expect.stringContaining('invalid key') as string,
      })
    expect(await board.kernel.listHolds()).toMatchObject([
      { scope: 'profile', target: 'coder', kind: 'preflight' },
    ])
    await board.kernel.resume({ scope: 'profile', target: 'coder' }, alice)
    for (const { id } of cards) expect((await agentRun(board, id)).run).toBeDefined()
  })

  test('F33: what may be repaired may be tried, by one run', async () => {
    await using board = await openTestKernel(database)
    const [one, two] = [await board.given(), await board.given()]
    const run = await opened(board, one.id)
    await run.end('misconfigured', { problem: locked })
    expect(await board.kernel.letProbe('coder')).toBe(true)
    expect(await board.kernel.letProbe('coder')).toBe(false)
    expect((await agentRun(board, one.id)).run).toBeDefined()
    expect((await agentRun(board, two.id)).refused).toBeDefined()
  })
})
