import { agentView } from '../../contract/home-views.ts'
import type { AgentState } from '../../home/services.ts'
import { count } from '../../lib/amounts.ts'
import { oneLine } from '../../lib/safe-text.ts'
import { command, flag } from '../command.ts'

/** The command that makes a profile of the roster ready for an agent that is here. */
export const installing = ({ name, agent }: { readonly name: string; readonly agent: string }): string =>
  `yard profile install ${name} --agent ${agent}`

const agentText = ({ name, version, hasLogin }: AgentState): string =>
  `${name}${version === null ? '' : ` ${oneLine(version)}`}${hasLogin === false ? ' (no login found)' : ''}`

export const init = command({
  about:
    'Makes home and board, unless they are there, lists the agents and profiles found, proposes some profiles for the agents, and says what comes next.',
  effect: 'changes',
  options: { profiles: flag('Install the profiles that are proposed, too.') },
  examples: ['yard init', 'yard init --profiles'],
  async run({ kernel: open, services, paths }, { options }) {
    const { deps } = await open()
    const roster = await services.roster()
    const starters = await roster.starters()
    const installed: Awaited<ReturnType<typeof roster.install>>[] = []
    for (const { name, agent } of options.profiles ? starters : [])
      installed.push(await roster.install({ name, agent, from: null, force: false }))
    const proposed = options.profiles ? [] : starters
    const profiles = (await services.profiles()).list()
    const usable = profiles.flatMap((finding) => (finding.state === 'found' ? [finding.profile.name] : []))
    const broken = profiles.flatMap((finding) => (finding.state === 'broken' ? [finding] : []))
    const own = profiles.filter((finding) => finding.state === 'broken' || finding.profile.file !== null)
    const agents = (await services.installedAgents()).filter(({ program }) => program !== null)
    const unknown = agents.filter(
      ({ name, hasLogin }) => hasLogin === false && starters.some(({ agent }) => agent === name),
    )
    const { running } = await services.gateway.status()
    const next = [
      ...proposed.map(installing),
      ...(own.length + proposed.length === 0 ? ['yard profile create coder'] : []),
      `yard create "<title>" --assignee ${usable[0] ?? '<profile>'}`,
      ...(running ? [] : ['yard gateway start']),
    ]
    return {
      data: {
        home: paths.home,
        board: deps.store.location,
        board_id: deps.store.boardId,
        agents: agents.map(agentView),
        profiles: usable,
        installed_profiles: installed.map(({ name, agent, file }) => ({ name, agent, file })),
        proposed_profiles: proposed.map((each) => ({ ...each, command: installing(each) })),
        next,
      },
      text: (style) =>
        [
          `${style.paint('dim', 'home      ')}${paths.home}`,
          `${style.paint('dim', 'board     ')}${deps.store.location}`,
          `${style.paint('dim', 'agents    ')}${agents.map(agentText).join(', ') || 'none found'}`,
          `${style.paint('dim', 'profiles  ')}${usable.join(', ')}`,
          ...installed.map(({ agent, file }) => `${style.paint('dim', 'wrote     ')}${file}, for ${agent}`),
          '',
          'Next:',
          ...next.map((step) => `  ${style.paint('cyan', step)}`),
        ].join('\n'),
      warnings: [
        ...broken.map(
          ({ name, problems }) =>
            `Profile ${name} cannot be used: ${count(problems.length, 'problem')}: ${problems.join('; ')}`,
        ),
        ...unknown.map(
          ({ name }) =>
            `No login and no key of ${name} was found here. Log in with it once before its profiles get cards; see: yard agents`,
        ),
      ],
    }
  },
})
