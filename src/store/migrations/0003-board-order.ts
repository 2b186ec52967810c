/**
 * One index in the order in which a column of the board is read, with what its head counts. It takes the place of the two
 * that served the dispatcher only: bodies lie before the status in a row, so reading any column without it means walking
 * past every text of the board.
 */
import type { Migration } from './migration.ts'

export const boardOrder: Migration = {
  version: 3,
  name: 'board-order',
  statements: () => [
    'drop index tasks_ready',
    'drop index tasks_running',
    'create index tasks_board on tasks (status, priority desc, created_at, id, assignee, tenant)',
  ],
}
