/**
 * The stream of events as something to iterate over. It goes on where it was when the line or the server comes back, and says
 * when it has heard nothing for so long that what is on the screen may be old.
 */
import type { Card, Event, StreamFrame } from './types.ts'
import { YardError } from './yard-error.ts'

export interface EventFilter {
  readonly task?: string
  readonly run?: number
  readonly kinds?: readonly string[]
  readonly tenant?: string
  readonly assignee?: string
}

export interface EventStreamOptions extends EventFilter {
  /** `latest_event_id` of the board that was read; without it the stream begins now. */
  readonly since?: number
  /** Ends the stream. */
  readonly signal?: AbortSignal
  /**
   * How often it is tried to reach the server in the first place; what stopped the last one is thrown. 5 by default, which
   * takes some four seconds; `Infinity` waits for a server that is yet to come. A line that stood once is opened again for
   * as long as it takes.
   */
  readonly tries?: number
}

export type StreamItem =
  /** The line stands; `isAgain` when it had been lost: nothing was missed. */
  | { readonly type: 'open'; readonly cursor: number; readonly version: string; readonly isAgain: boolean }
  /**
   * Events; the cards they touched as they are now, to be put in place of yours; and the ids of those that have `left` what
   * you asked for, to be taken away.
   */
  | {
      readonly type: 'events'
      readonly cursor: number
      readonly events: readonly Event[]
      readonly cards: readonly Card[]
      readonly left: readonly string[]
    }
  /** Read the board again; the stream goes on after its `latest_event_id`. */
  | { readonly type: 'resync'; readonly cursor: number; readonly reason: string }
  /** Nothing has been heard for too long, or the line is lost; it is being opened again. */
  | { readonly type: 'stale' }

interface StreamParts extends EventStreamOptions {
  readonly server: () => string
  /** Where to connect; asked for each time, and only until the signal. */
  readonly address: (query: Readonly<Record<string, string>>, signal: AbortSignal) => Promise<string>
}

/** Until the server has said how often it speaks. */
const FIRST_HEARTBEAT_MS = 8_000
/** Two heartbeats and a little may pass in silence. */
const SILENCE = 2.25
const FIRST_TRIES = 5
const BACKOFF_MS = [0, 250, 500, 1_000, 2_000, 4_000, 8_000] as const
const UNAUTHORISED = 1008

export async function* eventStream(parts: StreamParts): AsyncGenerator<StreamItem> {
  const { signal, tries = FIRST_TRIES } = parts
  let cursor = parts.since
  let failures = 0
  let wasOpen = false
  while (signal?.aborted !== true) {
    await pause(BACKOFF_MS[Math.min(failures, BACKOFF_MS.length - 1)] ?? 0, signal)
    if (isAborted(signal)) return
    const line = await connect(parts, cursor)
    try {
      for (;;) {
        const frame = await line.next()
        if (frame === null) break
        failures = 0
        cursor = Math.max(frame.type === 'resync' ? 0 : (cursor ?? 0), frame.cursor)
        const item = itemOf(frame, wasOpen)
        if (frame.type === 'hello') wasOpen = true
        if (item !== null) yield item
      }
    } finally {
      line.close()
    }
    if (isAborted(signal)) return
    const { error, isFinal } = line.ending()
    if (isFinal) throw error
    // The first try again is made at once: a server that restarts is back in a moment.
    if (failures === 0 && wasOpen) yield { type: 'stale' }
    failures += 1
    if (!wasOpen && failures >= tries) throw error
  }
}

const isAborted = (signal: AbortSignal | undefined): boolean => signal?.aborted === true

function itemOf(frame: StreamFrame, isAgain: boolean): StreamItem | null {
  switch (frame.type) {
    case 'hello':
      return { type: 'open', cursor: frame.cursor, version: frame.version, isAgain }
    case 'events':
      return {
        type: 'events',
        cursor: frame.cursor,
        events: frame.events,
        cards: frame.cards,
        left: frame.left,
      }
    case 'resync':
      return { type: 'resync', cursor: frame.cursor, reason: frame.reason }
    case 'ping':
      return null
  }
}

interface Line {
  /** The next frame; null when the line is over. */
  next(): Promise<StreamFrame | null>
  /** Why it is over, and whether trying again would end the same way. */
  ending(): Ending
  close(): void
}

interface Ending {
  readonly error: YardError
  readonly isFinal: boolean
}

async function connect(
  { server, address, signal, since: _since, tries: _tries, ...filter }: StreamParts,
  cursor: number | undefined,
): Promise<Line> {
  const query = Object.fromEntries(
    Object.entries({ ...filter, since: cursor }).flatMap(([name, value]) =>
      value === undefined ? [] : [[name, String(value)]],
    ),
  )
  const frames: StreamFrame[] = []
  let wake = () => {}
  let isOver = false
  const lost = (reason: string): Ending => ({
    error: YardError.unreachable(server(), new Error(reason)),
    isFinal: false,
  })
  let ending = lost('nothing was heard of it')
  let silence: ReturnType<typeof setTimeout> | undefined
  let heartbeatMs = FIRST_HEARTBEAT_MS
  const end = () => {
    isOver = true
    clearTimeout(silence)
    wake()
  }
  let socket: WebSocket
  // A server that went away without a word never answers.
  const patience = AbortSignal.timeout(FIRST_HEARTBEAT_MS)
  try {
    socket = new WebSocket(
      await address(query, signal === undefined ? patience : AbortSignal.any([signal, patience])),
    )
  } catch (error) {
    // A ticket that was refused would be refused again.
    const isHopeful = error instanceof YardError && (error.status < 400 || error.status >= 500)
    if (!isHopeful && !patience.aborted && !isAborted(signal)) throw error
    if (isHopeful) ending = { error, isFinal: false }
    return { next: () => Promise.resolve(null), ending: () => ending, close: () => {} }
  }
  const listen = () => {
    clearTimeout(silence)
    silence = setTimeout(() => {
      socket.close()
      end()
    }, heartbeatMs * SILENCE)
  }
  listen()
  socket.addEventListener('message', ({ data }: MessageEvent) => {
    const frame = JSON.parse(String(data)) as StreamFrame
    if (frame.type === 'hello') heartbeatMs = frame.heartbeat_seconds * 1_000
    listen()
    frames.push(frame)
    wake()
  })
  socket.addEventListener('close', ({ code, reason }: CloseEvent) => {
    if (code === UNAUTHORISED)
      ending = {
        error: new YardError(401, 'unauthorised', `The server ended the stream: ${reason}`, 'Log in again.'),
        isFinal: true,
      }
    else if (reason !== '') ending = lost(reason)
    end()
  })
  // Whatever breaks a line also closes it. Browsers do not say what it was.
  socket.addEventListener('error', (event) => {
    ending = lost(('message' in event && String(event.message)) || 'the line was closed')
  })
  signal?.addEventListener('abort', end, { once: true })
  return {
    async next() {
      while (frames.length === 0 && !isOver)
        await new Promise<void>((resolve) => {
          wake = resolve
        })
      return isAborted(signal) ? null : (frames.shift() ?? null)
    },
    ending: () => ending,
    close() {
      signal?.removeEventListener('abort', end)
      clearTimeout(silence)
      socket.close()
    },
  }
}

const pause = (ms: number, signal: AbortSignal | undefined): Promise<void> =>
  new Promise((resolve) => {
    if (ms === 0 || signal?.aborted === true) return resolve()
    const done = () => {
      clearTimeout(timer)
      signal?.removeEventListener('abort', done)
      resolve()
    }
    const timer = setTimeout(done, ms)
    signal?.addEventListener('abort', done)
  })
