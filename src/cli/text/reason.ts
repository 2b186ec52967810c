import type { Reason } from '../../domain/hold.ts'
import { oneLine } from '../../lib/safe-text.ts'
import type { Style } from './style.ts'
import { localTime, relative, span } from '../../lib/amounts.ts'

/** Why a card waits, as lines: the reason with its facts, and below it the command that lifts it. */
export function reasonLines(style: Style, { text, owner, since, until, lift }: Reason): string[] {
  const facts = [
    owner === null || text.includes(owner) ? null : `by ${oneLine(owner)}`,
    since === null || since >= style.now ? null : `for ${span(style.now - since)}`,
    until === null ? null : `until ${localTime(until)} (${relative(until, style.now)})`,
  ].filter((fact) => fact !== null)
  return [
    `${oneLine(text)}${facts.length === 0 ? '' : style.paint('dim', ` (${facts.join(', ')})`)}`,
    ...(lift === null ? [] : [style.paint('cyan', `→ ${lift}`)]),
  ]
}
