/** Text that is sent as it comes to be, no faster than the client reads it. */

/** Bytes that may wait for a slow client; what produces the text waits with it. */
const HIGH_WATER = 64 * 1024

export interface TextStreamOptions {
  /** Gives the text piece by piece; ends early, and soon, when the signal says so. */
  readonly produce: (signal: AbortSignal) => AsyncIterable<string>
  /** Told how to end the stream; gives what to dispose of when it is over. */
  readonly onOpen: (end: () => void) => Disposable
}

/** Ends with the text, with the client, or when `end` is called. */
export function textStream({ produce, onOpen }: TextStreamOptions): ReadableStream<Uint8Array> {
  const encoder = new TextEncoder()
  const leaving = new AbortController()
  const end = () => leaving.abort()
  const opened = onOpen(end)
  const pieces = produce(leaving.signal)[Symbol.asyncIterator]()
  const over = async () => {
    end()
    opened[Symbol.dispose]()
    await pieces.return?.()
  }
  return new ReadableStream<Uint8Array>(
    {
      async pull(controller) {
        try {
          const { value, done } = await pieces.next()
          if (done !== true) return controller.enqueue(encoder.encode(value))
          await over()
          controller.close()
        } catch (error) {
          await over()
          controller.error(error)
        }
      },
      cancel: over,
    },
    new ByteLengthQueuingStrategy({ highWaterMark: HIGH_WATER }),
  )
}
