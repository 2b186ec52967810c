import { resolve } from 'node:path'
import { profileView } from '../../contract/home-views.ts'
import { invalid, notFound } from '../../domain/errors.ts'
import { argument, command, flag, optional, text, UsageError } from '../command.ts'
import type { Context } from '../context.ts'
import type { Problem, Profile } from '../../home/services.ts'
import { oneLine, safe } from '../../lib/safe-text.ts'
import { table } from '../text/table.ts'
import { span } from '../../lib/amounts.ts'

const name = argument('The profile.', { completes: 'profile' })

export const profileList = command({
  about: 'Lists all profiles: those of this repository, of the home, and built in.',
  effect: 'reads',
  examples: ['yard profile list'],
  async run({ services }) {
    const all = (await services.profiles()).list()
    const missing = (await services.roster()).list().filter(({ isThere }) => !isThere)
    return {
      data: all.map((finding) =>
        finding.state === 'found'
          ? { ...profileView(finding.profile), problems: [] }
          : { name: finding.name, file: finding.file, problems: finding.problems },
      ),
      text: (style) =>
        [
          table(style, all, [
            {
              head: 'NAME',
              cell: (finding) => (finding.state === 'found' ? finding.profile.name : oneLine(finding.name)),
            },
            {
              head: 'AGENT',
              cell: (finding) => (finding.state === 'found' ? finding.profile.agent : 'broken'),
              paint: (painter, shown, finding) =>
                finding.state === 'found' ? shown : painter.paint('red', shown),
            },
            {
              head: 'ABOUT',
              cell: (finding) =>
                oneLine(
                  finding.state === 'found'
                    ? (finding.profile.description ?? '')
                    : (finding.problems[0] ?? ''),
                ),
              least: 20,
            },
            {
              head: 'FILE',
              cell: (finding) =>
                finding.state === 'found' ? (finding.profile.file ?? 'built in') : finding.file,
              least: 12,
              keep: 1,
            },
          ]),
          ...(missing.length === 0
            ? []
            : [
                '',
                'Of the roster, not installed:',
                table(style, missing, [
                  { head: 'NAME', cell: (each) => each.name },
                  { head: 'ABOUT', cell: (each) => oneLine(each.description ?? ''), least: 20 },
                ]),
              ]),
        ].join('\n'),
      next: [
        ...(missing.length === 0 ? [] : ['yard profile install <name>']),
        'yard profile create <name>',
        'yard create "<title>" --assignee <name>',
      ],
    }
  },
})

export const profileShow = command({
  about: 'Shows one profile: how its workers are driven, their limits, their instructions.',
  effect: 'reads',
  arguments: { name },
  examples: ['yard profile show coder'],
  async run(context, input) {
    const profile = await findProfile(context, input.arguments.name)
    const { limits } = profile
    const rows: readonly (readonly [string, string | null])[] = [
      ['about', profile.description],
      ['agent', profile.agent],
      ['command', profile.command?.join(' ') ?? null],
      ['model', profile.model],
      ['skills', profile.skills.join(', ') || null],
      ['workspace', profile.workspace],
      ['repository', profile.repository],
      [
        'environment',
        [...profile.environment.allow, ...Object.keys(profile.environment.set).map((key) => `${key}=…`)].join(
          ' ',
        ) || null,
      ],
      ['time limit', limits.maxRuntimeSeconds === null ? null : span(limits.maxRuntimeSeconds)],
      ['silence limit', limits.silenceSeconds === null ? null : span(limits.silenceSeconds)],
      ['at once', limits.maxRunning === null ? null : String(limits.maxRunning)],
      ['attempts', limits.maxAttempts === null ? null : String(limits.maxAttempts)],
      ['attempts a day', limits.attemptsPerDay === null ? null : String(limits.attemptsPerDay)],
      ['cost a day', limits.costPerDay === null ? null : `$${limits.costPerDay}`],
      ['tokens a day', limits.tokensPerDay === null ? null : String(limits.tokensPerDay)],
      ['cost per task', limits.costPerTask === null ? null : `$${limits.costPerTask}`],
      ['tokens per task', limits.tokensPerTask === null ? null : String(limits.tokensPerTask)],
      ['file', profile.file ?? 'built in'],
    ]
    return {
      data: { ...profileView(profile), instructions: profile.instructions },
      text: (style) =>
        [
          style.paint('bold', profile.name),
          ...rows.flatMap(([label, value]) =>
            value === null ? [] : [`${style.paint('dim', label.padEnd(16))}${oneLine(value)}`],
          ),
          ...(profile.instructions.trim() === '' ? [] : ['', safe(profile.instructions).trim()]),
        ].join('\n'),
      next: [`yard profile check ${profile.name}`],
    }
  },
})

async function findProfile({ services }: Context, wanted: string): Promise<Profile> {
  const profiles = await services.profiles()
  const finding = profiles.find(wanted)
  if (finding.state === 'found') return finding.profile
  if (finding.state === 'broken')
    throw invalid(
      'bad_profile',
      `Profile ${wanted} cannot be used: ${finding.problems.join('; ')}\nCorrect ${finding.file}`,
      { name: wanted, file: finding.file },
    )
  const near = profiles.nearest(wanted)
  throw notFound(
    'unknown_profile',
    `There is no profile ${wanted}. ${near === null ? `Known: ${profiles.names().join(', ')}` : `Did you mean ${near}?`}`,
    { name: wanted },
  )
}

export const profileCreate = command({
  about: 'Writes a new profile into the home, to be looked over once.',
  effect: 'changes',
  arguments: { name: argument('Its name: lowercase letters, digits, - and _.') },
  options: { agent: text('agent', 'How its workers are driven; command by default.') },
  examples: ['yard profile create coder', 'yard profile create tests --agent shell'],
  async run({ services }, { arguments: { name: wanted }, options: { agent } }) {
    const files = await services.profileFiles()
    const { file } = await files.create(wanted, { agent: agent ?? null })
    return {
      data: { name: wanted, agent: agent ?? 'command', file },
      piped: file ?? '',
      text: () => `Wrote ${file}`,
      next: [`look it over, then: yard profile check ${wanted}`],
    }
  },
})

export const profileInstall = command({
  about:
    'Writes a profile of the starter roster into the home, for an agent that is installed here or named. Profiles that are there stay.',
  effect: 'changes',
  arguments: {
    name: optional('Of the roster, as yard profile list shows it; with --from, how it is to be called.'),
  },
  options: {
    agent: text('agent', 'Who does the work; by default an agent that is installed.'),
    all: flag('The whole roster.'),
    from: text('file', 'A profile from elsewhere instead.', { completes: 'file' }),
    force: flag('In the place of a profile that is there.'),
  },
  examples: [
    'yard profile install backend-dev --agent claude',
    'yard profile install --all',
    'yard profile install --from ./tester.md',
  ],
  async run({ services, folder }, { arguments: { name: wanted }, options }) {
    if (
      [wanted !== undefined && options.from === undefined, options.all, options.from !== undefined].filter(
        Boolean,
      ).length !== 1
    )
      throw new UsageError(
        'Say one of: the name of a profile, --all, or --from <file>. See: yard profile list',
      )
    const roster = await services.roster()
    const given = { agent: options.agent ?? null, force: options.force }
    const skipped = options.all && !options.force ? roster.list().filter(({ isThere }) => isThere) : []
    const names = options.all
      ? roster.list().flatMap(({ name: each, isThere }) => (isThere && !options.force ? [] : [each]))
      : [wanted ?? null]
    const from = options.from === undefined ? null : resolve(folder, options.from)
    const written: Awaited<ReturnType<typeof roster.install>>[] = []
    for (const each of names) written.push(await roster.install({ name: each, from, ...given }))
    return {
      data: {
        installed: written.map(({ name: each, agent, file }) => ({ name: each, agent, file })),
        kept: skipped.map(({ name: each }) => each),
      },
      text: () =>
        [
          ...written.map(({ agent, file }) => `Wrote ${file}, for ${agent}`),
          ...(skipped.length === 0
            ? []
            : [`Kept what is there: ${skipped.map(({ name: each }) => each).join(', ')}`]),
        ].join('\n'),
      next: [
        ...written.slice(0, 1).map(({ name: each }) => `yard profile check ${each}`),
        ...(written.some(({ name: each }) => each === 'orchestrator')
          ? ['yard create "<a rough idea>" --triage', 'yard decompose <id>']
          : written.slice(0, 1).map(({ name: each }) => `yard create "<title>" --assignee ${each}`)),
      ],
    }
  },
})

export const profileCheck = command({
  about:
    'Says whether workers of a profile could start now, and what is missing. Exit code 1 when something is.',
  effect: 'reads',
  arguments: { name: optional('The profile; all of them when left out.', { completes: 'profile' }) },
  examples: ['yard profile check', 'yard profile check coder'],
  async run(context, input) {
    const wanted = input.arguments.name
    const names =
      wanted === undefined
        ? (await context.services.profiles())
            .list()
            .map((finding) => (finding.state === 'found' ? finding.profile.name : finding.name))
        : [wanted]
    const checked: {
      name: string
      problems: readonly Problem[]
      warnings: readonly Problem[]
    }[] = []
    for (const each of names)
      checked.push({
        name: each,
        problems: await context.services.checkProfile(each),
        warnings: await context.services.profileWarnings(each),
      })
    return {
      data: checked.map(({ name: each, problems, warnings }) => ({
        name: each,
        ok: problems.length === 0,
        problems,
        warnings,
      })),
      text: (style) =>
        checked
          .flatMap(({ name: each, problems, warnings }) => [
            problems.length > 0
              ? `${style.paint('red', 'fail')}  ${oneLine(each)}`
              : warnings.length > 0
                ? `${style.paint('yellow', 'warn')}  ${each}`
                : `${style.paint('green', 'ok')}    ${each}`,
            ...[...problems, ...warnings].flatMap(({ message, next }) => [
              `      • ${message}`,
              `        ${style.paint('cyan', `→ ${next}`)}`,
            ]),
          ])
          .join('\n'),
      exitCode: checked.some(({ problems }) => problems.length > 0) ? 1 : 0,
    }
  },
})
