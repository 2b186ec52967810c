import { budgetDetailView, budgetView, usageReportView } from '../../contract/usage-views.ts'
import { invalid } from '../../domain/errors.ts'
import { fromUnits } from '../../domain/measure.ts'
import { parseBudgetId, type BudgetKey } from '../../domain/budget.ts'
import type { Kernel } from '../../kernel/kernel.ts'
import type { Handlers } from '../handler.ts'

export interface UsageDeps {
  readonly kernel: Kernel
}

const DAY = 86_400
const REASON = 'granted over HTTP'

export const usageHandlers = ({ kernel }: UsageDeps) =>
  ({
    async readUsage({ input: { by = 'profile', since, until, task, profile, tenant, provider, model } }) {
      const range = {
        from: since === undefined ? null : Math.floor(since / DAY),
        to: until === undefined ? null : Math.floor(until / DAY) + 1,
      }
      const rows = await kernel.readUsage(by, {
        ...range,
        ...(task === undefined ? {} : { task }),
        ...(profile === undefined ? {} : { profile }),
        ...(tenant === undefined ? {} : { tenant }),
        ...(provider === undefined ? {} : { provider }),
        ...(model === undefined ? {} : { model }),
      })
      return usageReportView({ by, ...range }, rows)
    },

    listBudgets: async () => ({ budgets: (await kernel.listBudgets()).map(budgetView) }),

    getBudget: async ({ input: { id } }) => budgetDetailView(await kernel.showBudget(parseBudgetId(id))),

    async setBudget({ input: { id, soft, hard, stop_running: stopRunning, granters }, actor }) {
      const key = parseBudgetId(id)
      const limits = {
        soft: storedOrNull(key, soft),
        hard: storedOrNull(key, hard),
        stopRunning: stopRunning ?? false,
        granters: granters ?? [],
      }
      return { budget: budgetView(await kernel.setBudget(key, limits, actor)) }
    },

    async removeBudget({ input: { id }, actor }) {
      await kernel.removeBudget(parseBudgetId(id), actor)
      return { ok: true }
    },

    async grantBudget({ input: { id, amount, reason }, actor }) {
      const key = parseBudgetId(id)
      const grant = { amount: stored(key, amount), reason: reason ?? REASON }
      return { budget: budgetView(await kernel.grantBudget(key, grant, actor)) }
    },
  }) satisfies Partial<Handlers>

const storedOrNull = (key: BudgetKey, amount: number | null | undefined): number | null =>
  amount === null || amount === undefined ? null : stored(key, amount)

function stored({ measure }: BudgetKey, amount: number): number {
  const whole = fromUnits(measure, amount)
  // Zero means that nothing may be spent at all: nobody says that with another number.
  if (whole === 0 && amount > 0)
    throw invalid('bad_amount', `${amount} is less than a millionth of a US dollar, the least there is.`)
  return whole
}
