import { agentView } from '../../contract/home-views.ts'
import { command } from '../command.ts'
import type { AgentState } from '../../home/services.ts'
import { oneLine } from '../../lib/safe-text.ts'
import { table } from '../text/table.ts'

const REPORTS = { tools: 'tools', command: 'yard', 'exit code': 'exit code' } as const

/** Those without a program of their own need nothing. */
const isThere = ({ install, program }: AgentState): boolean => install === null || program !== null

const installed = (agent: AgentState): string =>
  agent.install === null ? 'built in' : agent.program === null ? '' : (agent.version ?? 'some version')

const login = ({ hasLogin }: AgentState): string =>
  hasLogin === null ? '' : hasLogin ? 'found' : 'not found'

export const agents = command({
  about:
    'Lists the agents a profile can name: which are installed here, in which version, whether a login was found, and how they are driven.',
  effect: 'reads',
  examples: ['yard agents', "yard agents --json | jq -r '.[] | select(.program != null) | .name'"],
  async run({ services }) {
    const all = await services.installedAgents()
    const missing = all.filter((agent) => !isThere(agent))
    return {
      data: all.map(agentView),
      text: (style) =>
        [
          table(
            style,
            all.toSorted((one, other) => Number(isThere(other)) - Number(isThere(one))),
            [
              {
                head: 'AGENT',
                cell: ({ name }) => name,
                paint: (painter, shown, agent) => (isThere(agent) ? shown : painter.paint('dim', shown)),
              },
              { head: 'INSTALLED', cell: installed },
              { head: 'TESTED', cell: ({ testedVersion }) => testedVersion ?? '', keep: 2 },
              {
                head: 'LOGIN',
                cell: login,
                keep: 4,
                paint: (painter, shown, { hasLogin }) =>
                  hasLogin === false ? painter.paint('yellow', shown) : shown,
              },
              {
                head: 'DRIVER',
                cell: ({ driver, otherDriver }) => [driver, otherDriver].filter(Boolean).join(', '),
                keep: 1,
              },
              { head: 'REPORTS BY', cell: ({ reportsBy }) => REPORTS[reportsBy], keep: 1 },
              { head: 'ABOUT', cell: ({ about }) => oneLine(about), least: 12, keep: 3 },
              { head: 'PROGRAM', cell: ({ program }) => program ?? '', least: 12, keep: 0 },
            ],
          ),
          ...(missing.length === 0
            ? []
            : [
                '',
                ...missing.map(({ name, install }) =>
                  style.paint('dim', `${name}: ${oneLine(install ?? '')}`),
                ),
              ]),
        ].join('\n'),
      next: ['yard profile create <name> --agent <agent>'],
    }
  },
})
