/** The JSON shapes that operations give. `views.ts` makes them; the compiler and a test keep the two together. */
import { z } from 'zod'
import { DOORS } from '../../domain/actor.ts'
import { HOLD_KINDS, HOLD_SCOPES, REASON_KINDS } from '../../domain/hold.ts'
import { RUN_OUTCOMES, RUN_PHASES } from '../../domain/run.ts'
import { WORKSPACE_KINDS } from '../../domain/task.ts'
import { status } from './fields.ts'

const text = z.string()
const textOrNull = z.string().nullable()
const numberOrNull = z.int().nullable()
const seconds = z.int().describe('Unix time in whole seconds.')
const secondsOrNull = z.int().nullable().describe('Unix time in whole seconds.')

export const task = z
  .strictObject({
    id: text,
    title: text,
    body: textOrNull,
    assignee: textOrNull,
    status,
    priority: z.int(),
    created_by: textOrNull,
    created_at: seconds,
    started_at: secondsOrNull,
    completed_at: secondsOrNull,
    workspace_kind: z.enum(WORKSPACE_KINDS),
    workspace_path: textOrNull,
    claim_lock: textOrNull,
    claim_expires: secondsOrNull,
    tenant: textOrNull,
    result: textOrNull,
    idempotency_key: textOrNull,
    spawn_failures: z.int(),
    worker_pid: numberOrNull,
    last_spawn_error: textOrNull,
    max_runtime_seconds: numberOrNull,
    last_heartbeat_at: secondsOrNull,
    current_run_id: numberOrNull,
    workflow_template_id: textOrNull,
    current_step_key: textOrNull,
    skills: z.array(text).nullable(),
  })
  .meta({ id: 'Task' })

export const usage = z
  .strictObject({
    runs: z.int(),
    runtime_seconds: z.int(),
    tokens_in: z.int().describe('Those read from a cache included.'),
    tokens_cached: z.int(),
    tokens_out: z.int(),
    cost_usd: z
      .number()
      .nullable()
      .describe('What is known of the cost, reported or estimated; null when nothing is. It may not be all.'),
    estimated_usd: z.number().describe('The part of it that the price table reckons.'),
    unpriced_tokens: z.int().describe('Tokens whose cost nobody knows.'),
  })
  .meta({ id: 'Usage' })

export const run = z
  .strictObject({
    id: z.int(),
    task_id: text,
    profile: textOrNull,
    step_key: textOrNull,
    status: text,
    claim_lock: textOrNull,
    claim_expires: secondsOrNull,
    worker_pid: numberOrNull,
    max_runtime_seconds: numberOrNull,
    last_heartbeat_at: secondsOrNull,
    started_at: seconds,
    ended_at: secondsOrNull,
    outcome: z.enum(RUN_OUTCOMES).nullable(),
    summary: textOrNull,
    metadata: z.record(z.string(), z.unknown()).nullable(),
    error: textOrNull,
    exit_code: numberOrNull,
    signal: textOrNull,
    limit: z.enum(['runtime', 'silence']).nullable(),
    last_lines: textOrNull,
    host: textOrNull,
    phase: z.enum(RUN_PHASES).nullable(),
    log_path: textOrNull,
    usage: usage.nullable().describe('Null for a run that was claimed by hand.'),
  })
  .meta({ id: 'Run' })

export const comment = z
  .strictObject({
    id: z.int(),
    task_id: text,
    author: text,
    body: text,
    created_at: seconds,
    delivered_run_id: z
      .int()
      .nullable()
      .optional()
      .describe('With a whole card: the first run whose worker was told of it; null while none was.'),
  })
  .meta({ id: 'Comment' })

export const event = z
  .strictObject({
    id: z.int(),
    task_id: textOrNull,
    run_id: numberOrNull,
    kind: text,
    payload: z.record(z.string(), z.unknown()),
    created_at: seconds,
    actor: textOrNull,
    door: textOrNull.describe(`Where it came in: ${DOORS.join(', ')}.`),
  })
  .meta({ id: 'Event' })

export const hold = z
  .strictObject({
    scope: z.enum(HOLD_SCOPES),
    target: text,
    kind: z.enum(HOLD_KINDS),
    reason: text,
    actor: text,
    since: seconds,
    until: secondsOrNull,
  })
  .meta({ id: 'Hold' })

export const reason = z
  .strictObject({
    kind: z.enum(REASON_KINDS),
    text,
    owner: textOrNull.describe('Who or what it waits for.'),
    since: secondsOrNull,
    until: secondsOrNull,
    lift: textOrNull.describe('The command that lifts it; null when only time or another task does.'),
    blocked_by: z.array(text).describe('The tasks it waits for.'),
  })
  .meta({ id: 'Reason' })

export const attachment = z
  .strictObject({
    id: z.int(),
    task_id: text,
    run_id: numberOrNull,
    name: text,
    size: z.int(),
    digest: text.describe('SHA-256 in hex.'),
    mime: textOrNull,
    created_at: seconds,
    created_by: text,
  })
  .meta({ id: 'Attachment' })

const lateReport = z
  .strictObject({
    id: z.int(),
    run_id: z.int(),
    task_id: text,
    verb: text,
    payload: z.record(z.string(), z.unknown()),
    created_at: seconds,
    accepted_at: secondsOrNull,
  })
  .meta({ id: 'LateReport' })

export const workspace = z
  .strictObject({
    id: z.int(),
    host: text,
    path: text,
    kind: text,
    task_id: text,
    run_id: numberOrNull,
    state: text,
    repository: textOrNull,
    branch: textOrNull,
    reason: textOrNull,
    created_at: seconds,
    released_at: secondsOrNull,
    trashed_at: secondsOrNull,
    trash_path: textOrNull,
  })
  .meta({ id: 'Workspace' })

export const taskDetail = z
  .strictObject({
    task,
    parents: z.array(text),
    children: z.array(text),
    links: z.strictObject({ parents: z.array(text), children: z.array(text) }),
    comments: z.array(comment),
    events: z.array(event),
    runs: z.array(run),
    holds: z.array(hold),
    attachments: z.array(attachment),
    late_reports: z.array(lateReport),
    workspaces: z.array(workspace),
    attempts: z.strictObject({ charged: z.int(), refunded: z.int(), granted: z.int() }),
    usage: usage.describe('All its runs together.'),
  })
  .meta({ id: 'TaskDetail' })

const counts = z.partialRecord(status, z.int())

export const stats = z
  .strictObject({
    by_status: counts,
    by_assignee: z.record(z.string(), counts).describe("'' stands for nobody."),
    oldest_ready_age_seconds: numberOrNull,
  })
  .meta({ id: 'Stats' })

/** What a card shows beside the task itself. */
const badges = {
  link_counts: z.strictObject({ parents: z.int(), children: z.int() }),
  comment_count: z.int(),
  progress: z
    .strictObject({ done: z.int(), total: z.int() })
    .nullable()
    .describe('How many of its children are done; null without children.'),
}

export const boardTask = task
  .extend({
    ...badges,
    age: z
      .strictObject({ created: z.int(), started: numberOrNull, time_to_complete: numberOrNull })
      .describe('In seconds.'),
  })
  .meta({ id: 'BoardTask' })

export const card = z
  .strictObject({
    id: text,
    title: text,
    assignee: textOrNull,
    status,
    priority: z.int(),
    tenant: textOrNull,
    created_at: seconds,
    started_at: secondsOrNull,
    completed_at: secondsOrNull,
    last_heartbeat_at: secondsOrNull,
    current_run_id: numberOrNull,
    ...badges,
    hold: z
      .strictObject({ kind: z.enum(HOLD_KINDS), reason: text, until: secondsOrNull })
      .nullable()
      .describe(
        'What holds it back, if something was written down; the whole answer is GET /tasks/{id}/why.',
      ),
  })
  .meta({ id: 'Card', description: 'A task as a card on a large board: without its texts.' })

export const problem = z
  .strictObject({
    detail: text.describe('What could not be done, the fact, and the next step.'),
    code: text.describe('Stable, for programs.'),
    next: text.describe('What to do.'),
  })
  .meta({ id: 'Problem' })

export const ok = z.strictObject({ ok: z.boolean() })
export { seconds, secondsOrNull, text, textOrNull, numberOrNull }
