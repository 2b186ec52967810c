import { describe, expect, test } from 'vitest'
import { silentLog } from '../../src/lib/log.ts'
import { sseStream } from '../../src/server/events/sse.ts'
import { StandingConnections } from '../../src/server/events/standing.ts'

/** Connections whose credentials a test ends, and a change feed that it rings. */
function openStanding() {
  const lapsed = new Set<string>()
  const asked: string[][] = []
  const listeners = new Set<() => void>()
  let answer = () => Promise.resolve()
  const standing = new StandingConnections({
    authenticator: {
      async findLapsed(secrets) {
        asked.push([...secrets])
        await answer()
        return new Set([...secrets].filter((secret) => lapsed.has(secret)))
      },
    },
    watch(listener) {
      listeners.add(listener)
      return { [Symbol.dispose]: () => void listeners.delete(listener) }
    },
    log: silentLog,
  })
  return {
    standing,
    asked,
    lapsed,
    listeners,
    answersAfter: (wait: () => Promise<void>) => void (answer = wait),
    add: (secret: string) => {
      const ended = Promise.withResolvers<void>()
      const entry = standing.add({ presented: { secret, by: 'bearer' }, end: ended.resolve })
      return { ended: ended.promise, [Symbol.dispose]: () => entry[Symbol.dispose]() }
    },
  }
}

describe('connections that stay open', () => {
  test('end when a change of the board ended their credential, and are watched for only while there are any', async () => {
    const { add, lapsed, listeners, standing } = openStanding()
    const first = add('first')
    using _second = add('second')
    await standing.look()
    lapsed.add('first')
    for (const listener of listeners) listener()
    await first.ended
    expect(listeners.size).toBe(1)
    first[Symbol.dispose]()
    _second[Symbol.dispose]()
    expect(listeners.size).toBe(0)
  })

  test('are looked at together, by a look that began after it was asked for', async () => {
    const { add, asked, standing, answersAfter } = openStanding()
    using _one = add('one')
    using _same = add('one')
    using _two = add('two')
    await standing.look()
    const gate = Promise.withResolvers<void>()
    const isAsked = Promise.withResolvers<void>()
    answersAfter(() => {
      isAsked.resolve()
      return gate.promise
    })
    const before = asked.length
    const first = standing.look()
    await isAsked.promise
    const later = [standing.look(), standing.look()]
    gate.resolve()
    await Promise.all([first, ...later])
    expect(asked.slice(before)).toEqual([
      ['one', 'two'],
      ['one', 'two'],
    ])
  })

  test('end each by itself: what goes wrong with one is no matter of the others', async () => {
    const { add, lapsed, standing } = openStanding()
    using _broken = standing.add({
      presented: { secret: 'gone', by: 'bearer' },
      end: () => {
        throw new TypeError('Invalid state: Controller is already closed')
      },
    })
    using other = add('gone')
    lapsed.add('gone')
    await standing.look()
    await other.ended
  })

  test('a look that fails says so, and the next one looks again', async () => {
    const { add, lapsed, standing, answersAfter } = openStanding()
    using one = add('one')
    await standing.look()
    answersAfter(() => Promise.reject(new Error('the board cannot be read')))
    await expect(standing.look()).rejects.toThrow('the board cannot be read')
    answersAfter(() => Promise.resolve())
    lapsed.add('one')
    await standing.look()
    await one.ended
  })
})

test('a stream that cannot begin fails, leaves nothing behind, and may be ended all the same', async () => {
  let end = () => {}
  let isHeld = true
  const stream = sseStream({
    hub: { subscribe: () => Promise.reject(new Error('the board cannot be read')) },
    filter: { task: null, run: null, kinds: null, tenant: null, assignee: null },
    since: null,
    onOpen(ends) {
      end = ends
      return { [Symbol.dispose]: () => void (isHeld = false) }
    },
  })
  await expect(stream.getReader().read()).rejects.toThrow('the board cannot be read')
  expect(isHeld).toBe(false)
  end()
})
