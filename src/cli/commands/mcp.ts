import type { Actor } from '../../domain/actor.ts'
import { denied, invalid } from '../../domain/errors.ts'
import { command, text, UsageError } from '../command.ts'
import type { Context } from '../context.ts'
import { environmentsAbove } from '../enclosing-run.ts'
import type { ToolsCaller } from '../services.ts'

export const mcp = command({
  about:
    'Serves the tools of the board over MCP on standard input and output, for an agent that starts it: the worker of a run, or an agent session of your own that acts as an orchestrator.',
  effect: 'changes',
  forWorkers: true,
  hasData: false,
  options: {
    profile: text(
      'name',
      'For a session of your own: the profile whose front matter says orchestrator: true.',
      {
        completes: 'profile',
      },
    ),
  },
  examples: ['claude mcp add kanban -- yard mcp --profile orchestrator', 'yard mcp --profile orchestrator'],
  async run(context, { options: { profile } }) {
    if (context.isInteractive)
      throw new UsageError(
        'yard mcp talks to an agent, not to a terminal. Have your agent start it, for example with: claude mcp add kanban -- yard mcp --profile orchestrator',
      )
    const { actor } = context
    const caller =
      actor.kind === 'worker'
        ? await ofRun(context, actor, profile)
        : { run: null, orchestrator: true, actor: await ofSession(context, profile) }
    await context.services.serveTools({
      ...caller,
      environments: [context.env, ...environmentsAbove(process.pid)],
      signal: context.signal,
    })
    return {}
  },
})

type Worker = Extract<Actor, { kind: 'worker' }>

async function ofRun(
  context: Context,
  actor: Worker,
  profile: string | undefined,
): Promise<Pick<ToolsCaller, 'actor' | 'run' | 'orchestrator'>> {
  const { runId } = actor.capability
  const kernel = await context.kernel()
  const run = await kernel.identifyRun(actor.capability)
  if (profile !== undefined && profile !== run.profile)
    throw denied(
      'worker_denied',
      `Cannot act as ${profile} inside run ${runId} of ${run.taskId}: a run has the tools of its own profile. Leave --profile out.`,
      { run: runId },
    )
  const { workspaces } = await kernel.showTask(run.taskId)
  const found = run.profile === null ? null : (await context.services.profiles()).find(run.profile)
  return {
    actor: { ...actor, door: 'mcp' },
    run: {
      id: runId,
      taskId: run.taskId,
      workspace: workspaces.findLast((workspace) => workspace.runId === runId)?.path ?? null,
    },
    orchestrator: found?.state === 'found' && found.profile.orchestrator,
  }
}

/** A person's own session gets tools only as an orchestrator that the person named. */
async function ofSession(context: Context, name: string | undefined): Promise<Actor> {
  // Refused to what has left a worker.
  await context.kernel()
  const profiles = await context.services.profiles()
  const orchestrators = profiles
    .list()
    .flatMap((entry) => (entry.state === 'found' && entry.profile.orchestrator ? [entry.profile.name] : []))
  const choices =
    orchestrators.length === 0
      ? 'None is one yet: write "orchestrator: true" into the front matter of a profile, see yard profile create.'
      : `Use one of ${orchestrators.join(', ')}.`
  if (name === undefined)
    throw invalid(
      'no_profile',
      `Cannot offer tools: this is no run, and no orchestrator profile was named with --profile. ${choices}`,
    )
  if (!orchestrators.includes(name))
    throw invalid(
      'not_an_orchestrator',
      `Cannot offer tools to ${name}: ${profiles.find(name).state === 'found' ? 'its profile does not say orchestrator: true' : 'there is no such profile that can be used'}. ${choices}`,
      { profile: name },
    )
  return { ...context.actor, door: 'mcp' }
}
