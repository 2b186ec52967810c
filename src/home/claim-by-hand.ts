import { conflict } from '../domain/errors.ts'
import type { Actor } from '../domain/actor.ts'
import type { Reason } from '../domain/hold.ts'
import type { Task } from '../domain/task.ts'
import type { Kernel } from '../kernel/kernel.ts'
import type { HomeServices } from './services.ts'

/** Losing is an answer, with what keeps the card. */
export type HandClaim =
  | { readonly refused: Reason; readonly task: Task }
  | { readonly task: Task; readonly runId: number; readonly workspace: string }

/**
 * Claims a card for somebody to work on, and makes the place to do it. Throws `no_workspace`, before anything is claimed,
 * when there can be no such place.
 */
export async function claimByHand(
  { kernel, services }: { readonly kernel: Kernel; readonly services: Pick<HomeServices, 'workspaces'> },
  id: string,
  { ttlSeconds }: { readonly ttlSeconds: number | null },
  actor: Actor,
): Promise<HandClaim> {
  const workspaces = await services.workspaces()
  const wanted = await kernel.getTask(id)
  if (wanted.status === 'ready') {
    const place = await workspaces.resolve(wanted)
    if ('problem' in place)
      throw conflict('no_workspace', `Cannot claim ${id}: ${place.problem} ${place.next}`, {
        id,
        next: place.next,
      })
  }
  const result = await kernel.claimTask(id, ttlSeconds === null ? {} : { ttlSeconds }, actor)
  if ('refused' in result) return { refused: result.refused, task: wanted }
  const { path } = await workspaces.prepare(result.claimed)
  return { task: result.claimed, runId: result.runId, workspace: path }
}
