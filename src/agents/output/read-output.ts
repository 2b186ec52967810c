/** Reads what an agent prints, as it prints it: whole lines, each one JSON value, whatever stands between them. */
import { StringDecoder } from 'node:string_decoder'
import type { OutputFormat } from '../cli-agent.ts'
import { fields, type ReadValue, type StreamItem } from './stream-item.ts'

/** A line that is longer is given up: no message of an agent is, and it must not grow for ever. */
const LONGEST_LINE = 8 * 1024 * 1024

export interface OutputReader {
  push(chunk: Buffer): readonly StreamItem[]
  end(): readonly StreamItem[]
}

export async function openOutput(format: Exclude<OutputFormat, 'acp'>): Promise<OutputReader> {
  if (format === 'text') return lines((line) => (line.trim() === '' ? [] : [{ kind: 'message', text: line }]))
  const read = await parserOf(format)
  return lines((line) => {
    if (!line.startsWith('{')) return []
    let value: unknown
    try {
      value = JSON.parse(line)
    } catch {
      return []
    }
    return read(fields(value))
  })
}

/** Each is loaded only where it is used. */
async function parserOf(format: Exclude<OutputFormat, 'acp' | 'text'>): Promise<ReadValue> {
  switch (format) {
    case 'claude':
      return (await import('./claude.ts')).readClaude()
    case 'codex':
      return (await import('./codex.ts')).readCodex()
    case 'cline':
      return (await import('./cline.ts')).readCline()
    case 'copilot':
      return (await import('./copilot.ts')).readCopilot()
    case 'gemini':
      return (await import('./gemini.ts')).readGemini()
    case 'opencode':
      return (await import('./opencode.ts')).readOpencode()
  }
}

function lines(read: (line: string) => readonly StreamItem[]): OutputReader {
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
