import { command } from '../command.ts'
import { CHECKS } from '../doctor/checks.ts'
import { isYardError } from '../../domain/errors.ts'
import type { Context } from '../context.ts'
import type { Check, Finding } from '../doctor/check.ts'
import type { Style } from '../text/style.ts'
import { wrap } from '../text/width.ts'

export const doctor = command({
  about:
    'Checks this installation and board, and says for each finding what to do. Changes nothing. Exit code 1 when something failed.',
  effect: 'reads',
  examples: ['yard doctor', 'yard doctor --json | jq \'.checks[] | select(.status != "ok")\''],
  async run(context) {
    const findings: (Finding & { readonly check: string })[] = []
    for (const check of CHECKS)
      for (const finding of await carryOut(check, context)) findings.push({ check: check.name, ...finding })
    const failed = findings.some(({ status }) => status === 'fail')
    return {
      data: {
        ok: !failed,
        checks: findings.map(({ check, status, message, next }) => ({
          check,
          status,
          message,
          next: next ?? null,
        })),
      },
      text: (style) => findings.flatMap((finding) => lines(style, finding)).join('\n'),
      exitCode: failed ? 1 : 0,
    }
  },
})

async function carryOut(check: Check, context: Context): Promise<readonly Finding[]> {
  try {
    return await check.look(context)
  } catch (error) {
    // A check that cannot be made is a finding as well; the others go on.
    const message = error instanceof Error ? error.message : String(error)
    return [{ status: 'fail', message: isYardError(error) ? message : `the check failed: ${message}` }]
  }
}

const MARK = { ok: ['ok', 'green'], warn: ['warn', 'yellow'], fail: ['FAIL', 'red'] } as const
const INDENT = 20

function lines(
  style: Style,
  { check, status, message, next }: Finding & { readonly check: string },
): string[] {
  const [mark, format] = MARK[status]
  const [first = '', ...rest] = message
    .split('\n')
    .flatMap((line) => wrap(style, line, Math.max(20, style.width - INDENT)))
  const indented = (line: string) => ' '.repeat(INDENT) + line
  return [
    `${style.paint(format, mark.padEnd(6))}${check.padEnd(INDENT - 6)}${first}`,
    ...rest.map(indented),
    ...(next === undefined ? [] : [indented(style.paint('cyan', `→ ${next}`))]),
  ]
}
