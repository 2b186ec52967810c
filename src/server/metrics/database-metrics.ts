/** What this process spends on the database. */
import { Counter, type Registry } from 'prom-client'
import type { DatabaseFigures } from '../services.ts'

const KINDS = ['read', 'write'] as const

export function databaseMetrics(register: Registry, figures: () => DatabaseFigures): void {
  const counter = (name: string, help: string, value: (of: DatabaseFigures['read']) => number) =>
    new Counter({
      name: `yard_database_${name}`,
      help,
      labelNames: ['kind'],
      registers: [register],
      collect() {
        const now = figures()
        this.reset()
        for (const kind of KINDS) this.inc({ kind }, value(now[kind]))
      },
    })
  counter('transactions_total', 'Transactions of the gateway.', ({ count }) => count)
  counter('busy_seconds_total', 'How long they took once they had begun.', ({ busySeconds }) => busySeconds)
  counter(
    'wait_seconds_total',
    'How long they waited before: for the write lock, a connection, or their turn.',
    ({ waitSeconds }) => waitSeconds,
  )
}
