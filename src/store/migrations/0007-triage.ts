/** Help with rough cards: who asked for it, about which text, and what was proposed. */
import type { Migration } from './migration.ts'

export const triage: Migration = {
  version: 7,
  name: 'triage',
  statements: ({ serialKey, int, strict }) => [
    `create table triage_requests (
      id ${serialKey},
      helper_id text not null unique references tasks (id),
      subject_id text not null references tasks (id),
      kind text not null check (kind in ('specify','decompose')),
      asked_title text not null,
      asked_body text,
      asked_at ${int} not null,
      asked_by text not null,
      automatic ${int} not null check (automatic in (0, 1)),
      text_title text,
      text_body text,
      text_assignee text,
      text_at ${int},
      decision text check (decision in ('accepted','rejected')),
      decided_at ${int},
      decided_by text,
      check ((text_title is null) = (text_at is null)),
      check ((decision is null) = (decided_at is null))
    )${strict}`,
    `create index triage_requests_subject on triage_requests (subject_id)`,
    `create table proposed_cards (
      id ${serialKey},
      task_id text not null unique references tasks (id),
      helper_id text not null references triage_requests (helper_id)
    )${strict}`,
    `create index proposed_cards_helper on proposed_cards (helper_id)`,
  ],
}
