/** Which comments have reached a run's worker, and which it wrote itself. */
import type { Migration } from './migration.ts'

export const runMail: Migration = {
  version: 9,
  name: 'run-mail',
  statements: ({ int, strict }) => [
    `create table run_mail (
      run_id ${int} not null primary key references task_runs (id),
      heard ${int} not null
    )${strict}`,
    `create table comment_runs (
      comment_id ${int} not null primary key references task_comments (id),
      run_id ${int} not null references task_runs (id)
    )${strict}`,
  ],
}
