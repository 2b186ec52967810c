/** What every agent with a command line of its own has in common: from its data to a row of the table. */
import { createHash } from 'node:crypto'
import { unavailable } from '../domain/errors.ts'
import type { AgentRow, AgentTask, LaunchContext, ProfileFault } from './agent.ts'
import { placeholdersIn } from './argv-template.ts'
import { drivenBy, type CliAgent } from '../domain/cli-agent.ts'
import type { Profile } from './profile.ts'
import { findProgram, programProblem } from './program.ts'
import { compilePrompt, PROMPT_VERSION } from './prompt.ts'

export const cliRow = (cli: CliAgent): AgentRow => ({
  name: cli.name,
  about: cli.about,
  verdict: 'report',
  cli,
  checkProfile: (profile) => faultsOf(cli, profile),
  preflight: ({ profile, search }) => {
    const problem = programProblem(programOf(cli, profile), search, asker(cli, profile))
    return problem === null ? [] : [problem]
  },
  identify: (profile) => ({
    provider: profile.provider ?? cli.provider,
    fingerprint: fingerprintOf(chosen(cli, profile), profile),
  }),
  launch: (context) => {
    const { profile, search } = context
    const name = programOf(cli, profile)
    const finding = findProgram(name, search)
    if (finding.state !== 'found') {
      const problem = programProblem(name, search, asker(cli, profile))
      throw unavailable(
        'missing_program',
        `${problem?.message ?? `Profile ${profile.name} needs the program ${name}, which was not found.`} ${problem?.next ?? ''}`.trim(),
      )
    }
    return { argv: [finding.file], files: [], agent: taskFor(chosen(cli, profile), context) }
  },
})

/** The row as this profile has it driven; its check has found that there is such a way. */
const chosen = (cli: CliAgent, { driver }: Profile): CliAgent => drivenBy(cli, driver) ?? cli

function taskFor(cli: CliAgent, context: LaunchContext): AgentTask {
  const { profile, skills = [], resume = null, places } = context
  if (places === undefined) throw new Error(`agent ${cli.name} needs to know where the board keeps its files`)
  const permissions = profile.permissions ?? cli.permissions.usual
  const more = (profile.command ?? []).slice(1)
  return {
    cli,
    model: profile.model,
    permissions,
    more,
    orchestrator: profile.orchestrator,
    provider: profile.provider ?? cli.provider,
    prompt: compilePrompt({
      taskId: context.task.id,
      tools: cli.tools,
      context: context.context,
      instructions: profile.instructions,
      orchestrator: profile.orchestrator,
      skills,
      skillsAre: cli.skills,
    }),
    // A document of its own is all that an agent without sessions can be given.
    resume: cli.sessions === 'none' ? null : resume,
    skills,
    places,
  }
}

/** Sessions are gone on with only where the agent, its tools and what it was told are the same. */
const fingerprintOf = (cli: CliAgent, profile: Profile): string =>
  createHash('sha256')
    .update(
      JSON.stringify([
        PROMPT_VERSION,
        cli,
        profile.command,
        profile.model,
        profile.permissions,
        profile.orchestrator,
        profile.skills,
        profile.instructions,
      ]),
    )
    .digest('hex')
    .slice(0, 16)

const programOf = (cli: CliAgent, profile: Profile): string => profile.command?.[0] ?? cli.program

const asker = (cli: CliAgent, profile: Profile) => ({
  owner: `Profile ${profile.name}`,
  source: `command in ${profile.file ?? 'the profile'}`,
  install: cli.install,
})

function faultsOf(row: CliAgent, profile: Profile): readonly ProfileFault[] {
  const faults: ProfileFault[] = []
  const cli = drivenBy(row, profile.driver)
  if (cli === null)
    return [
      {
        path: ['driver'],
        message: `agent ${row.name} cannot be driven by ${profile.driver}: it has ${row.driver}${row.otherwise === undefined ? ' alone' : ` and ${row.otherwise.driver}`}`,
      },
    ]
  const [program, ...more] = profile.command ?? [cli.program]
  if (program === undefined || program.trim() === '' || placeholdersIn(program).length > 0)
    faults.push({
      path: ['command', 0],
      message: `the first word of command is the program to start, for example command: [${cli.program || 'my-agent, acp'}]`,
    })
  more.forEach((argument, index) => {
    const own = cli.ownOptions.find((option) => argument === option || argument.startsWith(`${option}=`))
    if (own !== undefined)
      faults.push({
        path: ['command', index + 1],
        message: `${own} is given by the board itself; a second one would break the run. Remove it`,
      })
  })
  const { permissions } = profile
  if (permissions !== null && !cli.permissions.offered.includes(permissions))
    faults.push({
      path: ['permissions'],
      message: `agent ${cli.name} cannot be held to ${permissions}: it offers ${cli.permissions.offered.join(', ')}`,
    })
  if (profile.model !== null && !usesModel(cli))
    faults.push({ path: ['model'], message: `model has no effect with agent ${cli.name}. Remove it` })
  return faults
}

/** The protocol itself can choose a model. */
const usesModel = (cli: CliAgent): boolean =>
  cli.driver === 'acp' || JSON.stringify([cli.arguments, cli.env, cli.files]).includes('{model}')
