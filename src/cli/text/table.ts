/** Tables that fit the terminal: what is cut ends in `…`, and on a very narrow one the least needed columns go. */
import type { Format, Style } from './style.ts'
import { cutToWidth, pad } from './width.ts'

export interface Column<Row> {
  readonly head: string
  /** Plain text on one line. */
  readonly cell: (row: Row) => string
  readonly paint?: (style: Style, shown: string, row: Row) => string
  /** May be cut down to so many columns when the line gets too long. */
  readonly least?: number
  /** May be left out altogether on a narrow terminal; the first ones to go have the smallest number. */
  readonly keep?: number
}

const GAP = '  '
const HEAD: Format = 'dim'

export function table<Row>(style: Style, rows: readonly Row[], columns: readonly Column<Row>[]): string {
  const cells = columns.map((column) => rows.map(column.cell))
  // A column that says nothing is not worth its room.
  const all = columns.map((column, index) => ({ column, cells: cells[index] ?? [] }))
  const shown = fit(
    all
      .filter(({ column, cells: own }) => column.keep === undefined || own.some(Boolean))
      .map(({ column, cells: own }) => ({
        column,
        cells: own,
        width: Math.max(column.head.length, ...own.map(style.measure)),
      })),
    style.width,
  )
  const line = (texts: readonly string[]) => texts.join(GAP).trimEnd()
  const head = style.paint(
    HEAD,
    line(shown.map(({ column, width }) => column.head.slice(0, width).padEnd(width))),
  )
  const body = rows.map((row, index) =>
    line(
      shown.map(({ column, cells: own, width }, place) => {
        const cut = cutToWidth(style, own[index] ?? '', width)
        const padded = place === shown.length - 1 ? cut : pad(style, cut, width)
        return column.paint === undefined ? padded : column.paint(style, padded, row)
      }),
    ),
  )
  return [head, ...body].join('\n')
}

interface Shown<Row> {
  readonly column: Column<Row>
  readonly cells: readonly string[]
  readonly width: number
}

function fit<Row>(columns: readonly Shown<Row>[], room: number): readonly Shown<Row>[] {
  const excess = total(columns) - room
  if (excess <= 0) return columns
  const spare = columns.map(({ column, width }) =>
    column.least === undefined ? 0 : Math.max(0, width - Math.max(column.least, column.head.length)),
  )
  const sum = spare.reduce((one, other) => one + other, 0)
  if (sum >= excess) {
    let left = excess
    return columns.map((shown, index) => {
      const share = Math.min(left, Math.ceil((excess * (spare[index] ?? 0)) / sum))
      left -= share
      return { ...shown, width: shown.width - share }
    })
  }
  const dispensable = columns.filter(({ column }) => column.keep !== undefined)
  const first = dispensable.toSorted((one, other) => (one.column.keep ?? 0) - (other.column.keep ?? 0))[0]
  if (first !== undefined)
    return fit(
      columns.filter((shown) => shown !== first),
      room,
    )
  return columns.map((shown, index) => ({ ...shown, width: shown.width - (spare[index] ?? 0) }))
}

const total = <Row>(columns: readonly Shown<Row>[]): number =>
  columns.reduce((sum, { width }) => sum + width, 0) + GAP.length * Math.max(0, columns.length - 1)
