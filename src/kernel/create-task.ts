import type { Actor } from '../domain/actor.ts'
import { birth, checkNewTask, type CheckedTask, type NewTask } from '../domain/create.ts'
import { invalid, notFound, unavailable } from '../domain/errors.ts'
import { isFinished, type Task } from '../domain/task.ts'
import { newTaskId } from '../lib/ids.ts'
import type { WriteTransaction } from '../store/connection.ts'
import { openHold } from '../store/tables/holds.ts'
import { insertLink } from '../store/tables/links.ts'
import { findTaskByKey, insertTask, lockTask } from '../store/tables/tasks.ts'
import { note, signatureOf } from './apply.ts'
import type { KernelDeps } from './deps.ts'
import { addToBoard } from './fence.ts'
import { proposalBy, recordProposal, type Proposing } from './propose.ts'

export interface Created {
  readonly task: Task
  /** False when a card with the same idempotency key was there already. */
  readonly created: boolean
}

/** Ids drawn before giving up; with 32 random bits a second draw is rare and a third all but impossible. */
const MAX_DRAWS = 8

/**
 * Puts a card on the board: ready, waiting for its parents, or in triage.
 * Refuses an empty title, an unknown parent, a bad workspace and a comma in a skill, naming the value.
 */
export async function createTask(deps: KernelDeps, wanted: NewTask, actor: Actor): Promise<Created> {
  checkNewTask(wanted)
  return addToBoard(deps, actor, lateCards([wanted]), async (tx) =>
    insertOne(tx, wanted, actor, await proposalBy(deps, tx, actor)),
  )
}

const lateCards = (cards: readonly NewTask[]) => ({
  verb: 'create',
  what: 'add cards for',
  payload: { cards },
})

/** Puts several cards on the board in one transaction: all of them or none. A parent may be named by its place in the list, as `#0`. */
export async function createTasks(
  deps: KernelDeps,
  wanted: readonly NewTask[],
  actor: Actor,
): Promise<Created[]> {
  return addToBoard(deps, actor, lateCards(wanted), async (tx) =>
    insertAll(wanted, actor, await proposalBy(deps, tx, actor))(tx),
  )
}

/**
 * Inserts cards of which later ones may name earlier ones as parents; to be given a transaction. `proposing`: for which
 * rough card they are proposed, when they are.
 */
export function insertAll(wanted: readonly NewTask[], actor: Actor, proposing: Proposing | null = null) {
  wanted.forEach(checkNewTask)
  return async (tx: WriteTransaction): Promise<Created[]> => {
    const made: Created[] = []
    for (const [index, task] of wanted.entries()) {
      const parents = (task.parents ?? []).map((parent) => {
        if (!parent.startsWith('#')) return parent
        const earlier = made[Number(parent.slice(1))]
        if (earlier === undefined)
          throw invalid(
            'unknown_parent',
            `Cannot create card ${index}: its parent ${parent} is not an earlier card of the list. Name earlier ones as #0, #1 and so on, others by their ids.`,
            { parent },
          )
        return earlier.task.id
      })
      made.push(await insertOne(tx, { ...task, parents }, actor, proposing))
    }
    return made
  }
}

async function insertOne(
  tx: WriteTransaction,
  wanted: NewTask,
  actor: Actor,
  proposing: Proposing | null,
): Promise<Created> {
  if (proposing === null) return insertChecked(tx, checkNewTask(wanted), actor)
  const checked = checkNewTask(proposing.asProposed(wanted))
  return insertChecked(tx, checked, actor, proposing)
}

async function insertChecked(
  tx: WriteTransaction,
  checked: CheckedTask,
  actor: Actor,
  proposing: Proposing | null = null,
): Promise<Created> {
  const by = signatureOf(actor)
  if (checked.idempotencyKey !== null) {
    const existing = await findTaskByKey(tx, checked.idempotencyKey)
    if (existing !== undefined) return { task: existing, created: false }
  }
  await proposing?.assertRoom(tx)
  const openParents = await lockParents(tx, checked.parents)
  for (let draw = 0; draw < MAX_DRAWS; draw++) {
    const { task, events, holds } = birth(newTaskId(), checked, {
      now: tx.now,
      openParents,
      creator: actor.name,
    })
    if (await insertTask(tx, task)) {
      for (const parent of checked.parents) await insertLink(tx, parent, task.id)
      for (const hold of holds) await openHold(tx, hold, by.actor, tx.now)
      for (const event of events) note(tx, task.id, event, by)
      if (proposing !== null) await recordProposal(tx, task.id, proposing.request, by)
      return { task, created: true }
    }
    if (checked.idempotencyKey !== null) {
      const existing = await findTaskByKey(tx, checked.idempotencyKey)
      if (existing !== undefined) return { task: existing, created: false }
    }
  }
  throw unavailable(
    'no_free_id',
    `Cannot create the card: ${MAX_DRAWS} random ids in a row were taken. Try again; if that does not help, look at the board with: yard doctor`,
  )
}

/** Checks that the parents exist, keeps them from changing until the end of the transaction, and counts the unfinished ones. */
async function lockParents(tx: WriteTransaction, parents: readonly string[]): Promise<number> {
  let open = 0
  for (const id of parents.toSorted()) {
    const parent = await lockTask(tx, id)
    if (parent === undefined)
      throw notFound(
        'unknown_parent',
        `Cannot create the card: its parent ${id} is not on this board. List the board with: yard list`,
        { parent: id },
      )
    if (!isFinished(parent)) open++
  }
  return open
}
