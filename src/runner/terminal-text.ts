/* oxlint-disable no-control-regex -- control characters are the subject of this file */
/** Output of programs that think they write to a terminal. */
import { stripVTControlCharacters } from 'node:util'

/**
 * Every escape that is not a colour, with what belongs to it where it is complete: strings such as titles, cursor moves,
 * short commands. An escape left alone would swallow the text behind it, even across a line end, so it goes too.
 */
const SEQUENCES =
  /\u001b(?!\[[0-9;:]{0,64}m)(?:[\]PX^_][^\u0007\u001b\n]{0,4096}(?:\u0007|\u001b\\)|\[[0-?]{0,64}[ -/]{0,8}[@-~]|[ -/]{1,4}[0-~]|[0-OQ-WYZ\\`-~])?/g
const CONTROLS = /[\u0000-\u0008\u000b\u000c\u000e-\u001a\u001c-\u001f\u007f-\u009f]/g

/** Text that is safe to keep and to show in a terminal: colours, tabs and line ends stay, everything else that steers one goes. */
export const keepColours = (text: string): string =>
  (text.includes('\u001b') ? text.replace(SEQUENCES, '') : text).replace(CONTROLS, '')

/** Plain words for a record: no colours, and of a line that was rewritten in place what was last to be seen. */
export const plainLines = (text: string): string[] =>
  stripVTControlCharacters(text)
    .split('\n')
    .map((line) => line.split('\r').findLast((part) => part !== '') ?? '')
