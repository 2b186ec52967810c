import { profileView } from '../../contract/home-views.ts'
import { invalid, notFound } from '../../domain/errors.ts'
import { argument, command, optional, text } from '../command.ts'
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
    return {
      data: all.map((finding) =>
        finding.state === 'found'
          ? { ...profileView(finding.profile), problems: [] }
          : { name: finding.name, file: finding.file, problems: finding.problems },
      ),
      text: (style) =>
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
                finding.state === 'found' ? (finding.profile.description ?? '') : (finding.problems[0] ?? ''),
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
      next: ['yard profile create <name>', 'yard create "<title>" --assignee <name>'],
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
      ['file', profile.file ?? 'built in'],
    ]
    return {
      data: { ...profileView(profile), instructions: profile.instructions },
      text: (style) =>
        [
          style.paint('bold', profile.name),
          ...rows.flatMap(([label, value]) =>
            value === null ? [] : [`${style.paint('dim', label.padEnd(15))}${oneLine(value)}`],
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
