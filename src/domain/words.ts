/** Words of a text as search sees them: runs of letters and digits, whatever stands between. */

export interface Word {
  readonly text: string
  /** Where it stands, in UTF-16 units; `end` is behind it. */
  readonly start: number
  readonly end: number
}

const WORD = /[\p{L}\p{N}\p{M}\p{Co}]+/gu

export const wordsIn = (text: string): Word[] => [...wordsOf(text)]

/** One after the other, for whoever may stop early. */
export function* wordsOf(text: string): Generator<Word> {
  for (const { 0: word, index } of text.matchAll(WORD))
    if (/[\p{L}\p{N}\p{Co}]/u.test(word)) yield { text: word, start: index, end: index + word.length }
}

/** The same for words that search takes for the same: without the marks of Latin letters, and in lower case. */
export const folded = (word: string): string =>
  word
    .normalize('NFD')
    .replace(/([A-Za-z])[\u0300-\u036f]+/g, '$1')
    .normalize('NFC')
    .toLowerCase()
