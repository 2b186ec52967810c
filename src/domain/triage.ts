/**
 * Help with rough cards. A card in triage is never run itself: whoever wants it worked out asks for a helper card, an
 * ordinary card of an orchestrator profile that is claimed, charged, fenced and limited like any other. What its runs add to
 * the board are proposals: a new text for the rough card, or cards that are born held and that only a person lets go.
 */
import { checkName, checkTitle, type NewTask } from './create.ts'
import { conflict, invalid } from './errors.ts'
import { isHolding, type Hold } from './hold.ts'
import type { Seconds, Task, TaskId } from './task.ts'
import { firstLine, MAX, storableOrNull } from './text.ts'
import { nextStep } from './transitions.ts'

export const TRIAGE_KINDS = ['specify', 'decompose'] as const
export type TriageKind = (typeof TRIAGE_KINDS)[number]

/** What a rough card should say instead. */
export interface ProposedText {
  readonly title: string
  readonly body: string | null
  /** Who should have it when nobody has; null leaves that open. */
  readonly assignee: string | null
  readonly proposedAt: Seconds
}

/** One time that help was asked for. */
export interface TriageRequest {
  /** The card whose runs work it out. */
  readonly helperId: TaskId
  /** The rough card. */
  readonly subjectId: TaskId
  readonly kind: TriageKind
  /** What the rough card said when help was asked for: the proposals are about this. */
  readonly asked: {
    readonly title: string
    readonly body: string | null
    readonly at: Seconds
    readonly by: string
  }
  /** Asked for by a setting of the board rather than by somebody. */
  readonly isAutomatic: boolean
  readonly text: ProposedText | null
  /** What became of the text. */
  readonly decision: {
    readonly was: 'accepted' | 'rejected'
    readonly at: Seconds
    readonly by: string
  } | null
}

/** Whether the rough card has another text by now than the one the proposals are about. */
export const isStale = (
  { asked }: Pick<TriageRequest, 'asked'>,
  subject: Pick<Task, 'title' | 'body'>,
): boolean => asked.title !== subject.title || asked.body !== subject.body

export const PROPOSAL_STATES = ['waiting', 'released', 'rejected'] as const
/** What became of a proposed card. */
export type ProposalState = (typeof PROPOSAL_STATES)[number]

/** Read off the card itself, so that every way to let a card go or to file it away is a decision, too. */
export function proposalState(
  task: Pick<Task, 'status' | 'completedAt'>,
  holds: readonly Hold[],
  now: Seconds,
): ProposalState {
  if (task.status === 'archived') return task.completedAt === null ? 'rejected' : 'released'
  return holds.some((hold) => hold.kind === 'approval' && isHolding(hold, now)) ? 'waiting' : 'released'
}

/** Throws unless the card is one that help can be asked for. */
export function assertRough(task: Pick<Task, 'id' | 'status'>, kind: TriageKind): void {
  if (task.status === 'triage') return
  throw conflict(
    'not_in_triage',
    `Cannot ${kind} ${task.id}: it is ${task.status}, and only rough cards, in triage, are worked out. ${task.status === 'todo' || task.status === 'ready' || task.status === 'blocked' ? `Put it back first with: yard move ${task.id} triage` : nextStep(task)}`,
    { id: task.id, status: task.status },
  )
}

const INSTRUCTIONS: Readonly<Record<TriageKind, (id: TaskId) => string>> = {
  specify: (
    id,
  ) => `Work out the rough card ${id}, which is told beside this one, so that somebody can do it without asking: a title that says the outcome, a body with goal, background, limits and what is out of scope, and acceptance criteria that can be checked. Do not do the work, and create no cards.

Hand the text in with kanban_propose (or: yard propose). A person reads it before it counts. Then complete this card with one sentence on what you changed and what you had to assume. If you cannot tell what is wanted, block this card with your question instead.`,
  decompose: (
    id,
  ) => `Split the rough card ${id}, which is told beside this one, into cards for others. Do not do the work.

1. See who is there: kanban_list names the profiles and what they are for. Assign to these only.
2. Create one card for each piece with kanban_create (or: yard create), with everything its worker must know, and name as parents what it has to wait for. Pieces that do not need each other's results run side by side.
3. The rough card itself collects: it waits for everything you propose and gets all the results. With kanban_propose (or: yard propose) you may give it a better text, and somebody to collect them.

What you create is a proposal: nothing of it runs before a person has released it. When you are done, complete this card with the list of what you propose and what you left out on purpose.`,
}

/**
 * The card whose runs help a rough one. Works where that one is to be worked on, when that is a repository. Its runs are told
 * the words of the rough one beside it, because whoever asked for help need not have written them.
 */
export function helperCard(subject: Task, kind: TriageKind, profile: string): NewTask {
  const heading = kind === 'specify' ? 'Specify' : 'Decompose'
  return {
    title: `${heading} ${subject.id}: ${firstLine(subject.title, 200) ?? ''}`,
    body: INSTRUCTIONS[kind](subject.id),
    assignee: profile,
    tenant: subject.tenant,
    priority: subject.priority,
    skills: ['kanban-orchestrator'],
    ...(subject.workspaceKind === 'worktree'
      ? { workspaceKind: 'worktree', workspacePath: subject.workspacePath }
      : {}),
  }
}

/** A card as a run that decomposes proposes it: held until a person lets it go, and worked on where the rough card would be. */
export function proposedCard(wanted: NewTask, { subjectId, kind }: TriageRequest, subject: Task): NewTask {
  const what = 'Cannot propose the card'
  if (kind === 'specify')
    throw invalid(
      'only_a_text',
      `${what}: this run was asked to specify ${subjectId}, not to split it. Use kanban_propose (or: yard propose) for its new text.`,
      { subject: subjectId },
    )
  if (wanted.triage === true)
    throw invalid(
      'proposal_in_triage',
      `${what}: a proposal is work that somebody can do, and cannot be a rough card again. Leave triage out, and say what is open in its body.`,
      { subject: subjectId },
    )
  if (wanted.parents?.some((parent) => parent.trim() === subjectId) === true)
    throw invalid(
      'waits_for_whole',
      `${what}: it would wait for ${subjectId}, which itself waits for all its proposals. Leave ${subjectId} out of the parents.`,
      { subject: subjectId },
    )
  const isPlaced = (wanted.workspaceKind ?? null) !== null
  return {
    ...wanted,
    tenant: wanted.tenant ?? subject.tenant,
    ...(isPlaced || subject.workspaceKind !== 'worktree'
      ? {}
      : { workspaceKind: 'worktree', workspacePath: subject.workspacePath }),
    approval: `proposed for ${subjectId}; nothing runs it before a person releases it`,
  }
}

/** Throws when a run has proposed as many cards as the board takes. */
export function assertRoom(proposed: number, most: number, subjectId: TaskId): void {
  if (proposed < most) return
  throw invalid(
    'too_many_proposals',
    `Cannot propose another card for ${subjectId}: ${proposed} are proposed, and ${most} is the most (triage.max_proposals). Make the pieces larger, or leave the rest to the worker of a larger piece.`,
    { subject: subjectId, proposed, most },
  )
}

export interface TextDraft {
  readonly title?: string | null
  readonly body?: string | null
  /** What must be true when the work is done, one sentence each. */
  readonly acceptance?: readonly string[] | null
  readonly assignee?: string | null
}

/** The text a run proposes; what it leaves out stays as it was asked. */
export function checkText(draft: TextDraft, { asked }: TriageRequest): Omit<ProposedText, 'proposedAt'> {
  const criteria = (draft.acceptance ?? []).map((each) => each.trim()).filter(Boolean)
  const given = [draft.title, draft.body, draft.assignee].some((text) => text?.trim())
  if (!given && criteria.length === 0)
    throw invalid(
      'empty_proposal',
      'Cannot propose a text: nothing was given. Give a title, a body, acceptance criteria or an assignee.',
    )
  const said = draft.body?.trim() ? draft.body : asked.body
  const list = criteria.map((each) => `- ${each.replace(/\s*\n\s*/g, ' ')}`).join('\n')
  const body =
    criteria.length === 0 ? said : `${said === null ? '' : `${said.trimEnd()}\n\n`}## Done when\n\n${list}`
  return {
    title: checkTitle(draft.title?.trim() ? draft.title : asked.title),
    body: storableOrNull(body, 'body', MAX.body),
    assignee: checkName(draft.assignee, 'assignee'),
  }
}

/** Throws when criteria would become part of a script: they would be run as commands. */
export function assertNoScript(
  { acceptance }: TextDraft,
  assignee: string | null,
  scripts: readonly string[],
): void {
  if (assignee === null || !scripts.includes(assignee) || !acceptance?.some((each) => each.trim())) return
  throw invalid(
    'criteria_in_script',
    `Cannot propose acceptance criteria for a card of ${assignee}: it runs the body as a script, word by word, and would run the criteria as commands. Leave acceptance out, and let the script in the body check what must be true.`,
    { assignee },
  )
}

/** Throws when the card has another text by now, unless somebody says that this does not matter. */
export function assertFresh(request: TriageRequest, subject: Task, { anyway }: { anyway: boolean }): void {
  if (anyway || !isStale(request, subject)) return
  throw conflict(
    'text_changed',
    `Cannot accept the text proposed for ${subject.id}: the card was edited after it was asked for, and the proposal is about the older text. Compare them with: yard proposals ${subject.id}, then take it with --anyway or ask again with: yard ${request.kind} ${subject.id}`,
    { id: subject.id, helper: request.helperId },
  )
}
