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
const lockOrNull = textOrNull.describe(
  'Who holds the claim: the host and the program; null while nobody does.',
)
const limitOrNull = numberOrNull.describe('How long one run may take; null where the profile says it.')
const reserved = textOrNull.describe('Kept and given back, and used for nothing.')

export const task = z
  .strictObject({
    id: text.describe('t_ and lowercase hex.'),
    title: text,
    body: textOrNull.describe('What is wanted, in Markdown.'),
    assignee: textOrNull.describe('The profile whose worker does it, or a person; null for nobody.'),
    status,
    priority: z.int().describe('Higher runs first.'),
    created_by: textOrNull,
    created_at: seconds,
    started_at: secondsOrNull,
    completed_at: secondsOrNull,
    workspace_kind: z.enum(WORKSPACE_KINDS),
    workspace_path: textOrNull,
    claim_lock: lockOrNull,
    claim_expires: secondsOrNull,
    tenant: textOrNull.describe('Whose work it is.'),
    result: textOrNull.describe('What came out.'),
    idempotency_key: textOrNull,
    spawn_failures: z.int().describe('How often in a row its worker could not be started.'),
    worker_pid: numberOrNull,
    last_spawn_error: textOrNull,
    max_runtime_seconds: limitOrNull,
    last_heartbeat_at: secondsOrNull,
    current_run_id: numberOrNull.describe('Its open run; null while it has none.'),
    workflow_template_id: reserved,
    current_step_key: reserved,
    skills: z.array(text).nullable().describe('What its worker is given on top of its own skills.'),
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
    step_key: reserved,
    status: text.describe('running while it is open, else how it ended.'),
    claim_lock: lockOrNull,
    claim_expires: secondsOrNull,
    worker_pid: numberOrNull,
    max_runtime_seconds: limitOrNull,
    last_heartbeat_at: secondsOrNull,
    started_at: seconds,
    ended_at: secondsOrNull,
    outcome: z.enum(RUN_OUTCOMES).nullable().describe('How it ended; null while it is open.'),
    summary: textOrNull.describe('What was done, in the words of the worker.'),
    metadata: z.record(z.string(), z.unknown()).nullable().describe('Facts the worker gave along.'),
    error: textOrNull.describe('Why it ended without success.'),
    exit_code: numberOrNull,
    signal: textOrNull.describe('What ended the worker, where a signal did.'),
    limit: z.enum(['runtime', 'silence']).nullable().describe('Which limit ended it, where one did.'),
    last_lines: textOrNull.describe('The end of what the worker printed.'),
    host: textOrNull,
    phase: z.enum(RUN_PHASES).nullable().describe('How far its processes are; null when it has none.'),
    log_path: textOrNull.describe('On the machine of its runner.'),
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
    id: z.int().describe('Grows in the order in which events were committed.'),
    task_id: textOrNull,
    run_id: numberOrNull,
    kind: text.describe('What happened: created, claimed, completed and so on.'),
    payload: z
      .record(z.string(), z.unknown())
      .describe('What is told of it; what that is depends on the kind.'),
    created_at: seconds,
    actor: textOrNull.describe('Who did it.'),
    door: textOrNull.describe(`Where it came in: ${DOORS.join(', ')}.`),
  })
  .meta({ id: 'Event' })

export const hold = z
  .strictObject({
    scope: z.enum(HOLD_SCOPES),
    target: text.describe('The task, the profile or the provider; * for the board.'),
    kind: z.enum(HOLD_KINDS),
    reason: text,
    actor: text.describe('Who or what decided it.'),
    since: seconds,
    until: secondsOrNull,
  })
  .meta({ id: 'Hold' })

export const reason = z
  .strictObject({
    kind: z.enum(REASON_KINDS),
    text: text.describe('The reason in words.'),
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
    attempts: z
      .strictObject({ charged: z.int(), refunded: z.int(), granted: z.int() })
      .describe('Runs that were charged, those given back, and what people granted on top of the ceiling.'),
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
