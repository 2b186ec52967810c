/** The stream as server-sent events: what `curl -N` and a browser's EventSource understand. */
import type { EventFilter } from './filter.ts'
import type { EventHub } from './event-hub.ts'
import type { Line } from './subscriber.ts'

/** Bytes that may wait for a slow client. */
const HIGH_WATER = 1_000_000

export interface SseOptions {
  readonly hub: Pick<EventHub, 'subscribe'>
  readonly filter: EventFilter
  readonly since: number | null
  /** Told how to end the stream; gives what to dispose of when it is over. */
  readonly onOpen: (end: () => void) => Disposable
}

/** Each frame is one message; its id is the cursor, which an EventSource sends back as Last-Event-ID when it comes again. */
export function sseStream({ hub, filter, since, onOpen }: SseOptions): ReadableStream<Uint8Array> {
  const encoder = new TextEncoder()
  let wake = () => {}
  let leave = () => {}
  return new ReadableStream<Uint8Array>(
    {
      async start(controller) {
        let isOver = false
        const over = new DisposableStack()
        leave = () => {
          isOver = true
          over.dispose()
        }
        const end = () => {
          if (isOver) return
          leave()
          controller.close()
        }
        const line: Line = {
          send(frame, { type, cursor }) {
            if (isOver) return true
            controller.enqueue(encoder.encode(`id: ${cursor}\nevent: ${type}\ndata: ${frame}\n\n`))
            return (controller.desiredSize ?? 0) > 0
          },
          onDrain(listener) {
            wake = listener
          },
        }
        over.use(onOpen(end))
        const subscription = await hub.subscribe(line, filter, since).catch((error: unknown) => {
          leave()
          throw error
        })
        if (isOver) subscription[Symbol.dispose]()
        else over.use(subscription)
      },
      pull() {
        const listener = wake
        wake = () => {}
        listener()
      },
      cancel: () => leave(),
    },
    new ByteLengthQueuingStrategy({ highWaterMark: HIGH_WATER }),
  )
}
