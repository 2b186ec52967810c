import { command } from '../command.ts'
import { examinationView } from '../../contract/home-views.ts'
import type { Examination } from '../../home/doctor/examine.ts'
import type { Style } from '../text/style.ts'
import { wrap } from '../text/width.ts'

export const doctor = command({
  about:
    'Checks this installation and board, and says for each finding what to do. Changes nothing. Exit code 1 when something failed.',
  effect: 'reads',
  examples: ['yard doctor', 'yard doctor --json | jq \'.checks[] | select(.status != "ok")\''],
  async run(context) {
    // Loaded here: no other command looks an installation over.
    const { examine } = await import('../../home/doctor/examine.ts')
    const examination = await examine(context)
    return {
      data: examinationView(examination),
      text: (style) => examination.findings.flatMap((finding) => lines(style, finding)).join('\n'),
      exitCode: examination.ok ? 0 : 1,
    }
  },
})

const MARK = { ok: ['ok', 'green'], warn: ['warn', 'yellow'], fail: ['FAIL', 'red'] } as const
const INDENT = 20

function lines(style: Style, { check, status, message, next }: Examination['findings'][number]): string[] {
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
