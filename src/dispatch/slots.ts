import type { BudgetState } from '../domain/budget.ts'
import type { Hold } from '../domain/hold.ts'
import type { Task } from '../domain/task.ts'
import type { DispatchView } from '../kernel/dispatch-read.ts'
import type { DispatchDeps } from './deps.ts'

/** What may still start in this pass. */
export class Slots {
  readonly #deps: DispatchDeps
  readonly #running: Map<string | null, number>
  /** Budgets that are used up, by whose they are. */
  readonly #spent: Record<'profile' | 'tenant', Map<string, BudgetState>> = {
    profile: new Map(),
    tenant: new Map(),
  }
  #left: number

  constructor(deps: DispatchDeps, view: DispatchView, max: number) {
    this.#deps = deps
    this.#running = new Map(view.running)
    this.#left = Math.min(max, deps.settings().maxRunning - view.live.length)
    for (const state of view.spent)
      if (state.scope === 'profile' || state.scope === 'tenant')
        this.#spent[state.scope].set(state.target, state)
  }

  get free(): number {
    return this.#left
  }

  /** Whether the profile has reached the board's cap for a profile; its own may be lower or higher. */
  isFull(profile: string): boolean {
    const finding = this.#deps.profiles.find(profile)
    return finding.state === 'found' && !this.fits(profile, finding.profile.limits.maxRunning)
  }

  /** Profiles that are held, have reached their cap or have used up a budget, and tenants that have. */
  closed(holds: readonly Hold[]): { readonly profiles: string[]; readonly tenants: string[] } {
    const held = holds.flatMap(({ scope, target }) => (scope === 'profile' ? target : []))
    const isFull = (profile: string | null): profile is string => profile !== null && this.isFull(profile)
    return {
      profiles: [...held, ...[...this.#running.keys()].filter(isFull), ...this.#spent.profile.keys()],
      tenants: [...this.#spent.tenant.keys()],
    }
  }

  /** The budget of its profile or tenant that is used up. */
  spentFor({ tenant }: Task, profile: string): BudgetState | undefined {
    return this.#spent.profile.get(profile) ?? (tenant === null ? undefined : this.#spent.tenant.get(tenant))
  }

  /** Nothing more starts in this pass that draws on this budget, which a card of the profile has run into. */
  close(budget: BudgetState, profile: string): void {
    switch (budget.scope) {
      case 'board':
        this.#left = 0
        return
      case 'tenant':
        this.#spent.tenant.set(budget.target, budget)
        return
      // A profile has one provider.
      case 'provider':
      case 'profile':
        this.#spent.profile.set(profile, budget)
        return
      case 'task':
        return
    }
  }

  fits(profile: string, own: number | null): boolean {
    return (this.#running.get(profile) ?? 0) < (own ?? this.#deps.settings().maxRunningPerProfile)
  }

  take(profile: string): void {
    this.#running.set(profile, (this.#running.get(profile) ?? 0) + 1)
    this.#left--
  }

  memoryLack(): string | null {
    const floor = this.#deps.settings().minFreeMemoryBytes
    const free = this.#deps.freeMemory()
    return free >= floor
      ? null
      : `only ${Math.round(free / 2 ** 20)} MB of memory are free, and ${Math.round(floor / 2 ** 20)} MB is the floor`
  }
}
