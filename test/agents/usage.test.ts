/** What agents count, from lines that the real programs printed: every answer once, whatever their own sums include. */
import { describe, expect, test } from 'vitest'
import { SessionUpdates } from '../../src/agents/output/acp.ts'
import type { StreamItem } from '../../src/agents/output/stream-item.ts'
import { AgentFindings } from '../../src/agents/findings.ts'
import { openOutput } from '../../src/agents/output/read-output.ts'
import type { TokenCounts } from '../../src/domain/run-agent.ts'

type Output = Parameters<typeof openOutput>[0]
type Value = Readonly<Record<string, unknown>>

/** One run: what its program printed in each turn; the session it goes on in, with its counters. */
async function run(
  output: Output,
  turns: readonly (readonly Value[])[],
  resumed: { session: string; counted: TokenCounts | null } | null = null,
): Promise<AgentFindings> {
  const findings = new AgentFindings({ errors: [] }, () => 0, resumed)
  for (const [index, lines] of turns.entries()) {
    if (index > 0) findings.beginTurn()
    const reader = await openOutput(output)
    for (const value of lines)
      for (const item of reader.push(Buffer.from(`${JSON.stringify(value)}\n`))) findings.take(item)
    for (const item of reader.end()) findings.take(item)
  }
  return findings
}

const tokens = (input: number, output: number, cached = 0) => ({ input, cached, output })
const used = (counts: TokenCounts, cost: number | null = null) => ({
  ...counts,
  cost,
  unpriced: cost === null || cost === 0 ? counts : tokens(0, 0),
})

describe('Claude Code', () => {
  const answer = (id: string, type: string) => ({
    type: 'assistant',
    message: {
      id,
      content: [{ type, text: 'hello', id: `toolu_${id}`, name: 'Bash', input: {} }],
      usage: {
        input_tokens: 10,
        output_tokens: 20,
        cache_creation_input_tokens: 30,
        cache_read_input_tokens: 60,
      },
    },
  })
  /** The sums of the session go on; the part since the last result does not. */
  const result = (runs: number) => ({
    type: 'result',
    total_cost_usd: 0.5 * runs,
    usage: {
      input_tokens: 20,
      output_tokens: 40,
      cache_creation_input_tokens: 60,
      cache_read_input_tokens: 120,
    },
    modelUsage: { big: { inputTokens: 20 * runs, outputTokens: 40 * runs, costUSD: 0.4 * runs } },
    model_usage_since_last_result: {
      big: {
        inputTokens: 20,
        outputTokens: 40,
        cacheReadInputTokens: 120,
        cacheCreationInputTokens: 60,
        costUSD: 0.4,
      },
      small: {
        inputTokens: 5,
        outputTokens: 1,
        cacheReadInputTokens: 0,
        cacheCreationInputTokens: 0,
        costUSD: 0.1,
      },
    },
  })
  const turn = [answer('m1', 'text'), answer('m1', 'tool_use'), answer('m2', 'text')]

  test('W06: is counted while it works, an answer in several messages once', async () => {
    expect((await run('claude', [turn])).usage).toEqual(used(tokens(200, 40, 120)))
  })

  test('W06: tells the whole in the end, with its helpers, and in a later run of the session that run alone', async () => {
    const first = await run('claude', [[...turn, result(1)]])
    expect(first.usage).toEqual(used(tokens(205, 41, 120), 0.5))
    const later = await run('claude', [[...turn, result(2)]], { session: 's', counted: first.sessionUsage })
    expect(later.usage).toEqual(used(tokens(205, 41, 120), 0.5))
  })

  test('W06: keeps what an earlier turn cost, and says of the next one that its cost is unknown', async () => {
    expect((await run('claude', [[...turn, result(1)], turn])).usage).toEqual({
      ...tokens(405, 81, 240),
      cost: 0.5,
      unpriced: tokens(200, 40, 120),
    })
  })
})

describe('Codex', () => {
  const thread = (id: string) => ({ type: 'thread.started', thread_id: id })
  const completed = (answers: number) => ({
    type: 'turn.completed',
    usage: { input_tokens: 100 * answers, cached_input_tokens: 50 * answers, output_tokens: 20 * answers },
  })

  test('W06: counts through the thread, over turns and runs; each run is told its own part', async () => {
    const first = await run('codex', [
      [thread('t'), completed(1)],
      [thread('t'), completed(3)],
    ])
    expect(first.usage).toEqual(used(tokens(300, 60, 150)))
    expect(first.sessionUsage).toEqual(tokens(300, 60, 150))
    const later = await run('codex', [[thread('t'), completed(5)]], {
      session: 't',
      counted: first.sessionUsage,
    })
    expect(later.usage).toEqual(used(tokens(200, 40, 100)))
    // A run that was killed before it could tell: the next one tells for both.
    const killed = await run('codex', [[thread('t')]], { session: 't', counted: later.sessionUsage })
    const after = await run('codex', [[thread('t'), completed(8)]], {
      session: 't',
      counted: killed.sessionUsage,
    })
    expect([killed.usage.input, after.usage.input]).toEqual([0, 300])
  })

  test('W06: begins anew with another thread, and when its counters do', async () => {
    const counted = tokens(500, 100, 250)
    const fresh = await run('codex', [[thread('other'), completed(6)]], { session: 't', counted })
    expect(fresh.usage.input).toBe(600)
    const reset = await run('codex', [[thread('t'), completed(2)]], { session: 't', counted })
    expect(reset.usage).toEqual(used(tokens(200, 40, 100)))
  })
})

describe('an agent that speaks the Agent Client Protocol', () => {
  const total = (amount: number, currency = 'USD') => ({
    sessionUpdate: 'usage_update',
    used: 10,
    size: 100,
    cost: { amount, currency },
  })
  const costOf = (updates: SessionUpdates, ...amounts: number[]) =>
    amounts
      .flatMap((amount) => updates.take(total(amount)))
      .reduce((sum, item) => sum + (item.kind === 'usage' ? (item.usage.cost ?? 0) : 0), 0)

  test('W06: costs what its session came to cost since', () => {
    expect(costOf(new SessionUpdates(0), 0.5, 0.5, 2)).toBe(2)
    expect(costOf(new SessionUpdates(2), 2, 3)).toBe(1)
    // Nobody knew, and it said so itself when it was gone on with.
    const told = new SessionUpdates(null)
    told.before(total(1))
    told.before(total(2))
    expect(costOf(told, 3)).toBe(2)
    expect(new SessionUpdates(0).take(total(5, 'credits'))).toEqual([])
  })

  test('W06: has begun anew where its cost stands lower than before', () => {
    expect(costOf(new SessionUpdates(2), 0.5, 0.75)).toBe(0.75)
    const told = new SessionUpdates(2)
    told.before(total(0))
    expect(costOf(told, 3)).toBe(3)
  })

  test('W06: keeps where the cost of its session stands, and forgets it with the session', () => {
    const findings = new AgentFindings({ errors: [] }, () => 0, {
      session: 's',
      counted: { ...tokens(0, 0), cost: 1 },
    })
    const hear = (items: readonly StreamItem[]) => items.forEach((item) => findings.take(item))
    hear([{ kind: 'session', id: 's' }])
    hear(new SessionUpdates(1).take(total(3)))
    expect([findings.usage.cost, findings.sessionUsage]).toEqual([2, { ...tokens(0, 0), cost: 3 }])
    hear([{ kind: 'session', id: 'other' }])
    expect(findings.sessionUsage).toBeNull()
  })

  test('W06: counts the tokens it tells of a turn, or of the session where its row says so', () => {
    const answer = (input: number) => ({
      usage: { inputTokens: input, outputTokens: 5, totalTokens: input + 5 },
    })
    const used = (counts: 'turn' | 'session', before: number) => {
      const findings = new AgentFindings({ errors: [] }, () => 0, {
        session: 's',
        counted: tokens(before, 5),
      })
      const updates = new SessionUpdates(0, counts)
      for (const input of [110, 130]) {
        findings.beginTurn()
        for (const item of [...updates.take(total(input / 100)), ...updates.endTurn(answer(input))])
          findings.take(item)
      }
      return [findings.usage.input, findings.usage.cost, findings.sessionUsage?.input]
    }
    expect(used('turn', 0)).toEqual([240, 1.3, 0])
    expect(used('session', 100)).toEqual([30, 1.3, 130])
  })
})

test('W06: Amp counts answers that have no ids, each of them, and a result that counts nothing takes nothing away', async () => {
  const answer = (input: number, cached: number, output: number) => ({
    type: 'assistant',
    session_id: 'T-1',
    message: {
      type: 'message',
      role: 'assistant',
      content: [{ type: 'text', text: 'hello' }],
      stop_reason: 'end_turn',
      usage: {
        input_tokens: 10,
        cache_creation_input_tokens: input - cached - 10,
        cache_read_input_tokens: cached,
        output_tokens: output,
        service_tier: 'standard',
      },
    },
  })
  const result = { type: 'result', subtype: 'success', is_error: false, num_turns: 2, result: 'hello' }
  expect((await run('claude', [[answer(8_566, 0, 94), answer(8_700, 8_556, 20), result]])).usage).toEqual(
    used(tokens(17_266, 114, 8_556)),
  )
})

test('W06: Qwen Code sums up the session, and counts answers that are not shown', async () => {
  const init = { type: 'system', subtype: 'init', session_id: 's', model: 'm' }
  const shown = (id: string, input: number) => ({
    type: 'assistant',
    message: {
      id,
      content: [{ type: 'text', text: 'hello' }],
      usage: { input_tokens: input, output_tokens: 2 },
    },
  })
  const result = (input: number) => ({ type: 'result', usage: { input_tokens: input, output_tokens: 8 } })
  const first = await run('claude', [[init, shown('a', 0), shown('b', 100), result(200)]])
  expect(first.usage.input).toBe(200)
  const later = await run('claude', [[init, shown('c', 100), result(300)]], {
    session: 's',
    counted: first.sessionUsage,
  })
  expect(later.usage.input).toBe(100)
})

test('W06: OpenCode adds up its steps; a cost of 0 beside tokens says that it knows no price', async () => {
  const step = (cost: number) => ({
    type: 'step_finish',
    sessionID: 's',
    part: { tokens: { input: 100, output: 15, reasoning: 5, cache: { read: 10, write: 0 } }, cost },
  })
  expect((await run('opencode', [[step(0), step(0)]])).usage).toEqual(used(tokens(220, 40, 20), 0))
  expect((await run('opencode', [[step(0.25), step(0.25)]])).usage).toEqual(used(tokens(220, 40, 20), 0.5))
})
