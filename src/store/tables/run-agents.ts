/** What agents do in their runs: sessions, usage, last words. One row for each run of an agent. */
import type { AgentSession, RunAgent, RunAgentNews } from '../../domain/run-agent.ts'
import type { Connection } from '../connection.ts'
import { statement } from '../statement.ts'

const insert = statement<{
  runId: number
  taskId: string
  profile: string
  agent: string
  provider: string
  host: string
  cwd: string
  fingerprint: string
  resumedFrom: number | null
  now: number
}>()((db, p) =>
  db.insertInto('run_agents').values({
    run_id: p.runId,
    task_id: p.taskId,
    profile: p.profile,
    agent: p.agent,
    provider: p.provider,
    host: p.host,
    cwd: p.cwd,
    fingerprint: p.fingerprint,
    resumed_from: p.resumedFrom,
    tokens_in: 0,
    tokens_cached: 0,
    tokens_out: 0,
    updated_at: p.now,
  }),
)

export const insertRunAgent = (
  db: Connection,
  row: {
    runId: number
    taskId: string
    profile: string
    agent: string
    provider: string
    host: string
    cwd: string
    fingerprint: string
    resumedFrom: number | null
    now: number
  },
): Promise<number> => db.run(insert, row)

const update = statement<{
  runId: number
  session: string | null
  model: string | null
  answeredAt: number | null
  lastTool: string | null
  lastMessage: string | null
  tokensIn: number
  tokensCached: number
  tokensOut: number
  costMicros: number | null
  sessionIn: number | null
  sessionCached: number | null
  sessionOut: number | null
  sessionMicros: number | null
  problem: string | null
  now: number
}>()((db, p) =>
  db
    .updateTable('run_agents')
    .set((row) => ({
      session_id: p.session,
      model: p.model,
      answered_at: row.fn.coalesce(row.ref('answered_at'), row.val(p.answeredAt)),
      last_tool: p.lastTool,
      last_message: p.lastMessage,
      tokens_in: p.tokensIn,
      tokens_cached: p.tokensCached,
      tokens_out: p.tokensOut,
      cost_micros: p.costMicros,
      session_tokens_in: p.sessionIn,
      session_tokens_cached: p.sessionCached,
      session_tokens_out: p.sessionOut,
      session_cost_micros: p.sessionMicros,
      problem: p.problem,
      updated_at: p.now,
    }))
    .where('run_id', '=', p.runId),
)

/** Takes the place of what was known of the run's agent before; that it has answered stays. */
export const updateRunAgent = (
  db: Connection,
  runId: number,
  news: RunAgentNews,
  now: number,
): Promise<number> => {
  const { sessionUsage: counters } = news
  return db.run(update, {
    runId,
    session: news.session,
    model: news.model,
    answeredAt: news.hasAnswered ? now : null,
    lastTool: news.lastTool,
    lastMessage: news.lastMessage,
    tokensIn: news.usage.input,
    tokensCached: news.usage.cached,
    tokensOut: news.usage.output,
    costMicros: news.usage.cost === null ? null : Math.round(news.usage.cost * 1_000_000),
    sessionIn: counters?.input ?? null,
    sessionCached: counters?.cached ?? null,
    sessionOut: counters?.output ?? null,
    // Never more than it was: a counter that stands lower than before is taken for one that began anew.
    sessionMicros: counters?.cost == null ? null : Math.floor(counters.cost * 1_000_000),
    problem: news.problem,
    now,
  })
}

const COLUMNS = [
  'run_id as runId',
  'task_id as taskId',
  'profile',
  'agent',
  'provider',
  'host',
  'cwd',
  'fingerprint',
  'resumed_from as resumedFrom',
  'session_id as session',
  'model',
  'answered_at as answeredAt',
  'last_tool as lastTool',
  'last_message as lastMessage',
  'tokens_in as tokensIn',
  'tokens_cached as tokensCached',
  'tokens_out as tokensOut',
  'cost_micros as costMicros',
  'problem',
] as const

const byRun = statement<{ runId: number }>()((db, p) =>
  db.selectFrom('run_agents').select(COLUMNS).where('run_id', '=', p.runId),
)

export const findRunAgent = (db: Connection, runId: number): Promise<RunAgent | undefined> =>
  db.get(byRun, { runId })

const byTask = statement<{ taskId: string }>()((db, p) =>
  db.selectFrom('run_agents').select(COLUMNS).where('task_id', '=', p.taskId).orderBy('run_id'),
)

export const findRunAgents = (db: Connection, taskId: string): Promise<RunAgent[]> =>
  db.all(byTask, { taskId })

const session = statement<{ taskId: string; profile: string }>()((db, p) =>
  db
    .selectFrom('run_agents as a')
    .innerJoin('task_runs as r', 'r.id', 'a.run_id')
    .select([
      'a.run_id as runId',
      'a.session_id as session',
      'a.agent',
      'a.host',
      'a.cwd',
      'a.fingerprint',
      'a.problem',
      'a.answered_at as answeredAt',
      'a.session_tokens_in as countedIn',
      'a.session_tokens_cached as countedCached',
      'a.session_tokens_out as countedOut',
      'a.session_cost_micros as countedMicros',
      'r.outcome',
      'r.ended_at as endedAt',
    ])
    .where('a.task_id', '=', p.taskId)
    .where('a.profile', '=', p.profile)
    .where('r.ended_at', 'is not', null)
    .orderBy('a.run_id', 'desc')
    .limit(1),
)

/** The last session of a profile on a card. */
export async function findLastSession(
  db: Connection,
  taskId: string,
  profile: string,
): Promise<AgentSession | undefined> {
  const row = await db.get(session, { taskId, profile })
  if (row === undefined) return undefined
  const { countedIn, countedCached, countedOut, countedMicros, ...last } = row
  return {
    ...last,
    counted:
      countedIn === null
        ? null
        : {
            input: countedIn,
            cached: countedCached ?? 0,
            output: countedOut ?? 0,
            cost: countedMicros === null ? null : countedMicros / 1_000_000,
          },
  }
}

const lastProvider = statement<{ profile: string }>()((db, p) =>
  db
    .selectFrom('run_agents')
    .select('provider')
    .where('profile', '=', p.profile)
    .orderBy('run_id', 'desc')
    .limit(1),
)

/** The provider the profile's last run used; undefined when it had none. */
export const findProviderOf = async (db: Connection, profile: string): Promise<string | undefined> =>
  (await db.get(lastProvider, { profile }))?.provider

const live = statement<{ provider: string; profile: string }>()((db, p) =>
  db
    .selectFrom('run_agents as a')
    .innerJoin('run_processes as p', 'p.run_id', 'a.run_id')
    .select(['a.run_id as runId', 'a.provider', 'a.profile'])
    .where('p.gone_at', 'is', null)
    .where((row) => row.or([row('a.provider', '=', p.provider), row('a.profile', '=', p.profile)])),
)

/** Runs of agents that are not proven gone, of this provider or of this profile. */
export const findLiveAgents = (
  db: Connection,
  of: { provider: string; profile: string },
): Promise<{ runId: number; provider: string; profile: string }[]> => db.all(live, of)

const problems = statement<{ provider: string; profile: string }>()((db, p) =>
  db
    .selectFrom('run_agents as a')
    .innerJoin('task_runs as r', 'r.id', 'a.run_id')
    .select(['a.provider', 'a.profile', 'r.outcome', 'a.answered_at as answeredAt'])
    .where('r.ended_at', 'is not', null)
    .where((row) => row.or([row('a.provider', '=', p.provider), row('a.profile', '=', p.profile)]))
    .orderBy('a.run_id', 'desc')
    .limit(40),
)

/** How the last runs of a provider or profile ended, newest first. */
export const findLastAgentEndings = (db: Connection, of: { provider: string; profile: string }) =>
  db.all(problems, of)
