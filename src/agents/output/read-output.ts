/** Reads what an agent prints, as it prints it: whole lines, each one JSON value, whatever stands between them. */
import { StringDecoder } from 'node:string_decoder'
import type { OutputFormat } from '../../domain/cli-agent.ts'
import { fields, type ReadValue, type StreamItem } from './stream-item.ts'

/** A line that is longer is given up: no message of an agent is, and it must not grow for ever. */
const LONGEST_LINE = 8 * 1024 * 1024

export interface LineReader<T> {
  push(chunk: Buffer): readonly T[]
  end(): readonly T[]
}
export type OutputReader = LineReader<StreamItem>

export async function openOutput(format: OutputFormat): Promise<OutputReader> {
  if (format === 'text')
    return readLines((line) => (line.trim() === '' ? [] : [{ kind: 'message', text: line }]))
  const read = await parserOf(format)
  return readLines((line) => jsonIn(line).flatMap((value) => read(fields(value))))
}

/** The object a line holds; none for a line that is something else. */
export function jsonIn(line: string): readonly unknown[] {
  if (!line.startsWith('{')) return []
  try {
    return [JSON.parse(line)]
  } catch {
    return []
  }
}

/** Each is loaded only where it is used. */
async function parserOf(format: Exclude<OutputFormat, 'text'>): Promise<ReadValue> {
  switch (format) {
    case 'agy':
      return (await import('./agy.ts')).readAgy()
    case 'claude':
      return (await import('./claude.ts')).readClaude()
    case 'codex':
      return (await import('./codex.ts')).readCodex()
    case 'cline':
      return (await import('./cline.ts')).readCline()
    case 'copilot':
      return (await import('./copilot.ts')).readCopilot()
    case 'cursor':
      return (await import('./cursor.ts')).readCursor()
    case 'droid':
      return (await import('./droid.ts')).readDroid()
    case 'gemini':
      return (await import('./gemini.ts')).readGemini()
    case 'goose':
      return (await import('./goose.ts')).readGoose()
    case 'opencode':
      return (await import('./opencode.ts')).readOpencode()
  }
}

/** Reads line by line, however the bytes come in. */
export function readLines<T>(read: (line: string) => readonly T[]): LineReader<T> {
  const decoder = new StringDecoder('utf8')
  let begun = ''
  let isSkipping = false
  return {
    push(chunk) {
      begun += decoder.write(chunk)
      const parts = begun.split('\n')
      begun = parts.pop() ?? ''
      const whole = isSkipping ? parts.slice(1) : parts
      if (parts.length > 0) isSkipping = false
      if (begun.length > LONGEST_LINE) {
        begun = ''
        isSkipping = true
      }
      return whole.flatMap((line) => read(line.trimEnd()))
    },
    end() {
      const rest = begun + decoder.end()
      begun = ''
      return isSkipping ? [] : read(rest.trimEnd())
    },
  }
}
