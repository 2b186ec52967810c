/**
 * What the session of an agent had cost that goes on counting in later runs; and whose workspace a folder is in, found without
 * walking through every run there was.
 */
import type { Migration } from './migration.ts'

export const sessionCostAndWorkspacePaths: Migration = {
  version: 10,
  name: 'session-cost-and-workspace-paths',
  statements: ({ int }) => [
    `alter table run_agents add column session_cost_micros ${int}`,
    'create index workspaces_path on workspaces (host, path)',
  ],
}
