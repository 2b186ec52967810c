/** Reads standard error for the lines in which an agent tells what its provider said, where its output does not. */
import { StringDecoder } from 'node:string_decoder'
import type { StreamItem } from './stream-item.ts'

/** Of a line, in characters; what comes after tells nothing more. */
const LONGEST_LINE = 16_384

/** `errorLines`: expressions for the lines that count, whose first group is what was said. Gives an error that is not final for every such line, once it is whole. */
export function readErrorLines(errorLines: readonly string[]): (chunk: Buffer) => readonly StreamItem[] {
  const wanted = errorLines.map((words) => new RegExp(words))
  const decoder = new StringDecoder('utf8')
  let begun = ''
  return (chunk) => {
    const lines = (begun + decoder.write(chunk)).split('\n')
    begun = (lines.pop() ?? '').slice(0, LONGEST_LINE)
    return lines.flatMap((line): StreamItem[] => {
      const words = line.slice(0, LONGEST_LINE).trimEnd()
      const found = wanted.map((each) => each.exec(words)).find((match) => match !== null)
      return found === undefined
        ? []
        : [{ kind: 'error', message: found[1] ?? found[0], status: null, final: false }]
    })
  }
}
