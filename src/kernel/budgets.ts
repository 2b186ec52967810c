/** Setting budgets, granting more on them, and looking at what was spent. */
import type { Actor } from '../domain/actor.ts'
import {
  assertMayGrant,
  budgetId,
  periodAround,
  targetsOf,
  type Budget,
  type BudgetKey,
  type BudgetLimits,
  type BudgetState,
} from '../domain/budget.ts'
import { inForce } from '../domain/default-budgets.ts'
import { checkName } from '../domain/create.ts'
import { conflict, invalid, notFound } from '../domain/errors.ts'
import { BOARD_TARGET } from '../domain/hold.ts'
import type { Task } from '../domain/task.ts'
import { MAX, storable } from '../domain/text.ts'
import type { UsageGroup } from '../domain/usage.ts'
import type { Connection } from '../store/connection.ts'
import {
  endBudget,
  findBudgetHistory,
  findBudgets,
  findBudgetsOver,
  findGrants,
  insertBudget,
  insertGrant,
  type BudgetGrant,
  type PastBudget,
} from '../store/tables/budgets.ts'
import { lockAdmission } from '../store/tables/locks.ts'
import { findProviderOf } from '../store/tables/run-agents.ts'
import {
  findUsageOfProfiles,
  groupUsage,
  sumUsage,
  type UsageFilter,
  type UsageSum,
} from '../store/tables/usage.ts'
import { note, signatureOf } from './apply.ts'
import { statesOf, statesOver } from './budget-states.ts'
import { denyWorkers, requireTask, type KernelDeps } from './deps.ts'

/** The budget in force for a key: what somebody set, else a default; undefined without either. */
async function findInForce(
  { policy }: KernelDeps,
  db: Connection,
  key: BudgetKey,
): Promise<Budget | undefined> {
  const targets = { [key.scope]: key.target }
  const { ceilings } = policy(key.scope === 'profile' ? key.target : await assigneeOf(db, key))
  const id = budgetId(key)
  return inForce(await findBudgetsOver(db, targets), ceilings, targets).find(
    (found) => budgetId(found) === id,
  )
}

/** Of a task's default budgets its profile's file says more than the configuration. */
const assigneeOf = async (db: Connection, { scope, target }: BudgetKey): Promise<string | null> =>
  scope === 'task' ? (await requireTask(db, target)).assignee : null

async function requireInForce(deps: KernelDeps, db: Connection, key: BudgetKey): Promise<Budget> {
  const found = await findInForce(deps, db, key)
  if (found !== undefined) return found
  const id = budgetId(key)
  throw notFound(
    'budget_not_found',
    `budget ${id} not found. Set it with: yard budget set ${id} --hard <amount>`,
    {
      budget: id,
    },
  )
}

/** Sets a budget, in place of what was set or a default. It counts from the next run that would open; what was spent stays spent. */
export async function setBudget(
  deps: KernelDeps,
  given: BudgetKey,
  wanted: BudgetLimits,
  actor: Actor,
): Promise<BudgetState> {
  denyWorkers(actor, 'set budgets')
  const key = checkKey(given)
  const limits = checkLimits(wanted)
  return deps.store.write(async (tx) => {
    await lockAdmission(tx, { alone: true })
    if (key.scope === 'task') await requireTask(tx, key.target)
    const before = await findInForce(deps, tx, key)
    assertMayGrant({ ...key, granters: before?.granters ?? [] }, actor, 'change')
    await endBudget(tx, key, actor.name, tx.now)
    await insertBudget(tx, key, limits, actor.name, tx.now)
    const payload = {
      budget: budgetId(key),
      before: before === undefined ? null : shown(before),
      after: shown(limits),
    }
    note(tx, taskOf(key), { kind: 'budget_set', payload }, signatureOf(actor))
    const [state] = await statesOf(
      tx,
      [{ ...key, ...limits, origin: 'board', setAt: tx.now, setBy: actor.name }],
      tx.now,
    )
    if (state === undefined) throw new Error('unreachable')
    return state
  })
}

const shown = ({ soft, hard, stopRunning, granters }: BudgetLimits) => ({
  soft,
  hard,
  stop_running: stopRunning,
  granters,
})

const taskOf = ({ scope, target }: BudgetKey): string | null => (scope === 'task' ? target : null)

function checkKey(key: BudgetKey): BudgetKey {
  const target = key.scope === 'board' ? BOARD_TARGET : checkName(key.target, `${key.scope} of a budget`)
  if (target === null)
    throw invalid(
      'bad_budget',
      `A budget of a ${key.scope} needs its name, as in ${key.scope}:<name>:cost:day.`,
    )
  return { ...key, target }
}

function checkLimits({ soft, hard, stopRunning, granters }: BudgetLimits): BudgetLimits {
  if (soft === null && hard === null)
    throw invalid('no_limit', 'A budget needs a limit: give a hard one, a soft one, or both.')
  for (const limit of [soft, hard])
    if (limit !== null && (!Number.isSafeInteger(limit) || limit < 0))
      throw invalid('bad_amount', 'A limit must be a whole number of what it measures, 0 or more.', { limit })
  if (soft !== null && hard !== null && soft > hard)
    throw invalid(
      'soft_above_hard',
      'The soft limit warns before the hard one is reached, so it must not be above it.',
    )
  if (stopRunning && hard === null)
    throw invalid('no_limit', 'Only a hard limit can end runs: give one, or leave stop_running out.')
  return {
    soft,
    hard,
    stopRunning,
    granters: [...new Set(granters.map((name) => checkName(name, 'granter') ?? ''))].filter(Boolean),
  }
}

/** Ends a budget that somebody set; a default then counts again. */
export async function removeBudget(deps: KernelDeps, key: BudgetKey, actor: Actor): Promise<Budget> {
  denyWorkers(actor, 'remove budgets')
  return deps.store.write(async (tx) => {
    await lockAdmission(tx, { alone: true })
    const found = await requireInForce(deps, tx, key)
    const id = budgetId(key)
    if (found.origin !== 'board')
      throw conflict(
        'default_budget',
        `Cannot remove ${id}: it comes from ${found.origin === 'profile' ? `the file of profile ${key.target}` : 'the configuration'}. Change it there, or set another one in its place with: yard budget set ${id} --hard <amount>`,
        { budget: id, origin: found.origin },
      )
    assertMayGrant(found, actor, 'remove')
    await endBudget(tx, key, actor.name, tx.now)
    note(
      tx,
      taskOf(key),
      { kind: 'budget_removed', payload: { budget: id, before: shown(found) } },
      signatureOf(actor),
    )
    return found
  })
}

/** Grants more for the present period. The ledger keeps the past: a grant is a row, and what was spent stays spent. */
export async function grantBudget(
  deps: KernelDeps,
  key: BudgetKey,
  { amount, reason }: { readonly amount: number; readonly reason: string },
  actor: Actor,
): Promise<BudgetState> {
  denyWorkers(actor, 'grant budgets')
  if (!Number.isSafeInteger(amount) || amount < 1)
    throw invalid('bad_amount', 'A grant must be more than nothing.', { amount })
  const text = storable(reason.trim() || 'granted', 'reason', MAX.reason)
  return deps.store.write(async (tx) => {
    await lockAdmission(tx, { alone: true })
    const budget = await requireInForce(deps, tx, key)
    assertMayGrant(budget, actor, 'grant more on')
    if (budget.hard === null)
      throw conflict(
        'no_hard_limit',
        `Cannot grant more on ${budgetId(key)}: it has no hard limit, so it holds nothing back.`,
      )
    const periodStart = periodAround(key.period, tx.now).from
    await insertGrant(tx, key, {
      periodStart,
      amount,
      reason: text,
      actor: actor.name,
      door: actor.door,
      createdAt: tx.now,
    })
    const [state] = await statesOf(tx, [budget], tx.now)
    if (state === undefined) throw new Error('unreachable')
    const payload = { budget: budgetId(key), amount, reason: text, until: state.periodEnd }
    note(tx, taskOf(key), { kind: 'budget_granted', payload }, signatureOf(actor))
    return state
  })
}

/** Every budget in force with how it stands; default budgets of profiles and of the board with them, those of tasks not. */
export async function listBudgets({ store, policy }: KernelDeps): Promise<BudgetState[]> {
  const now = await store.now()
  return store.read(async (db) => {
    const rows = await findBudgets(db)
    const known = new Map(
      inForce(rows, policy().ceilings, { board: BOARD_TARGET }).map((each) => [budgetId(each), each]),
    )
    for (const { profile } of await findUsageOfProfiles(db))
      for (const each of inForce([], policy(profile).ceilings, { profile }))
        if (!known.has(budgetId(each))) known.set(budgetId(each), each)
    return statesOf(db, [...known.values()], now)
  })
}

export interface BudgetDetails {
  readonly state: BudgetState
  readonly history: readonly PastBudget[]
  readonly grants: readonly BudgetGrant[]
}

/** One budget with all that was ever set and granted on it. */
export async function showBudget(deps: KernelDeps, key: BudgetKey): Promise<BudgetDetails> {
  const now = await deps.store.now()
  return deps.store.read(async (db) => {
    const [state] = await statesOf(db, [await requireInForce(deps, db, key)], now)
    if (state === undefined) throw new Error('unreachable')
    return { state, history: await findBudgetHistory(db, key), grants: await findGrants(db, key) }
  })
}

/** The budgets that the next run of a card would draw on. */
export async function budgetsOver(deps: KernelDeps, taskId: string): Promise<BudgetState[]> {
  const now = await deps.store.now()
  return deps.store.read(async (db) => cardBudgets(deps, db, await requireTask(db, taskId), now))
}

/** The same inside a transaction. The provider is the one its profile used last. */
export const cardBudgets = async (
  { policy }: Pick<KernelDeps, 'policy'>,
  db: Connection,
  task: Task,
  now: number,
): Promise<BudgetState[]> => {
  const profile = task.assignee
  const provider = profile === null ? null : ((await findProviderOf(db, profile)) ?? null)
  return statesOver(db, targetsOf(task, { profile, provider }), policy(profile).ceilings, now)
}

/** What was used, by group. */
export const readUsage = ({ store }: KernelDeps, by: UsageGroup, filter: UsageFilter): Promise<UsageSum[]> =>
  store.read((db) => groupUsage(db, by, filter))

/** Whether the profile of a card ever used anything. */
export const hasSpent = async (
  { store }: KernelDeps,
  { assignee }: Pick<Task, 'assignee'>,
): Promise<boolean> => {
  if (assignee === null) return false
  const [all] = await store.read((db) =>
    sumUsage(db, [{ scope: 'profile', target: assignee, from: 0, to: null }]),
  )
  return all !== undefined && all.runs > 0
}

/** All that each profile ever used. */
export const usageByProfile = ({ store }: KernelDeps): ReturnType<typeof findUsageOfProfiles> =>
  store.read(findUsageOfProfiles)
