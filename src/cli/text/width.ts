/**
 * Columns of a terminal: how many a text takes, and how much of it fits. What it takes to measure every script and emoji
 * is slow to load, and most boards never need it; so the simple measure gives up on what it does not know, and the door
 * shows the text again with the full one.
 */

/** How many columns a line of text takes. */
export type Measure = (text: string) => number

/** Thrown by {@link plainWidth} for text it cannot measure. */
export class Unmeasurable extends Error {}

/** Letters without accents, and the few signs we print ourselves. */
const PLAIN = /^[\x20-\x7e…·•→│–—]*$/

export const plainWidth: Measure = (text) => {
  if (!PLAIN.test(text)) throw new Unmeasurable('this text needs the full measure')
  return text.length
}

interface Measured {
  readonly measure: Measure
}

/** The beginning of a line of text that fits into so many columns; what is missing is replaced by `…`. */
export function cutToWidth({ measure }: Measured, text: string, columns: number): string {
  if (measure(text) <= columns) return text
  if (columns < 1) return ''
  if (PLAIN.test(text)) return `${text.slice(0, columns - 1)}…`
  let kept = ''
  let used = 0
  for (const { segment } of new Intl.Segmenter().segment(text)) {
    used += measure(segment)
    if (used > columns - 1) break
    kept += segment
  }
  return `${kept}…`
}

export const pad = ({ measure }: Measured, text: string, columns: number): string =>
  text + ' '.repeat(Math.max(0, columns - measure(text)))

/** Paragraphs in lines of at most so many columns, broken between words where there are any. */
export function wrap(style: Measured, text: string, columns: number): string[] {
  return text
    .split('\n')
    .flatMap((line) => (columns === Number.POSITIVE_INFINITY ? [line] : wrapLine(style, line, columns)))
}

function wrapLine({ measure }: Measured, line: string, columns: number): string[] {
  if (measure(line) <= columns) return [line]
  const indent = /^\s*/.exec(line)?.[0].slice(0, Math.floor(columns / 2)) ?? ''
  const lines: string[] = []
  let current = indent
  for (const word of line.trim().split(/\s+/)) {
    const joined = current.trim() === '' ? current + word : `${current} ${word}`
    if (measure(joined) <= columns || current.trim() === '') current = joined
    else {
      lines.push(current)
      current = indent + word
    }
  }
  return [...lines, current]
}
