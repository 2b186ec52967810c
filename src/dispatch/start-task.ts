/** From an admissible card to a running runner: claim, make the workspace, write what the runner needs, start it. */
import { hostname } from 'node:os'
import { join } from 'node:path'
import type { LaunchPlan } from '../agents/preflight.ts'
import type { Profile } from '../agents/profile.ts'
import { programSearch } from '../agents/preflight.ts'
import { fromUnits } from '../domain/measure.ts'
import { drivenBy, type ReportsBy } from '../domain/cli-agent.ts'
import { withCeilings } from '../domain/default-budgets.ts'
import type { BudgetState } from '../domain/budget.ts'
import { isYardError } from '../domain/errors.ts'
import { resumable, type AgentIdentity } from '../domain/run-agent.ts'
import type { Task } from '../domain/task.ts'
import type { BoardPolicy } from '../kernel/deps.ts'
import { contextText, newestComment, newsText } from '../kernel/worker-context.ts'
import { bootId } from '../lib/process-identity.ts'
import {
  launchRunner,
  makeRunFolder,
  RUN_FILES,
  type LaunchedRunner,
  type RunSpec,
} from '../runner/launch.ts'
import { prepareWorkspace } from '../workspaces/prepare-workspace.ts'
import type { ResolvedWorkspace } from '../workspaces/resolve-workspace.ts'
import { skillFoldersFor } from './admit.ts'
import { DISPATCHER, type DispatchDeps } from './deps.ts'

export interface Claimed {
  readonly task: Task
  readonly runId: number
  readonly secret: string
  readonly policy: BoardPolicy
  readonly plan: LaunchPlan
  readonly workspace: ResolvedWorkspace
  readonly logPath: string
  readonly maxRuntimeSeconds: number | null
  /** The session to go on in. */
  readonly session: ReturnType<typeof resumable>
}

export type ClaimAttempt =
  | { readonly claimed: Claimed }
  /** `gaveUp`: the card had no attempts left, and is blocked now. */
  | {
      readonly refused: { readonly kind: string; readonly text: string }
      readonly gaveUp?: true
      /** The budget that is used up. */
      readonly budget?: BudgetState
    }

/** The ceilings of this profile: its own where it has them, else the board's. */
export const policyFor = (board: BoardPolicy, { limits }: Pick<Profile, 'limits'>): BoardPolicy => ({
  ...board,
  maxAttempts: limits.maxAttempts ?? board.maxAttempts,
  maxAttemptsPerProfileAndDay: limits.attemptsPerDay ?? board.maxAttemptsPerProfileAndDay,
  ceilings: withCeilings(board.ceilings, {
    costPerProfileAndDay: limits.costPerDay === null ? null : fromUnits('cost', limits.costPerDay),
    tokensPerProfileAndDay: limits.tokensPerDay,
    costPerTask: limits.costPerTask === null ? null : fromUnits('cost', limits.costPerTask),
    tokensPerTask: limits.tokensPerTask,
  }),
})

/** By which the claims of this process can be told from those of others. */
export const ownClaimLock = (): string => `${hostname()}:${process.pid}`

export async function claimForRun(
  deps: DispatchDeps,
  task: Task,
  plan: LaunchPlan,
  workspace: ResolvedWorkspace,
  failureLimit: number | null,
): Promise<ClaimAttempt> {
  const settings = deps.settings()
  const base = failureLimit === null ? settings.policy : { ...settings.policy, failureLimit }
  const policy = policyFor(base, plan.profile)
  const { profile } = plan
  const maxRuntimeSeconds =
    task.maxRuntimeSeconds ?? profile.limits.maxRuntimeSeconds ?? settings.maxRuntimeSeconds
  const session = await sessionFor(deps, task, plan, workspace)
  const answer = await deps.kernel.openRun(
    {
      agent: identify(plan, workspace, session),
      taskId: task.id,
      profile: profile.name,
      bootId: bootId(),
      claimLock: ownClaimLock(),
      maxRuntimeSeconds,
      logFolder: deps.paths.runLogs,
      workspace: {
        path: workspace.leaseKey,
        kind: workspace.kind,
        repository: workspace.repository ?? null,
        branch: workspace.branch ?? null,
      },
      policy,
      caps: {
        board: settings.maxRunning,
        profile: profile.limits.maxRunning ?? settings.maxRunningPerProfile,
      },
    },
    DISPATCHER,
  )
  if ('refused' in answer) return answer
  return { claimed: { ...answer, policy, plan, workspace, maxRuntimeSeconds, session } }
}

/** Who will do the work, as far as its provider and its sessions are concerned; null for scripts and programs. */
function identify(
  { agent, profile }: LaunchPlan,
  { path }: ResolvedWorkspace,
  session: ReturnType<typeof resumable>,
): AgentIdentity | null {
  const identity = agent.identify?.(profile)
  return identity === undefined
    ? null
    : { ...identity, agent: agent.name, cwd: path, resumedFrom: session?.runId ?? null }
}

/** The session a worker goes on in, when everything it began with is still the same. */
async function sessionFor(
  { kernel }: DispatchDeps,
  task: Task,
  plan: LaunchPlan,
  workspace: ResolvedWorkspace,
): Promise<ReturnType<typeof resumable>> {
  const identity = identify(plan, workspace, null)
  if (identity === null || !plan.profile.resume) return null
  const last = await kernel.lastSession(task.id, plan.profile.name)
  return resumable(last, { ...identity, host: kernel.deps.host })
}

/** Scripts and programs have nothing but the command line. */
const reportsBy = ({ agent, profile }: LaunchPlan): ReportsBy =>
  (agent.cli === undefined ? null : drivenBy(agent.cli, profile.driver))?.tools ?? 'cli'

/** Starts the runner of a claimed card. A start that fails ends the run as `spawn_failed` and gives null. */
export async function launchClaimed(deps: DispatchDeps, claimed: Claimed): Promise<LaunchedRunner | null> {
  try {
    return await launch(deps, claimed)
  } catch (error) {
    const message = isYardError(error)
      ? error.message
      : `its runner could not be started: ${(error as Error).message}`
    if (!isYardError(error))
      deps.log.error(`could not start run ${claimed.runId} of ${claimed.task.id}`, { error })
    const evidence = {
      exitCode: null,
      signal: null,
      limit: null,
      lastLines: null,
      elapsedSeconds: null,
      killed: false,
    }
    await deps.kernel.closeRun(
      claimed.runId,
      { outcome: 'spawn_failed', error: message, evidence },
      { actor: DISPATCHER.name, door: DISPATCHER.door, runId: null },
    )
    return null
  }
}

async function launch(
  deps: DispatchDeps,
  { task, runId, secret, policy, plan, workspace, logPath, maxRuntimeSeconds, session }: Claimed,
): Promise<LaunchedRunner> {
  const { kernel, paths, board } = deps
  const settings = deps.settings()
  const folder = join(paths.runs, String(runId))
  const { profile, agent } = plan
  const prepared = await prepareWorkspace(workspace, { taskId: task.id, boardId: board.id })
  if (prepared.baseCommit !== undefined) await kernel.recordBaseCommit(runId, prepared.baseCommit)
  makeRunFolder(folder)
  const known = await kernel.workerContext(task.id)
  const search = programSearch(profile, deps.env, prepared.path)
  const start = agent.launch({
    profile,
    task,
    search,
    runId,
    workspace: prepared.path,
    folder,
    context: contextText(known, reportsBy(plan)),
    skills: plan.skills,
    places: {
      attachments: paths.attachments,
      ...(settings.maxAttachmentBytes === undefined
        ? {}
        : { maxAttachmentBytes: settings.maxAttachmentBytes }),
      profiles: paths.profiles,
      repository: workspace.repository ?? null,
      userHome: deps.env['HOME'] ?? paths.home,
      skillFolders: skillFoldersFor(deps, workspace.repository ?? null),
      ownAgents: deps.profiles.agents.own,
    },
    resume:
      session === null
        ? null
        : {
            session: session.session,
            counted: session.counted,
            news: newsText(known, {
              runId: session.runId,
              at: session.since,
              unheard: await kernel.unheardBy(session.runId),
            }),
          },
  })
  const spec: RunSpec = {
    version: 1,
    board: board.address,
    boardId: board.id,
    taskId: task.id,
    profile: profile.name,
    runId,
    secret,
    verdict: agent.verdict,
    argv: start.argv,
    stdin: start.stdin ?? null,
    agent: start.agent ?? null,
    heard: newestComment(known),
    cwd: prepared.path,
    environment: {
      allow: [...settings.allowEnvironment, ...(start.agent?.cli.allow ?? []), ...profile.environment.allow],
      add: {
        ...profile.environment.set,
        ...start.env,
        ...workerVariables(deps, {
          task,
          runId,
          folder,
          workspace: prepared.path,
          reports: agent.verdict === 'report' && start.agent?.cli.tools !== 'mcp',
          temporary: start.agent === undefined ? null : join(folder, 'tmp'),
        }),
      },
      path: deps.binFolders,
    },
    folder,
    logPath,
    streamPath: `${logPath}.jsonl`,
    snapshot: workspace.kind === 'worktree' ? join(paths.snapshots, `${task.id}-${runId}`) : null,
    limits: {
      runtimeSeconds: maxRuntimeSeconds,
      silenceSeconds: profile.limits.silenceSeconds ?? settings.silenceSeconds,
      graceSeconds: profile.limits.graceSeconds ?? settings.graceSeconds,
    },
    policy,
  }
  return launchRunner({ spec, files: start.files, entry: deps.runnerEntry, env: deps.env })
}

interface WorkerPlace {
  readonly task: Task
  readonly runId: number
  readonly folder: string
  readonly workspace: string
  readonly reports: boolean
  /** A folder for temporary files of its own. */
  readonly temporary: string | null
}

/** The environment contract of a worker. */
function workerVariables(
  { paths, board, env }: DispatchDeps,
  { task, runId, folder, workspace, reports, temporary }: WorkerPlace,
): Record<string, string> {
  return {
    YARD_HOME: paths.home,
    YARD_TASK: task.id,
    YARD_RUN: String(runId),
    YARD_WORKSPACE: workspace,
    YARD_BOARD: board.id,
    YARD_TENANT: task.tenant ?? '',
    YARD_PROFILE: task.assignee ?? '',
    // Only a worker that reports by the command line is given the way to do so.
    ...(reports ? { YARD_CAPABILITY_FILE: join(folder, RUN_FILES.capability) } : {}),
    ...(temporary === null ? {} : { TMPDIR: temporary }),
    ...(env['YARD_TEST'] === undefined ? {} : { YARD_TEST: env['YARD_TEST'] }),
  }
}
