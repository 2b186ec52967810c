/** Names of files that somebody else chose, made fit to be shown, stored and written out under. */

/** What file systems take, in bytes of UTF-8. */
const MAX_BYTES = 255
const MAX_EXTENSION = 24

/** Controls, line and paragraph ends, and what turns the direction of text: a name must not look like another one. */
// oxlint-disable-next-line no-control-regex -- control characters are the subject
const UNFIT = /[\u0000-\u001f\u007f-\u009f\u200e\u200f\u2028-\u202e\u2066-\u2069]/g

/**
 * The last part of a path as a plain name: no folder, nothing that steers a terminal or a header, at most 255 bytes with its
 * extension kept. Of a name with nothing in it becomes `file`.
 */
export function safeFileName(given: string): string {
  const last =
    given
      .toWellFormed()
      .split(/[\\/]/)
      .findLast((part) => part.trim() !== '') ?? ''
  const name = last.replaceAll(UNFIT, '_').trim()
  if (name === '' || name === '.' || name === '..') return 'file'
  return shortened(name)
}

function shortened(name: string): string {
  if (bytesOf(name) <= MAX_BYTES) return name
  const dot = name.lastIndexOf('.')
  const extension = dot > 0 && name.length - dot <= MAX_EXTENSION ? name.slice(dot) : ''
  let stem = ''
  let room = MAX_BYTES - bytesOf(extension)
  for (const character of name) {
    room -= bytesOf(character)
    if (room < 0) break
    stem += character
  }
  return stem + extension
}

const encoder = new TextEncoder()
const bytesOf = (text: string): number => encoder.encode(text).length
