/** What the verbs of the kernel are given. */
import { hostname } from 'node:os'
import { DEFAULT_ATTEMPT_POLICY, type AttemptPolicy } from '../domain/attempts.ts'
import type { Actor } from '../domain/actor.ts'
import { NO_CEILINGS, type DefaultCeilings } from '../domain/default-budgets.ts'
import { denied, taskNotFound } from '../domain/errors.ts'
import type { RunProcess } from '../domain/run.ts'
import type { Task } from '../domain/task.ts'
import type { Prices } from '../domain/usage.ts'
import type { Connection, Store, WriteTransaction } from '../store/connection.ts'
import { findTask, lockTask } from '../store/tables/tasks.ts'

export interface BoardPolicy extends AttemptPolicy {
  /** How long a claim by hand lasts without a heartbeat, in seconds. */
  readonly claimTtlSeconds: number
  /** How long the lease of a dispatched run lasts without its runner's renewal, in seconds. */
  readonly leaseSeconds: number
  /** How many cards of one profile may fail alike, one after another, before the profile is paused. */
  readonly equalFailureLimit: number
  /** Budgets where nobody has set one on the board. */
  readonly ceilings: DefaultCeilings
  /** For agents that report tokens and no cost. */
  readonly prices: Prices
  /** How many cards one decomposition may propose. */
  readonly maxProposals: number
}

export const DEFAULT_BOARD_POLICY: BoardPolicy = {
  ...DEFAULT_ATTEMPT_POLICY,
  claimTtlSeconds: 900,
  leaseSeconds: 60,
  equalFailureLimit: 5,
  ceilings: NO_CEILINGS,
  prices: {},
  maxProposals: 12,
}

/** A file that was copied into the attachment store and verified. */
export interface StoredFile {
  readonly name: string
  readonly size: number
  /** SHA-256 in hex. */
  readonly digest: string
  readonly mime: string | null
}

/** Copies the named files of a card's workspace into the attachment store; throws a refusal that names the file it could not keep. */
export type CollectArtifacts = (task: Task, names: readonly string[]) => Promise<readonly StoredFile[]>

export interface KernelDeps {
  readonly store: Store
  /**
   * What holds for the cards of this profile; the board's own without one. Asked at each decision, so that a changed setting
   * counts from then on.
   */
  readonly policy: (profile?: string | null) => BoardPolicy
  readonly host: string
  readonly collectArtifacts: CollectArtifacts
  /** Called after a commit that a run's runner should look at; a hint, it may be lost. */
  readonly pokeRunner: (process: RunProcess) => void
}

export const thisHost = (): string => hostname()

export async function requireTask(db: Connection, id: string): Promise<Task> {
  const task = await findTask(db, id)
  if (task === undefined) throw taskNotFound(id)
  return task
}

export async function requireLocked(tx: WriteTransaction, id: string): Promise<Task> {
  const task = await lockTask(tx, id)
  if (task === undefined) throw taskNotFound(id)
  return task
}

/** A worker may report on its own card and add to the board; it may not move cards. */
export function denyWorkers(actor: Actor, what: string): void {
  if (actor.kind !== 'worker') return
  throw denied(
    'worker_denied',
    `A worker cannot ${what}: it may report on its own card, comment and create cards. Say what you need with: yard block <your card> "<question>"`,
    { run: actor.capability.runId },
  )
}
