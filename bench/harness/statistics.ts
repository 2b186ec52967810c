/** Medians and ranges. Nothing here is averaged: one disturbed round must not move a result. */

const sorted = (values: readonly number[]): number[] => values.toSorted((a, b) => a - b)

/** The value below which the share `q` (0 to 1) of all lies. */
export function quantile(values: readonly number[], q: number): number {
  const inOrder = sorted(values)
  const position = (inOrder.length - 1) * q
  const below = inOrder[Math.floor(position)]
  const above = inOrder[Math.ceil(position)]
  if (below === undefined || above === undefined) throw new Error('no values')
  return below + (above - below) * (position - Math.floor(position))
}

export const median = (values: readonly number[]): number => quantile(values, 0.5)

export interface Spread {
  readonly median: number
  readonly min: number
  readonly max: number
}

export const spread = (values: readonly number[]): Spread => ({
  median: median(values),
  min: Math.min(...values),
  max: Math.max(...values),
})

/** Ours through theirs, round by round, so that what slows the whole machine for a moment cancels out. */
export const ratios = (ours: readonly number[], theirs: readonly number[]): number[] =>
  ours.map((value, round) => value / (theirs[round] ?? Number.NaN))

export const sum = (values: readonly number[]): number => values.reduce((total, value) => total + value, 0)

/** Three significant digits. */
export function number(value: number): string {
  if (!Number.isFinite(value)) return String(value)
  if (Math.abs(value) >= 100) return Math.round(value).toLocaleString('en').replaceAll(',', ' ')
  return String(Number(value.toPrecision(3)))
}

export const range = ({ median: middle, min, max }: Spread, unit = ''): string =>
  `${number(middle)}${unit} (${number(min)}–${number(max)})`
