/** What is on the board, read when somebody asks for it. */
import { Counter, Gauge, type Registry } from 'prom-client'
import { HOLD_KINDS } from '../../domain/hold.ts'
import { TASK_STATUSES } from '../../domain/task.ts'
import type { Kernel } from '../../kernel/kernel.ts'
import type { Clock } from '../../lib/clock.ts'

/** Counting all runs of a big board takes a while, and monitors come often. */
const COUNTED_EVERY_SECONDS = 30
/** Profiles that are told apart; the names of the others could be anything. */
const MAX_PROFILES = 100

export interface BoardMetricsDeps {
  readonly kernel: Pick<Kernel, 'getStats' | 'countRuns' | 'countOpen' | 'usageByProfile'>
  readonly clock: Pick<Clock, 'now'>
}

/** A collector reads first and then sets in one go, because scrapes may overlap. */
export function boardMetrics(register: Registry, { kernel, clock }: BoardMetricsDeps): void {
  const registers = [register]
  new Gauge({
    name: 'yard_tasks',
    help: 'Tasks on the board.',
    labelNames: ['status'],
    registers,
    async collect() {
      const { byStatus } = await kernel.getStats()
      for (const status of TASK_STATUSES) this.set({ status }, byStatus[status] ?? 0)
    },
  })
  new Gauge({
    name: 'yard_ready_oldest_age_seconds',
    help: 'For how long the oldest ready task has been on the board; 0 when none is ready.',
    registers,
    async collect() {
      this.set((await kernel.getStats()).oldestReadyAgeSeconds ?? 0)
    },
  })
  let countedAt = Number.NEGATIVE_INFINITY
  new Gauge({
    name: 'yard_runs',
    help: 'Runs on the board by how they ended; open for those that have not.',
    labelNames: ['outcome', 'profile'],
    registers,
    async collect() {
      if (clock.now() - countedAt < COUNTED_EVERY_SECONDS) return
      const counts = await kernel.countRuns()
      countedAt = clock.now()
      const nameOf = naming(counts)
      this.reset()
      for (const { outcome, profile, count } of counts)
        this.inc({ outcome: outcome ?? 'open', profile: nameOf(profile) }, count)
    },
  })
  new Gauge({
    name: 'yard_workers',
    help: 'Runs whose processes live, or may live, by profile.',
    labelNames: ['profile'],
    registers,
    async collect() {
      const { live } = await kernel.countOpen()
      this.reset()
      const nameOf = naming(live)
      for (const { profile, count } of live) this.inc({ profile: nameOf(profile) }, count)
    },
  })
  new Gauge({
    name: 'yard_holds',
    help: 'What keeps tasks, profiles or the board from running, by kind.',
    labelNames: ['kind'],
    registers,
    async collect() {
      const { holds } = await kernel.countOpen()
      for (const kind of HOLD_KINDS) this.set({ kind }, holds.get(kind) ?? 0)
    },
  })
  usageMetrics(register, { kernel })
}

/** What runs used so far, by the profile that did the work. */
function usageMetrics(register: Registry, { kernel }: Pick<BoardMetricsDeps, 'kernel'>): void {
  const registers = [register]
  const read = async () => {
    const used = await kernel.usageByProfile()
    const nameOf = naming(used.map(({ profile, runs }) => ({ profile, count: runs })))
    return used.map(({ profile, ...amounts }) => ({ profile: nameOf(profile), ...amounts }))
  }
  new Counter({
    name: 'yard_tokens_total',
    help: 'Tokens that runs used; input includes cached.',
    labelNames: ['kind', 'profile'],
    registers,
    async collect() {
      const used = await read()
      this.reset()
      for (const { profile, tokensIn, tokensCached, tokensOut } of used) {
        this.inc({ kind: 'input', profile }, tokensIn)
        this.inc({ kind: 'cached', profile }, tokensCached)
        this.inc({ kind: 'output', profile }, tokensOut)
      }
    },
  })
  new Gauge({
    name: 'yard_cost_usd',
    help: 'What runs cost in US dollars: as their agents reported, and as the price table estimates.',
    labelNames: ['kind', 'profile'],
    registers,
    async collect() {
      const used = await read()
      this.reset()
      for (const { profile, costMicros, estimatedMicros } of used) {
        this.inc({ kind: 'reported', profile }, costMicros / 1_000_000)
        this.inc({ kind: 'estimated', profile }, estimatedMicros / 1_000_000)
      }
    },
  })
}

interface Counted {
  readonly profile: string | null
  readonly count: number
}

/** The profiles that occur most keep their names; the rest is told as one, so that nobody can fill a monitor with names. */
function naming(counts: readonly Counted[]): (profile: string | null) => string {
  const total = new Map<string, number>()
  for (const { profile, count } of counts)
    if (profile !== null) total.set(profile, (total.get(profile) ?? 0) + count)
  const most = [...total].toSorted(([, a], [, b]) => b - a).slice(0, MAX_PROFILES)
  const named = new Set(most.map(([profile]) => profile))
  return (profile) => (profile === null ? '' : named.has(profile) ? profile : 'other')
}
