/** Text from the board is data: whatever an agent wrote into a title must not steer the reader's terminal. */
import { stripVTControlCharacters } from 'node:util'

// oxlint-disable-next-line no-control-regex -- control characters are the subject
const CONTROLS = /[\u0000-\u0008\u000b-\u001f\u007f-\u009f\u2028-\u202e\u2066-\u2069]/g

/** Several lines of text without anything that steers a terminal or turns its direction; tabs and line ends stay. */
export const safe = (text: string): string =>
  stripVTControlCharacters(text.replaceAll('\r\n', '\n')).replace(CONTROLS, '')

/** The same on one line. */
export const oneLine = (text: string): string => safe(text).replace(/\s+/g, ' ').trim()
