/** What runners tell of their agents while they work, and what a provider's refusal means for everybody else. */
import type { RunCapability } from '../domain/actor.ts'
import type { Hold } from '../domain/hold.ts'
import type { RunEnding } from '../domain/run.ts'
import { holdFor, type AgentSession, type RunAgent, type RunAgentNews } from '../domain/run-agent.ts'
import type { Seconds } from '../domain/task.ts'
import { MAX, madeStorable } from '../domain/text.ts'
import type { Connection, WriteTransaction } from '../store/connection.ts'
import { findHolds, liftHold, openHold } from '../store/tables/holds.ts'
import {
  findLastAgentEndings,
  findLastSession,
  findLiveAgents,
  findRunAgent,
  findRunAgents,
  updateRunAgent,
} from '../store/tables/run-agents.ts'
import { findRun } from '../store/tables/runs.ts'
import { note, type Signature } from './apply.ts'
import { bookUsage } from './book-usage.ts'
import type { KernelDeps } from './deps.ts'
import { authenticateWorker } from './fence.ts'
import { pokeLingering } from './poke-runner.ts'

const BY_ANSWER = 'rule:answered'
const BY_PROVIDER = 'rule:provider'
/** Of a last message, in characters. */
const MAX_MESSAGE = 4_000

/**
 * What is known of a run's agent now: what it used is booked, and the first answer of its model ends the waiting of everybody
 * else for its provider.
 */
export async function recordAgent(
  deps: KernelDeps,
  capability: RunCapability,
  news: RunAgentNews,
): Promise<void> {
  const { runId } = capability
  const stopped = await deps.store.write(async (tx) => {
    await authenticateWorker(tx, { kind: 'worker', name: 'runner', door: 'runner', capability })
    const known = await findRunAgent(tx, runId)
    if (known === undefined) return null
    await updateRunAgent(
      tx,
      runId,
      {
        ...news,
        lastTool: madeStorable(news.lastTool, MAX.note),
        lastMessage: madeStorable(news.lastMessage, MAX_MESSAGE),
      },
      tx.now,
    )
    const run = await findRun(tx, runId)
    if (news.hasAnswered && known.answeredAt === null) await liftProbation(tx, known, run?.startedAt ?? null)
    const { usage, model } = news
    const isOpen = run !== undefined && run.endedAt === null
    const seen = { usage, model }
    const stops = await bookUsage(tx, runId, seen, deps.policy(known.profile), { door: 'runner', isOpen })
    return stops ? known.taskId : null
  })
  if (stopped !== null) await pokeLingering(deps, stopped)
}

async function liftProbation(
  tx: WriteTransaction,
  agent: RunAgent,
  startedAt: Seconds | null,
): Promise<void> {
  for (const hold of await probation(tx, agent)) {
    // An answer to a question from before the refusal says nothing about the time after it.
    if (startedAt === null || startedAt < (hold.until ?? tx.now)) continue
    await liftHold(tx, hold, BY_ANSWER, tx.now)
    const { scope, target, kind } = hold
    note(
      tx,
      null,
      { kind: 'resumed', payload: { scope, target, holds: [kind] } },
      { actor: BY_ANSWER, door: 'runner', runId: null },
    )
  }
}

/** Holds that a run of this agent, by being answered, shows to be over. */
const probation = async (
  db: Connection,
  { provider, profile }: Pick<RunAgent, 'provider' | 'profile'>,
): Promise<Hold[]> => [
  ...(await findHolds(db, 'provider', provider)).filter(({ kind }) => kind === 'cooldown'),
  ...(await findHolds(db, 'profile', profile)).filter(({ kind }) => kind === 'preflight'),
]

/**
 * After the time of such a hold one run at a time may try whether it is over: the run that is trying, or null when there is
 * none or nothing to try.
 */
export async function probing(
  db: Connection,
  of: Pick<RunAgent, 'provider' | 'profile'>,
  now: number,
): Promise<{ readonly hold: Hold; readonly runId: number } | null> {
  for (const hold of await probation(db, of)) {
    if (hold.until === null || hold.until > now) continue
    const runs = await findLiveAgents(db, of)
    const trying = runs.find((run) => run[hold.scope === 'provider' ? 'provider' : 'profile'] === hold.target)
    if (trying !== undefined) return { hold, runId: trying.runId }
  }
  return null
}

/** A run ended because its provider would not serve it: everybody who would find the same is held, once. */
export async function holdProvider(
  tx: WriteTransaction,
  runId: number,
  { problem }: RunEnding,
  by: Signature,
): Promise<void> {
  const agent = await findRunAgent(tx, runId)
  if (agent === undefined || problem === undefined) return
  const { profile } = agent
  const endings = (await findLastAgentEndings(tx, { provider: problem.provider, profile })).filter((ending) =>
    problem.class === 'quota' ? ending.provider === problem.provider : ending.profile === profile,
  )
  const outcome = problem.class === 'quota' ? 'rate_limited' : 'misconfigured'
  const other = endings.findIndex((ending) => ending.outcome !== outcome || ending.answeredAt !== null)
  const inRow = other === -1 ? endings.length : other
  const hold = holdFor(problem, { profile, before: Math.max(0, inRow - 1), now: tx.now })
  await openHold(tx, hold, BY_PROVIDER, tx.now)
  const { scope, target, reason, until } = hold
  note(
    tx,
    null,
    { kind: 'paused', payload: { scope, target, reason, until: until ?? null } },
    { actor: BY_PROVIDER, door: by.door, runId: null },
  )
}

/** What held a profile may be repaired: one of its runs may try now. False when nothing is held. */
export async function letProbe({ store }: KernelDeps, profile: string): Promise<boolean> {
  return store.write(async (tx) => {
    const hold = (await findHolds(tx, 'profile', profile)).find(({ kind }) => kind === 'preflight')
    if (hold === undefined || hold.until === null || hold.until <= tx.now) return false
    const { scope, target, kind, reason } = hold
    await openHold(tx, { scope, target, kind, reason, until: tx.now }, BY_PROVIDER, tx.now)
    return true
  })
}

/** The last session of a profile on a card. */
export const lastSession = (
  { store }: KernelDeps,
  taskId: string,
  profile: string,
): Promise<AgentSession | undefined> => store.read((db) => findLastSession(db, taskId, profile))

/** What agents did in the runs of a card, the first run first. */
export const listRunAgents = ({ store }: KernelDeps, taskId: string): Promise<RunAgent[]> =>
  store.read((db) => findRunAgents(db, taskId))
