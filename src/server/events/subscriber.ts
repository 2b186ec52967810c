/** One client of the stream, with its own cursor. */
import type { StreamFrame } from '../../contract/operations/events.ts'
import type { EventFilter } from './filter.ts'

/** The line to a client. */
export interface Line {
  /** Hands a frame over; false when the client takes them more slowly than they come: send no more before `onDrain`. */
  send(frame: string, about: Pick<StreamFrame, 'type' | 'cursor'>): boolean
  /** Called once, when everything that was handed over has left after a `send` that gave false. */
  onDrain(listener: () => void): void
}

export interface Subscriber {
  readonly filter: EventFilter
  readonly filterKey: string
  readonly line: Line
  /** The last event this client has, or need not have. */
  cursor: number
  /** `live`: has what everybody has · `behind`: is being brought up to date by itself · `slow`: must first take what it was given · `gone`. */
  state: 'live' | 'behind' | 'slow' | 'gone'
}
