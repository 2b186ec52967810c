/** Comments that are made while a run works reach its worker, where it can be told: each once, and it is written down. */
import type { RunCapability } from '../domain/actor.ts'
import type { Comment } from '../domain/task.ts'
import { findHeard, findUnheard, updateMail } from '../store/tables/run-mail.ts'
import { note } from './apply.ts'
import type { KernelDeps } from './deps.ts'
import { authenticateWorker } from './fence.ts'

/** As many at a time as a worker can take in. */
const AT_ONCE = 30

/** What its worker has not heard of yet, the oldest first. */
export const readMail = ({ store }: KernelDeps, { runId }: RunCapability): Promise<Comment[]> =>
  store.read((db) => findUnheard(db, runId, AT_ONCE))

/** These comments have reached the worker; they are those that `readMail` gave. */
export async function recordDelivery(
  { store }: KernelDeps,
  capability: RunCapability,
  comments: readonly number[],
): Promise<void> {
  const heard = Math.max(0, ...comments)
  if (heard === 0) return
  const { runId } = capability
  await store.write(async (tx) => {
    const taskId = await authenticateWorker(tx, {
      kind: 'worker',
      name: 'runner',
      door: 'runner',
      capability,
    })
    await updateMail(tx, { runId, heard })
    for (const id of comments)
      note(
        tx,
        taskId,
        { kind: 'delivered', payload: { comment_id: id } },
        { actor: 'runner', door: 'runner', runId },
      )
  })
}

/** What the worker of an ended run never heard of; null for a run that was told of nothing, so that nobody knows. */
export const unheardBy = ({ store }: KernelDeps, runId: number): Promise<Comment[] | null> =>
  store.read(async (db) =>
    (await findHeard(db, runId)) === undefined ? null : findUnheard(db, runId, AT_ONCE),
  )
