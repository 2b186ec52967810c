/**
 * The dispatcher. One pass: adopt → reclaim → promote → admit → claim → spawn. It is woken by every commit and every ending,
 * and by the clock when a hold ends; the interval is only a net below that.
 */
import { firstReached, stateText, type BudgetState } from '../domain/budget.ts'
import type { Task } from '../domain/task.ts'
import type { DispatchView } from '../kernel/dispatch-read.ts'
import { checkNeeds } from './admit.ts'
import type { DispatchDeps } from './deps.ts'
import { RepairWatch } from './repair-watch.ts'
import { emptyReport, type PassReport } from './report.ts'
import { claimForRun, launchClaimed, type Claimed } from './start-task.ts'
import { Slots } from './slots.ts'
import { supervise, type Watched } from './supervise.ts'
import { TriageTender } from './tend-triage.ts'

export interface PassOptions {
  /** Names what would happen and changes nothing. */
  readonly dryRun?: boolean
  /** Starts at most this many. */
  readonly max?: number
  /** Overrides the configured number of failed starts in a row. */
  readonly failureLimit?: number
  /** Asked for by a person: cards whose needs were not met are looked at again before their time, and starts are waited for. */
  readonly explicit?: boolean
}

/** Ready cards read at once; more are read only while slots are free and none of these could use them. */
const FIRST_READ = 64
const DOOR = 'gateway'

export class Dispatcher {
  readonly #deps: DispatchDeps
  readonly #watched: Watched = {
    children: new Map(),
    launching: new Set(),
    adopted: new Set(),
    ending: new Map(),
  }
  readonly #launches = new Set<Promise<void>>()
  readonly #onChange: () => void
  /** What was looked at last for cards that were blocked for a missing need. */
  #needsCheckedAt = Number.NEGATIVE_INFINITY
  readonly #repairs: RepairWatch
  readonly #triage: TriageTender
  #lastPass: Promise<unknown> = Promise.resolve()
  #admissible = 0
  #free = 0
  #nextEnd: number | null = null
  #others = 0

  /** `onChange` is called when something happened that the next pass should look at. */
  constructor(deps: DispatchDeps, onChange: () => void = () => {}) {
    this.#deps = deps
    this.#repairs = new RepairWatch(deps)
    this.#triage = new TriageTender(deps)
    this.#onChange = onChange
  }

  /** When the next hold ends by itself, as of the last pass, in unix seconds. */
  get nextEnd(): number | null {
    return this.#nextEnd
  }

  /** Open runs that this process did not start, as of the last pass: nobody announces their end to it. */
  get others(): number {
    return this.#others
  }

  /** Cards that could have been started and free slots, as of the last pass. */
  get outlook(): { readonly admissible: number; readonly free: number } {
    return { admissible: this.#admissible, free: this.#free }
  }

  /** Passes are made one after another, whoever asks for them. */
  async pass(options: PassOptions = {}): Promise<PassReport> {
    const mine = this.#lastPass.then(() => this.#pass(options))
    this.#lastPass = mine.catch(() => undefined)
    const report = await mine
    if (options.explicit === true) await this.drain()
    return report
  }

  async #pass(options: PassOptions): Promise<PassReport> {
    const { kernel } = this.#deps
    const report = emptyReport()
    let view = await kernel.readForDispatch()
    if (options.dryRun !== true) {
      const changed = await this.#settle(view, options, report)
      if (changed) view = await kernel.readForDispatch()
    }
    this.#nextEnd = view.nextEnd
    const { children, launching } = this.#watched
    this.#others = view.live.filter(({ runId }) => !children.has(runId) && !launching.has(runId)).length
    await this.#startReady(view, options, report)
    return report
  }

  /** Waits for the starts under way. */
  async drain(): Promise<void> {
    while (this.#launches.size > 0) await Promise.all(this.#launches)
    await Promise.all(this.#watched.ending.values())
  }

  async #settle(view: DispatchView, options: PassOptions, report: PassReport): Promise<boolean> {
    const { kernel } = this.#deps
    await supervise(this.#deps, this.#watched, view.live, report, this.#onChange)
    // A person who asked for this pass is told how they ended; otherwise the next pass is woken by it.
    if (options.explicit === true) await Promise.all(this.#watched.ending.values())
    let changed = options.explicit === true
    if (view.expired > 0) {
      report.reclaimed.push(...(await kernel.reclaimExpired(view.now, DOOR)))
      changed = true
    }
    if (view.due > 0) {
      report.promoted.push(...(await kernel.liftDueHolds(view.now, DOOR)))
      changed = true
    }
    if (
      options.explicit === true ||
      view.now - this.#needsCheckedAt >= this.#deps.settings().intervalSeconds
    ) {
      this.#needsCheckedAt = view.now
      changed = (await this.#freeRepaired(report)) || changed
    }
    for (const profile of this.#repairs.changed(view.holds)) await kernel.letProbe(profile)
    return (await this.#triage.tend(view.now)) || changed
  }

  /** Cards that were blocked for a missing need are free again once the same check passes. */
  async #freeRepaired(report: PassReport): Promise<boolean> {
    const { kernel, log } = this.#deps
    let freed = false
    for (const id of await kernel.readPreflightBlocked()) {
      const task = await kernel.getTask(id)
      if (task.status !== 'blocked' || !(await checkNeeds(this.#deps, task)).ok) continue
      if (await kernel.passPreflight(id, DOOR)) {
        log.info(`${id} can be started again: what was missing is there`, { task: id })
        report.promoted.push(id)
        freed = true
      }
    }
    return freed
  }

  async #startReady(view: DispatchView, options: PassOptions, report: PassReport): Promise<void> {
    const slots = new Slots(this.#deps, view, options.max ?? Number.POSITIVE_INFINITY)
    this.#free = slots.free
    this.#admissible = 0
    if (slots.free <= 0) return
    const board = boardReason(view)
    // Whoever asked for the pass is told about every card. Otherwise those that nothing can start now are not even read: there may be thousands.
    const isAsked = options.explicit === true || options.dryRun === true
    if (board !== null && !isAsked) return
    const seen = new Set<string>()
    for (let read = FIRST_READ; ; read *= 4) {
      const cards = await this.#deps.kernel.readReady({
        limit: read,
        despitePreflight: options.explicit === true,
        ...(isAsked ? {} : { except: slots.closed(view.holds) }),
      })
      for (const card of cards) {
        if (slots.free <= 0) return
        if (seen.has(card.id)) continue
        seen.add(card.id)
        if (card.assignee === null) report.skipped_unassigned.push(card.id)
        else if (board !== null) report.waiting.push({ task_id: card.id, reason: board })
        else await this.#consider(card.id, card.assignee, slots, view, options, report)
      }
      if (cards.length < read) return
    }
  }

  async #consider(
    id: string,
    profile: string,
    slots: Slots,
    view: DispatchView,
    options: PassOptions,
    report: PassReport,
  ): Promise<void> {
    const hold = view.holds.find((candidate) => candidate.scope === 'profile' && candidate.target === profile)
    if (hold !== undefined)
      return void report.waiting.push({ task_id: id, reason: `profile ${profile}: ${hold.reason}` })
    if (slots.isFull(profile)) return
    const task = await this.#deps.kernel.getTask(id)
    const spent = slots.spentFor(task, profile)
    if (spent !== undefined) return void report.waiting.push({ task_id: id, reason: stateText(spent) })
    const needs = await checkNeeds(this.#deps, task)
    if (!needs.ok) return this.#missing(task, needs.problem, options, report)
    const provider = needs.plan.agent.identify?.(needs.plan.profile).provider
    const limit = view.holds.find(({ scope, target }) => scope === 'provider' && target === provider)
    if (limit !== undefined)
      return void report.waiting.push({ task_id: id, reason: `provider ${provider}: ${limit.reason}` })
    if (!slots.fits(profile, needs.plan.profile.limits.maxRunning)) return
    const tenant = view.leases.get(needs.workspace.leaseKey)
    if (tenant !== undefined)
      return void report.waiting.push({
        task_id: id,
        reason: `its workspace ${needs.workspace.leaseKey} is leased by ${tenant}`,
      })
    const lack = slots.memoryLack()
    if (lack !== null) return void report.waiting.push({ task_id: id, reason: lack })
    if (options.dryRun === true) {
      // The claim itself would tell; here nothing is claimed.
      const budget = firstReached(await this.#deps.kernel.budgetsOver(id))
      if (budget !== undefined) return void report.waiting.push({ task_id: id, reason: stateText(budget) })
      this.#admissible++
      slots.take(profile)
      return void report.spawned.push({ task_id: id, assignee: profile, workspace: needs.workspace.path })
    }
    this.#admissible++
    const attempt = await claimForRun(
      this.#deps,
      task,
      needs.plan,
      needs.workspace,
      options.failureLimit ?? null,
    )
    if ('refused' in attempt) {
      this.#admissible--
      if (attempt.gaveUp === true) report.auto_blocked.push(task.id)
      if (attempt.budget !== undefined) this.#spent(attempt.budget, profile, slots)
      return void report.waiting.push({ task_id: id, reason: attempt.refused.text })
    }
    slots.take(profile)
    report.spawned.push({ task_id: id, assignee: profile, workspace: needs.workspace.path })
    this.#launch(attempt.claimed)
  }

  /** The next cards that would draw on it need not be tried in this pass. */
  #spent(budget: BudgetState, profile: string, slots: Slots): void {
    slots.close(budget, profile)
    const { periodEnd } = budget
    if (periodEnd !== null && (this.#nextEnd === null || periodEnd < this.#nextEnd)) this.#nextEnd = periodEnd
  }

  async #missing(
    task: Task,
    problem: string,
    { dryRun, failureLimit }: PassOptions,
    report: PassReport,
  ): Promise<void> {
    report.preflight_failed.push({ task_id: task.id, problem })
    if (dryRun === true) return
    const { policy } = this.#deps.settings()
    const failed = await this.#deps.kernel.failPreflight(
      task.id,
      problem,
      failureLimit === undefined ? policy : { ...policy, failureLimit },
      DOOR,
    )
    this.#deps.log.warn(`${task.id} cannot be started: ${problem}`, { task: task.id })
    if (failed?.blocked === true) report.auto_blocked.push(task.id)
  }

  async #tellEnding(taskId: string, runId: number): Promise<void> {
    const { kernel, log } = this.#deps
    const run = await kernel.getRun(runId).catch(() => null)
    if (run?.outcome == null) return
    const message = `run ${runId} of ${taskId} ended: ${run.error ?? run.outcome}`
    if (run.error === null) log.info(message, { task: taskId, run: runId })
    else log.warn(message, { task: taskId, run: runId })
  }

  /** Goes on beside the passes: making one workspace must not keep other cards from starting. */
  #launch(claimed: Claimed): void {
    const { runId, task } = claimed
    const { launching, children } = this.#watched
    launching.add(runId)
    const work = launchClaimed(this.#deps, claimed)
      .then((runner) => {
        if (runner === null) return
        this.#deps.log.info(`started run ${runId} of ${task.id} "${task.title}" for ${task.assignee}`, {
          task: task.id,
          run: runId,
          runner: runner.pid,
        })
        children.set(runId, { pid: runner.pid })
        void runner.exited.then(async () => {
          children.delete(runId)
          this.#onChange()
          await this.#tellEnding(task.id, runId)
        })
      })
      .catch((error: unknown) =>
        this.#deps.log.error(`run ${runId} of ${task.id} could not be launched; it will be reclaimed`, {
          error,
        }),
      )
      .finally(() => {
        launching.delete(runId)
        this.#launches.delete(work)
        this.#onChange()
      })
    this.#launches.add(work)
  }
}

/** What keeps every card from starting; null when nothing does. */
function boardReason({ holds, spent }: DispatchView): string | null {
  const hold = holds.find(({ scope }) => scope === 'board')
  if (hold !== undefined) return `the board: ${hold.reason}`
  const budget = spent.find(({ scope }) => scope === 'board')
  return budget === undefined ? null : stateText(budget)
}
