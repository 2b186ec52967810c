import { command, flag, text, UsageError } from '../command.ts'
import type { Context } from '../context.ts'
import type { SkillChange, SkillFiles } from '../services.ts'
import { table } from '../text/table.ts'
import type { Format, Style } from '../text/style.ts'

const where = {
  agent: text('name', 'Only where this agent looks; by default in the two folders that most of them read.'),
  global: flag('In your home, for all your sessions. This is what happens without --project.'),
  project: flag('In the repository around this folder.'),
}

interface Where {
  readonly agent: string | undefined
  readonly global: boolean
  readonly project: boolean
}

function open({ services, folder }: Context, { agent, global, project }: Where): Promise<SkillFiles> {
  if (global && project) throw new UsageError('Say one of --global and --project.')
  return services.skillFiles({ agent: agent ?? null, project: project ? folder : null })
}

const FORMAT: Readonly<Record<string, Format>> = {
  current: 'green',
  outdated: 'yellow',
  changed: 'yellow',
  missing: 'dim',
}

const listed = (style: Style, all: readonly SkillChange[] | ReturnType<SkillFiles['list']>): string =>
  table(style, all, [
    { head: 'SKILL', cell: ({ name }) => name },
    {
      head: 'STATE',
      cell: ({ state }) => state,
      paint: (painter, shown, { state }) => painter.paint(FORMAT[state] ?? 'dim', shown),
    },
    { head: 'FOLDER', cell: ({ folder }) => folder, least: 12, keep: 1 },
  ])

export const skillsList = command({
  about:
    'Lists where the skills of the package are, for agents you start yourself: missing, current, outdated, or changed by somebody.',
  effect: 'reads',
  options: where,
  examples: ['yard skills list', 'yard skills list --project'],
  async run(context, { options }) {
    const all = (await open(context, options)).list()
    return {
      data: all,
      text: (style) => listed(style, all),
      next: all.some(({ state }) => state === 'missing' || state === 'outdated')
        ? ['yard skills install']
        : [],
    }
  },
})

const told = (changes: readonly SkillChange[]): string =>
  changes
    .flatMap(({ did, folder, state }) =>
      did === 'nothing' ? (state === 'current' ? [`Current: ${folder}`] : []) : [`${DID[did]} ${folder}`],
    )
    .join('\n')

const DID = { wrote: 'Wrote', replaced: 'Replaced', removed: 'Removed' } as const

const keptOf = (changes: readonly SkillChange[]): readonly string[] =>
  changes.flatMap(({ did, state, folder }) => (did === 'nothing' && state === 'changed' ? [folder] : []))

export const skillsInstall = command({
  about:
    'Places the skills kanban-worker and kanban-orchestrator where agents look for theirs. Workers whose profile names them get them without this.',
  effect: 'changes',
  options: { ...where, force: flag('Also in the place of what somebody changed.') },
  examples: ['yard skills install', 'yard skills install --agent claude --project'],
  async run(context, { options }) {
    const changes = (await open(context, options)).install({ force: options.force })
    const kept = keptOf(changes)
    return {
      data: changes,
      text: () => told(changes),
      errors: kept.map((folder) => `Kept ${folder}: somebody changed it. Replace it with --force`),
      exitCode: kept.length > 0 ? 1 : 0,
    }
  },
})

export const skillsRemove = command({
  about: 'Removes the skills that yard skills install placed, as long as nobody changed them.',
  effect: 'changes',
  options: where,
  examples: ['yard skills remove', 'yard skills remove --project'],
  async run(context, { options }) {
    const changes = (await open(context, options)).remove()
    const kept = keptOf(changes)
    return {
      data: changes,
      text: () => told(changes) || (kept.length === 0 ? 'Nothing of ours is there.' : ''),
      errors: kept.map((folder) => `Kept ${folder}: it is not as we wrote it. Remove it by hand`),
      exitCode: kept.length > 0 ? 1 : 0,
    }
  },
})
