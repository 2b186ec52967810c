/** What the session of an agent had cost that goes on counting in later runs. */
import type { Migration } from './migration.ts'

export const sessionCost: Migration = {
  version: 10,
  name: 'session-cost',
  statements: ({ int }) => [`alter table run_agents add column session_cost_micros ${int}`],
}
