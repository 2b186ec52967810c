/** The reader behind the stream, with reads of the board that take as long as a test wants. */
import { describe, expect, test } from 'vitest'
import type { StreamFrame } from '../../src/contract/operations/events.ts'
import { silentLog } from '../../src/lib/log.ts'
import { EventHub } from '../../src/server/events/event-hub.ts'
import type { EventFilter } from '../../src/server/events/filter.ts'
import type { Line } from '../../src/server/events/subscriber.ts'
import { databases } from '../helpers/boards.ts'
import { openTestKernel, type TestKernel } from '../helpers/kernel.ts'

const EVERYTHING: EventFilter = { task: null, run: null, kinds: null, tenant: null, assignee: null }

/** A client that keeps what it is sent. */
class Listener implements Line {
  readonly frames: StreamFrame[] = []
  #wake = () => {}

  get ids(): number[] {
    return this.frames.flatMap(({ events }) => events.map(({ id }) => id))
  }

  send(frame: string): boolean {
    this.frames.push(JSON.parse(frame) as StreamFrame)
    this.#wake()
    return true
  }

  onDrain(): void {}

  async until(condition: (listener: this) => boolean): Promise<void> {
    while (!condition(this))
      await new Promise<void>((resolve) => {
        this.#wake = resolve
      })
  }
}

/** A read of changes that has taken them from the board and does not come back before it is released. */
interface HeldRead {
  readonly taken: Promise<void>
  release(): void
}

function openHub({ kernel, clock }: TestKernel) {
  let held: { readonly taken: () => void; readonly released: Promise<void> } | null = null
  let onceAsked = () => Promise.resolve()
  const hub = new EventHub({
    kernel: {
      deps: kernel.deps,
      async getLatestEventId() {
        const id = await kernel.getLatestEventId()
        const asked = onceAsked
        onceAsked = () => Promise.resolve()
        await asked()
        return id
      },
      async readChanges(range) {
        const changes = await kernel.readChanges(range)
        if (held === null || changes.events.length === 0) return changes
        const { taken, released } = held
        held = null
        taken()
        await released
        return changes
      },
    },
    checkStanding: () => Promise.resolve(),
    clock,
    log: silentLog,
    version: '0.0.0-test',
  })
  return {
    hub,
    /** The next read that finds something. */
    holdRead: (): HeldRead => {
      const taken = Promise.withResolvers<void>()
      const released = Promise.withResolvers<void>()
      held = { taken: taken.resolve, released: released.promise }
      return { taken: taken.promise, release: released.resolve }
    },
    /** Happens once, right after the hub was told the latest event and before it watches the board. */
    betweenAskingAndWatching: (happens: () => Promise<void>): void => {
      onceAsked = happens
    },
  }
}

describe.each(databases)('the reader of events on $name', (database) => {
  const give = async (board: TestKernel, count: number) => {
    for (let index = 0; index < count; index++) await board.given()
  }

  test('what is still being read for clients that left is sent to nobody who came after them', async () => {
    await using board = await openTestKernel(database)
    await give(board, 10)
    const { hub, holdRead } = openHub(board)
    using _hub = hub
    const first = new Listener()
    const stay = await hub.subscribe(first, EVERYTHING, null)
    const read = holdRead()
    await board.given()
    await read.taken
    stay[Symbol.dispose]()
    await give(board, 4)
    const second = new Listener()
    await hub.subscribe(second, EVERYTHING, 15)
    read.release()
    await board.given()
    await second.until(({ ids }) => ids.includes(16))
    expect(second.frames).toMatchObject([
      { type: 'hello', cursor: 15 },
      { type: 'events', cursor: 16, events: [{ id: 16 }] },
    ])
    expect(first.ids).toEqual([])
  })

  test('what is committed before the first client is watched for reaches it without another commit', async () => {
    await using board = await openTestKernel(database)
    const { hub, betweenAskingAndWatching } = openHub(board)
    using _hub = hub
    betweenAskingAndWatching(async () => void (await board.given()))
    const listener = new Listener()
    await hub.subscribe(listener, EVERYTHING, null)
    await listener.until(({ ids }) => ids.length === 1)
    expect(listener.ids).toEqual([1])
  })
})
