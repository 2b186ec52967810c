/** The part of a text that shows why it was found. */
import type { SearchTerm } from './search-query.ts'
import { folded, wordsOf, type Word } from './words.ts'

export interface Excerpt {
  /** On one line; `…` where the text goes on. */
  readonly text: string
  /** What was found in it: start and end (behind the last), in UTF-16 units, in order and apart. */
  readonly marks: readonly (readonly [start: number, end: number])[]
}

const BEFORE = 60
const MAX = 220

/**
 * The surroundings of the first hit. Null when none of the terms is in the text.
 * @param whole gives a text up to this length without cutting
 */
export function excerptOf(text: string, terms: readonly SearchTerm[], whole = MAX): Excerpt | null {
  const hits = hitsIn(text, terms)
  const [first] = hits
  if (first === undefined) return null
  const from = text.length <= whole ? 0 : startOfWord(text, Math.max(0, first.start - BEFORE))
  const to = text.length <= whole ? text.length : endOfWord(text, Math.min(text.length, from + MAX))
  return onOneLine(text, from, Math.max(to, first.end), hits)
}

/** Without a hit to show: how the text begins. */
export const beginningOf = (text: string): Excerpt =>
  onOneLine(text, 0, text.length <= MAX ? text.length : endOfWord(text, MAX), [])

interface Span {
  readonly start: number
  readonly end: number
}

interface Sought {
  readonly words: readonly string[]
  readonly isPrefix: boolean
}

const MAX_HITS = 50

/** Every place where one of the terms stands, in order; those that overlap become one. */
function hitsIn(text: string, terms: readonly SearchTerm[]): Span[] {
  const sought = terms.map(({ words, isPrefix }) => ({ words: words.map(folded), isPrefix }))
  const longest = Math.max(1, ...sought.map(({ words }) => words.length))
  const hits: Span[] = []
  const window: (Word & { readonly folded: string })[] = []
  for (const word of wordsOf(text)) {
    window.push({ ...word, folded: folded(word.text) })
    if (window.length > longest) window.shift()
    for (const term of sought) {
      const span = spanAtEnd(window, term)
      if (span !== null) add(hits, span)
    }
    if (hits.length >= MAX_HITS) break
  }
  return hits
}

function spanAtEnd(window: readonly (Word & { readonly folded: string })[], term: Sought): Span | null {
  const row = window.slice(-term.words.length)
  if (row.length < term.words.length) return null
  const matches = row.every(({ folded: word }, index) => {
    const wanted = term.words[index] ?? ''
    return term.isPrefix && index === row.length - 1 ? word.startsWith(wanted) : word === wanted
  })
  const last = row.at(-1)
  return matches && row[0] !== undefined && last !== undefined ? { start: row[0].start, end: last.end } : null
}

function add(hits: Span[], span: Span): void {
  const last = hits.at(-1)
  if (last === undefined || span.start > last.end) hits.push(span)
  else hits[hits.length - 1] = { start: Math.min(last.start, span.start), end: Math.max(last.end, span.end) }
}

/** The part of a text with its white space drawn together, and the spans where they are then. */
function onOneLine(text: string, from: number, to: number, spans: readonly Span[]): Excerpt {
  let line = from > 0 ? '…' : ''
  const places = new Map<number, number>()
  const wanted = new Set(spans.flatMap(({ start, end }) => [start, end]))
  for (let at = from; at < to; at++) {
    if (wanted.has(at)) places.set(at, line.length)
    const unit = text[at] ?? ''
    if (!/\s/.test(unit)) line += unit
    else if (line !== '' && !line.endsWith(' ') && line !== '…') line += ' '
  }
  places.set(to, line.length)
  const marks = spans.flatMap(({ start, end }) => {
    const place = places.get(start)
    if (place === undefined || start >= to) return []
    return [[place, places.get(end) ?? line.length] as const]
  })
  return { text: to < text.length ? `${line.trimEnd()}…` : line.trimEnd(), marks }
}

const startOfWord = (text: string, at: number): number => {
  if (at === 0) return 0
  const space = text.slice(at, at + BEFORE / 2).search(/\s/)
  return space === -1 ? whole(text, at) : at + space + 1
}

const endOfWord = (text: string, at: number): number => {
  const space = text.slice(at - BEFORE / 2, at).search(/\s\S*$/)
  return space === -1 ? whole(text, at) : at - BEFORE / 2 + space
}

/** Never in the middle of a character. */
const whole = (text: string, at: number): number => (/[\uDC00-\uDFFF]/.test(text[at] ?? '') ? at - 1 : at)
