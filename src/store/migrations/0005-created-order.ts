/**
 * Which of two cards of one second is the older one. Times are whole seconds and ids are random, so without it cards that a
 * script makes one after the other are listed, and started, in no order at all.
 */
import type { Migration } from './migration.ts'

export const createdOrder: Migration = {
  version: 5,
  name: 'created-order',
  statements: ({ int }) => [
    `alter table tasks add column created_order ${int} not null default 0`,
    `update tasks set created_order = numbered.place
      from (select id, row_number() over (order by created_at, id) as place from tasks) as numbered
      where numbered.id = tasks.id`,
    'create index tasks_created on tasks (created_order)',
    'drop index tasks_board',
    'create index tasks_board on tasks (status, priority desc, created_at, created_order, id, assignee, tenant)',
  ],
}
