/** Who asks: a person (or a program in a person's name), or the worker of a run. */
import type { Actor, RunCapability } from '../domain/actor.ts'
import { allows, type Scope } from '../domain/credential.ts'
import type { Operation } from '../contract/operations/operation.ts'
import { Refusal } from './refusal.ts'

export interface PersonCaller {
  readonly kind: 'person'
  readonly name: string
  readonly scope: Scope
  /** The token file of the home · a bearer token · a browser's session. */
  readonly by: 'owner' | 'token' | 'session'
  /** Null for the token file. */
  readonly credentialId: number | null
  readonly expiresAt: number | null
}

export interface WorkerCaller {
  readonly kind: 'worker'
  /** Its profile. */
  readonly name: string
  readonly capability: RunCapability
  readonly taskId: string
  /** Whether its processes may still be there; a worker that is gone reads nothing any more. */
  readonly isLive: boolean
}

export type Caller = PersonCaller | WorkerCaller

export const actorOf = (caller: Caller): Actor =>
  caller.kind === 'person'
    ? { kind: 'person', name: caller.name, door: 'http' }
    : { kind: 'worker', name: caller.name, door: 'http', capability: caller.capability }

/** Throws when the caller may not ask for this. `id` is what stands in the path. */
export function assertMay(caller: Caller, operation: Operation, id: string | undefined): void {
  if (caller.kind === 'worker') return assertWorkerMay(caller, operation, id)
  if (allows(caller.scope, operation.scope)) return
  throw new Refusal(
    403,
    'scope_too_narrow',
    `This needs the scope ${operation.scope}, and the ${caller.by === 'session' ? 'session' : 'token'} has ${caller.scope}.`,
    `Make a token that may: yard token create --scope ${operation.scope}`,
  )
}

function assertWorkerMay(
  { capability, taskId, isLive }: WorkerCaller,
  { workers, scope }: Operation,
  id: string | undefined,
): void {
  const deny = (detail: string) =>
    new Refusal(
      403,
      'worker_denied',
      detail,
      'A worker may read its own task and run, report on them, comment, create tasks and link those it created.',
    )
  if (workers === null) throw deny(`The token of run ${capability.runId} is not good for this.`)
  const own = workers === 'own task' ? taskId : workers === 'own run' ? String(capability.runId) : id
  if (id !== own)
    throw deny(`The token of run ${capability.runId} is good for ${own} only, and this is about ${id}.`)
  // What an ended run still has to say is for the board to judge: it keeps it as a late report.
  if (scope === 'read' && !isLive) throw deny(`Run ${capability.runId} has ended, and its token with it.`)
}
