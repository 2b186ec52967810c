/** How text is shown where it is read: colours and width of a terminal, or neither. */
import { styleText } from 'node:util'
import type { TaskStatus } from '../../domain/task.ts'
import { plainWidth, type Measure } from './width.ts'

export type Format = Parameters<typeof styleText>[0]

export interface Style {
  /** Columns a line may take; infinite where lines are not cut. */
  readonly width: number
  /** Now, for relative times, in unix seconds. */
  readonly now: number
  readonly hasColours: boolean
  readonly measure: Measure
  paint(format: Format, text: string): string
}

export interface StyleOptions {
  readonly colours: boolean
  readonly width: number
  readonly now: number
}

export const createStyle = ({ colours, width, now }: StyleOptions): Style => ({
  width,
  now,
  hasColours: colours,
  measure: plainWidth,
  paint: colours ? (format, text) => styleText(format, text, { validateStream: false }) : (_, text) => text,
})

interface Output {
  readonly isTTY?: boolean
  readonly columns?: number
}

type Env = Readonly<Record<string, string | undefined>>

/** FORCE_COLOR first, then NO_COLOR, then what the stream is; as node and most tools have it. */
export function wantsColours(output: Output, env: Env): boolean {
  const force = env['FORCE_COLOR']
  if (force !== undefined) return force !== '0' && force !== 'false'
  if (env['NO_COLOR'] || env['NODE_DISABLE_COLORS']) return false
  return output.isTTY === true && env['TERM'] !== 'dumb'
}

/** A terminal's own width, else COLUMNS, else no limit: what goes into a file or a pipe is not cut. */
export function widthOf(output: Output, env: Env): number {
  if (output.isTTY && output.columns) return output.columns
  const columns = Number(env['COLUMNS'])
  return Number.isInteger(columns) && columns >= 20 ? columns : Number.POSITIVE_INFINITY
}

const STATUS_FORMAT: Readonly<Record<TaskStatus, Format>> = {
  triage: 'magenta',
  todo: 'gray',
  ready: 'cyan',
  running: 'blueBright',
  blocked: 'yellow',
  review: 'magentaBright',
  done: 'green',
  archived: 'gray',
}

/** A status in its colour, the same everywhere. */
export const paintStatus = (style: Style, status: TaskStatus, shown: string = status): string =>
  style.paint(STATUS_FORMAT[status], shown)

const OUTCOME_FORMAT: Readonly<Record<string, Format>> = {
  completed: 'green',
  review: 'magentaBright',
  blocked: 'yellow',
  running: 'blueBright',
  reclaimed: 'gray',
  stopped: 'yellow',
}

/** How a run ended, in its colour; every ending without one is a failure. */
export const paintOutcome = (style: Style, outcome: string): string =>
  style.paint(OUTCOME_FORMAT[outcome] ?? 'red', outcome)
