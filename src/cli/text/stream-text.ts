/** What an agent did, line by line, as somebody who watches wants to read it. */
import { logText } from './log-text.ts'
import type { Style } from './style.ts'

interface Item {
  readonly kind?: string
  readonly text?: string
  readonly name?: string
  readonly input?: string
  readonly message?: string
  readonly failed?: boolean
  readonly final?: boolean
  readonly steps?: readonly { readonly text: string; readonly status: string }[]
}

/** Of what a tool was given and gave back, in characters. */
const LONGEST = 160

/** Lines of a stream file in words; what cannot be read is left as it is. */
export const streamText = (style: Style, content: string): string => logText(style, wordsOf(style, content))

const wordsOf = (style: Style, content: string): string =>
  content
    .split('\n')
    .filter((line) => line !== '')
    .map((line) => lineText(style, line))
    .filter((line) => line !== '')
    .map((line) => `${line}\n`)
    .join('')

function lineText(style: Style, line: string): string {
  let item: Item
  try {
    item = JSON.parse(line) as Item
  } catch {
    return line
  }
  switch (item.kind) {
    case 'message':
      return item.text ?? ''
    case 'thought':
      return thoughtText(style, item.text ?? '')
    case 'tool':
      return `${style.paint('bold', `→ ${item.name ?? ''}`)} ${brief(item.input)}`
    case 'result':
      return item.failed === true
        ? style.paint('red', `  ✖ ${brief(item.text)}`)
        : style.paint('dim', `  ${brief(item.text)}`)
    case 'plan':
      return (item.steps ?? []).map(({ text, status }) => `  ${MARKS[status] ?? '·'} ${text}`).join('\n')
    case 'error':
      return style.paint('red', `✖ ${item.message ?? ''}${item.final === true ? '' : ' (it tries again)'}`)
    case 'refused':
      return style.paint('red', `✖ ${item.message ?? ''}`)
    default:
      return ''
  }
}

/** Marked line by line, so that it is no message where there are no colours either. */
const thoughtText = (style: Style, text: string): string =>
  text
    .trim()
    .split('\n')
    .map((line) => style.paint('dim', `~ ${line}`))
    .join('\n')

const MARKS: Readonly<Record<string, string>> = { completed: '✔', in_progress: '▸' }

function brief(text: string | undefined): string {
  const line = (text ?? '').replace(/\s+/g, ' ').trim()
  return line.length <= LONGEST ? line : `${line.slice(0, LONGEST - 1)}…`
}
