/** What was proposed for one rough card at one time, as a page to decide by. */
import type { Proposals } from '../../kernel/list-proposals.ts'
import { oneLine, safe } from '../../lib/safe-text.ts'
import type { Format, Style } from './style.ts'
import { relative } from '../../lib/amounts.ts'
import { cutToWidth, wrap } from './width.ts'

const FORMAT: Readonly<Record<string, Format>> = { waiting: 'yellow', released: 'green', rejected: 'dim' }

export function proposalsPage(style: Style, proposals: Proposals): string {
  const { request, subject, helper, cards } = proposals
  return [
    `${style.paint('bold', subject.id)}  ${cutToWidth(style, oneLine(subject.title), Math.max(16, style.width - 14))}`,
    style.paint(
      'dim',
      `${request.kind}, asked for by ${oneLine(request.asked.by)} ${relative(request.asked.at, style.now)}; ${helper.id} of ${oneLine(helper.assignee ?? 'nobody')} is ${helper.status}`,
    ),
    ...staleLines(style, proposals),
    ...textLines(style, proposals),
    ...cards.map(
      (card) =>
        `  ${card.id}  ${style.paint(FORMAT[card.state] ?? 'dim', card.state.padEnd(8))}  ${cutToWidth(style, `${oneLine(card.title)}${card.assignee === null ? '' : ` · ${oneLine(card.assignee)}`}`, Math.max(16, style.width - 24))}`,
    ),
    ...nextLines(style, proposals),
  ].join('\n')
}

const staleLines = (style: Style, { isStale, request, subject }: Proposals): string[] =>
  isStale && request.decision?.was !== 'accepted'
    ? [style.paint('yellow', `  ${subject.id} was edited since: this is about its older text.`)]
    : []

function textLines(style: Style, { request: { text, decision } }: Proposals): string[] {
  if (text === null) return []
  const state = decision?.was ?? 'waiting'
  const body = safe(text.body ?? '').trimEnd()
  return [
    `  ${style.paint('underline', 'Text')} ${style.paint(FORMAT[state] ?? 'green', state)}${text.assignee === null ? '' : ` · for ${oneLine(text.assignee)}`}`,
    ...[`${safe(text.title)}`, ...(body === '' ? [] : ['', ...body.split('\n')])].flatMap((line) =>
      wrap(style, line, Math.max(20, style.width - 4)).map((part) => `    ${part}`),
    ),
  ]
}

function nextLines(style: Style, { request, subject, cards, helper }: Proposals): string[] {
  if (helper.status !== 'done' && helper.status !== 'archived')
    return [style.paint('cyan', `  → yard log ${helper.id} --follow`)]
  const next = [
    ...(request.text !== null && request.decision === null ? [`yard accept ${subject.id}`] : []),
    ...(cards.some(({ state }) => state === 'waiting') ? [`yard release ${subject.id}`] : []),
  ]
  return next.length === 0
    ? []
    : [style.paint('cyan', `  → ${[...next, `yard reject ${subject.id}`].join('   ')}`)]
}
