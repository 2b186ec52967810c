/** The one table of moves. A status changes only along a row of it, and only `apply` in the kernel writes one. */
import { conflict } from './errors.ts'
import type { Task, TaskStatus } from './task.ts'

interface Move {
  readonly from: readonly TaskStatus[]
  readonly to: readonly TaskStatus[]
  /** What the move means, in a few words. */
  readonly about: string
  /** Which cards it is for, as said to whoever tries it on another one. */
  readonly rule: string
}

export const TRANSITIONS = {
  specify: {
    from: ['triage'],
    to: ['todo', 'ready', 'blocked'],
    about: 'a rough idea becomes work; one that a person holds goes to blocked',
    rule: 'only cards in triage can be specified',
  },
  promote: {
    from: ['todo'],
    to: ['ready'],
    about: 'nothing is left to wait for',
    rule: 'only waiting cards are promoted',
  },
  wait: {
    from: ['ready'],
    to: ['todo'],
    about: 'it must wait for a parent or a time after all',
    rule: 'only ready cards can be made to wait',
  },
  claim: {
    from: ['ready'],
    to: ['running'],
    about: 'a run opens',
    rule: 'only ready cards can be claimed',
  },
  complete: {
    from: ['running', 'ready', 'blocked', 'review'],
    to: ['done'],
    about: 'the work is done',
    rule: 'running, ready, blocked and reviewed cards can be completed',
  },
  block: {
    from: ['running', 'ready'],
    to: ['blocked'],
    about: 'a person or a peer is needed',
    rule: 'running and ready cards can be blocked',
  },
  unblock: {
    from: ['blocked'],
    to: ['ready', 'todo'],
    about: 'the question was answered',
    rule: 'only blocked cards can be unblocked',
  },
  requestReview: {
    from: ['running', 'ready'],
    to: ['review'],
    about: 'handed over for a second pair of eyes',
    rule: 'running and ready cards can be handed over for review',
  },
  sendBack: {
    from: ['review'],
    to: ['ready', 'todo'],
    about: 'the reviewer wants changes',
    rule: 'only cards in review can be sent back',
  },
  release: {
    from: ['running'],
    to: ['ready', 'todo', 'blocked'],
    about: 'the run ended without a verdict',
    rule: 'only running cards are released',
  },
  giveUp: {
    from: ['ready'],
    to: ['blocked'],
    about: 'no attempts are left, or it cannot start',
    rule: 'only ready cards are given up',
  },
  shelve: {
    from: ['todo', 'ready', 'blocked'],
    to: ['triage'],
    about: 'back to a rough idea',
    rule: 'waiting, ready and blocked cards can go back to triage',
  },
  reopen: {
    from: ['done'],
    to: ['ready', 'todo'],
    about: 'finished work is taken up again',
    rule: 'only done cards can be reopened',
  },
  archive: {
    from: ['triage', 'todo', 'ready', 'running', 'blocked', 'review', 'done'],
    to: ['archived'],
    about: 'filed away',
    rule: 'it is archived already',
  },
  restore: {
    from: ['archived'],
    to: ['triage', 'todo', 'ready', 'blocked', 'review', 'done'],
    about: 'taken out of the archive',
    rule: 'only archived cards can be restored',
  },
} as const satisfies Record<string, Move>

export type Verb = keyof typeof TRANSITIONS

const moves: Readonly<Record<Verb, Move>> = TRANSITIONS

export const can = (verb: Verb, task: Pick<Task, 'status'>): boolean => moves[verb].from.includes(task.status)

/** Throws a conflict that says what the card is, which cards the verb is for, and what would be possible. */
export function assertCan(verb: Verb, task: Pick<Task, 'id' | 'status'>, what: string): void {
  if (can(verb, task)) return
  throw conflict(
    'wrong_status',
    `Cannot ${what} ${task.id}: it is ${task.status}, and ${moves[verb].rule}. ${nextStep(task)}`,
    { id: task.id, status: task.status },
  )
}

/** What leads on from where a card is, as a sentence with the command. */
export function nextStep({ id, status }: Pick<Task, 'id' | 'status'>): string {
  switch (status) {
    case 'triage':
      return `Make it work with: yard move ${id} ready, or have it worked out with: yard specify ${id}, yard decompose ${id}`
    case 'todo':
      return `See what it waits for with: yard why ${id}`
    case 'ready':
      return `See whether something keeps it from running with: yard why ${id}`
    case 'running':
      return `Stop its run first with: yard stop ${id}`
    case 'blocked':
      return `Give it back to the board with: yard unblock ${id}`
    case 'review':
      return `Approve it with: yard complete ${id}, or send it back with: yard send-back ${id} <remarks>`
    case 'done':
      return `Take it up again with: yard move ${id} ready`
    case 'archived':
      return `Restore it first with: yard restore-task ${id}`
  }
}

/** Throws when a change would leave the table: a bug, not a refusal. */
export function assertMove(verb: Verb, from: TaskStatus, to: TaskStatus): void {
  const move = moves[verb]
  if (!move.from.includes(from) || !move.to.includes(to))
    throw new Error(`transition table has no move '${verb}' from ${from} to ${to}`)
}

/** The state diagram as Mermaid text, derived from the table. */
export function transitionDiagram(): string {
  const verbs = new Map<string, string[]>()
  for (const [verb, { from: sources, to: targets }] of Object.entries(moves)) {
    // From everywhere and back: arrows of their own would hide the others.
    if (verb === 'archive' || verb === 'restore') continue
    for (const from of sources)
      for (const to of targets) {
        const arrow = `${from} --> ${to}`
        verbs.set(arrow, [...(verbs.get(arrow) ?? []), verb])
      }
  }
  return [
    'stateDiagram-v2',
    ...['triage', 'todo', 'ready', 'blocked'].map((status) => `    [*] --> ${status}: create`),
    ...[...verbs].map(([arrow, names]) => `    ${arrow}: ${names.join(', ')}`),
    '    archived',
    '    note right of archived: every card can be archived, and restored to what it was',
  ].join('\n')
}
