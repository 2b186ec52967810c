/** The one table of moves, and what is derived from it or must agree with it. */
import { readdirSync, readFileSync } from 'node:fs'
import { join } from 'node:path'
import { describe, expect } from 'vitest'
import { HOLD_KINDS } from '../../src/domain/hold.ts'
import { RUN_PHASES } from '../../src/domain/run.ts'
import { TASK_STATUSES, WORKSPACE_KINDS } from '../../src/domain/task.ts'
import { transitionDiagram, TRANSITIONS } from '../../src/domain/transitions.ts'
import { behaviour } from '../behaviours.ts'

const root = join(import.meta.dirname, '../..')

describe('the transition table', () => {
  behaviour('move.table', 'is drawn in ARCHITECTURE.md as it is (npm run diagram)', () => {
    const page = readFileSync(join(root, 'ARCHITECTURE.md'), 'utf8')
    expect(/^```mermaid\n(stateDiagram[^`]*)\n```$/m.exec(page)?.[1]).toBe(transitionDiagram())
  })

  behaviour('move.table', 'leads into every status and, but for the archive, out of it', () => {
    for (const status of TASK_STATUSES) {
      const moves = Object.values(TRANSITIONS) as readonly {
        from: readonly string[]
        to: readonly string[]
      }[]
      expect(moves.some(({ to }) => to.includes(status))).toBe(true)
      expect(moves.some(({ from }) => from.includes(status))).toBe(true)
    }
  })

  behaviour('F43', 'is the only way to another status: nobody but apply writes one', () => {
    const files = readdirSync(join(root, 'src'), { recursive: true, encoding: 'utf8' }).filter((name) =>
      /\.tsx?$/.test(name),
    )
    const callers = files.filter((name) =>
      /import \{[^}]*\bupdateTask\b[^}]*\} from '[^']*\/tables\/tasks\.ts'/.test(
        readFileSync(join(root, 'src', name), 'utf8'),
      ),
    )
    expect(callers).toEqual(['kernel/apply.ts'])
    const updates = files.filter((name) =>
      /updateTable\('tasks'\)|update tasks set [^`]*\bstatus\s*=/i.test(
        readFileSync(join(root, 'src', name), 'utf8'),
      ),
    )
    expect(updates).toEqual(['store/tables/tasks.ts'])
  })

  for (const database of ['sqlite', 'postgres'])
    behaviour('F43', `names the statuses, kinds and phases that the schema of ${database} accepts`, () => {
      const schema = readFileSync(join(root, `src/store/migrations/schema.${database}.sql`), 'utf8')
      for (const values of [TASK_STATUSES, WORKSPACE_KINDS, RUN_PHASES, HOLD_KINDS])
        expect(accepted(schema)).toContain([...values].toSorted().join())
    })
})

/** The lists of values in the check constraints, each sorted. */
const accepted = (schema: string): string[] =>
  [...schema.matchAll(/(?:in \(|ARRAY\[)((?:'[a-z]+'(?:::text)?,? ?)+)/gi)].map(([, list = '']) =>
    [...list.matchAll(/'([a-z]+)'/g)]
      .map(([, value]) => String(value))
      .toSorted()
      .join(),
  )
