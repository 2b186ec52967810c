import { describe, expect } from 'vitest'
import { AcpConversation } from '../../src/runner/drivers/acp.ts'
import type { AgentRunOptions } from '../../src/runner/drivers/driver.ts'
import { acp } from '../../src/agents/rows/acp.ts'
import { behaviour } from '../behaviours.ts'

/** A conversation whose agent is the test. */
function converse(
  answer: (request: { id: number; method: string }) => unknown,
  sleep: () => Promise<void> = () => new Promise(() => {}),
) {
  const heard: unknown[] = []
  const options = {
    spec: { cwd: '/work' },
    task: { cli: acp, model: null, permissions: 'board', resume: null },
    tools: null,
    clock: { now: () => 0, monotonicMs: () => 0, sleep },
    env: {},
  } as unknown as AgentRunOptions
  const conversation = new AcpConversation(options, {
    heard: (items) => heard.push(...items),
    again: () => {},
    send: (line) => {
      const request = JSON.parse(line) as { id: number; method: string }
      const result = answer(request)
      if (result !== undefined)
        conversation.receive(
          Buffer.from(`not a message\n${JSON.stringify({ jsonrpc: '2.0', id: request.id, result })}\n`),
        )
    },
  })
  return { conversation, heard }
}

describe('a conversation over the Agent Client Protocol', () => {
  behaviour(
    'acp.errors',
    'an agent that never answers is given up, with the question it left open',
    async () => {
      const { conversation } = converse(
        () => undefined,
        () => Promise.resolve(),
      )
      await expect(conversation.open(null)).rejects.toThrow(
        'it did not say what it can do (initialize) within 60 s',
      )
    },
  )

  behaviour('acp.errors', 'an agent that ends while it is asked ends the conversation', async () => {
    const { conversation } = converse(({ method }) => {
      if (method === 'initialize') return { protocolVersion: 1, agentCapabilities: {} }
      if (method === 'session/new') return { sessionId: 's1' }
      queueMicrotask(() => conversation.closed())
      return undefined
    })
    await conversation.open(null)
    await expect(conversation.prompt('work')).rejects.toThrow('it ended before its turn was over')
  })
})
