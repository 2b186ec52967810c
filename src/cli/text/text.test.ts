import { describe, expect, test } from 'vitest'
import { createStyle, wantsColours, widthOf } from './style.ts'
import { oneLine, safe } from '../../lib/safe-text.ts'
import { table, type Column } from './table.ts'
import { byteSize, relative, span } from '../../lib/amounts.ts'
import { cutToWidth, plainWidth, Unmeasurable, wrap } from './width.ts'
import { fullWidth } from './full-width.ts'

const style = (width: number) => ({
  ...createStyle({ colours: false, width, now: 1_000 }),
  measure: fullWidth,
})

describe('tables', () => {
  interface Row {
    readonly id: string
    readonly title: string
    readonly extra: string
  }
  const columns: readonly Column<Row>[] = [
    { head: 'ID', cell: ({ id }) => id },
    { head: 'TITLE', cell: ({ title }) => title, least: 8 },
    { head: 'EXTRA', cell: ({ extra }) => extra, keep: 1 },
  ]
  const rows = [
    { id: 't_1', title: 'a title of some length', extra: 'more' },
    { id: 't_2', title: 'short', extra: '' },
  ]

  test('take the room they need', () => {
    expect(table(style(80), rows, columns)).toBe(
      'ID   TITLE                   EXTRA\nt_1  a title of some length  more\nt_2  short',
    )
  })

  test('cut what may be cut, then drop what may be dropped', () => {
    expect(table(style(28), rows, columns)).toBe(
      'ID   TITLE             EXTRA\nt_1  a title of some…  more\nt_2  short',
    )
    expect(table(style(16), rows, columns)).toBe('ID   TITLE\nt_1  a title of…\nt_2  short')
    for (let width = 13; width < 40; width++)
      for (const line of table(style(width), rows, columns).split('\n'))
        expect(line.length).toBeLessThanOrEqual(width)
  })

  test('leave out columns that say nothing', () => {
    expect(table(style(80), [rows[1]!], columns)).toBe('ID   TITLE\nt_2  short')
  })
})

describe('widths', () => {
  test('are measured in columns, and text is cut between characters', () => {
    expect(cutToWidth(style(0), '日本語テキスト', 7)).toBe('日本語…')
    expect(cutToWidth(style(0), '👩‍👩‍👧‍👦🦊', 3)).toBe('👩‍👩‍👧‍👦…')
    expect(cutToWidth(style(0), 'plain', 5)).toBe('plain')
    expect(cutToWidth(style(0), 'plain', 3)).toBe('pl…')
    expect(() => plainWidth('é')).toThrow(Unmeasurable)
    expect(plainWidth('a – b…')).toBe(6)
  })

  test('break paragraphs between words and keep their indent', () => {
    expect(wrap(style(0), 'one two three four', 9)).toEqual(['one two', 'three', 'four'])
    expect(wrap(style(0), '  one two three', 9)).toEqual(['  one two', '  three'])
    expect(wrap(style(0), 'averyveryverylongword x', 9)).toEqual(['averyveryverylongword', 'x'])
    expect(wrap(style(0), 'a\n\nb', 9)).toEqual(['a', '', 'b'])
  })

  test('come from the terminal, then from COLUMNS, and are endless elsewhere', () => {
    expect(widthOf({ isTTY: true, columns: 100 }, { COLUMNS: '60' })).toBe(100)
    expect(widthOf({}, { COLUMNS: '60' })).toBe(60)
    expect(widthOf({}, { COLUMNS: '3' })).toBe(Number.POSITIVE_INFINITY)
  })
})

test('colours follow FORCE_COLOR, NO_COLOR and the terminal, in that order', () => {
  expect(wantsColours({ isTTY: true }, {})).toBe(true)
  expect(wantsColours({ isTTY: true }, { NO_COLOR: '1' })).toBe(false)
  expect(wantsColours({ isTTY: true }, { NO_COLOR: '' })).toBe(true)
  expect(wantsColours({ isTTY: true }, { TERM: 'dumb' })).toBe(false)
  expect(wantsColours({}, {})).toBe(false)
  expect(wantsColours({}, { FORCE_COLOR: '1', NO_COLOR: '1' })).toBe(true)
  expect(wantsColours({ isTTY: true }, { FORCE_COLOR: '0' })).toBe(false)
})

test('times and sizes are said in their largest unit', () => {
  expect(span(59)).toBe('59s')
  expect(span(3_600)).toBe('1h')
  expect(span(-5)).toBe('0s')
  expect(relative(940, 1_000)).toBe('1m ago')
  expect(relative(8_200, 1_000)).toBe('in 2h')
  expect(relative(1_000, 1_000)).toBe('now')
  expect(byteSize(0)).toBe('0 B')
  expect(byteSize(1_500)).toBe('1.5 kB')
  expect(byteSize(25_000_000)).toBe('25 MB')
})

test('nothing that steers a terminal is left in text from the board', () => {
  expect(safe('a\u001b[31mb\u001b]0;title\u0007c\r\nd\te\u202ef\u009b2Jg')).toBe('abc\nd\tefg')
  expect(oneLine('  a\n\tb\u0000 ')).toBe('a b')
})
