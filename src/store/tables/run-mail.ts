/** How far a run's worker has been told of the comments on its card. */
import type { Comment } from '../../domain/task.ts'
import type { Connection } from '../connection.ts'
import { statement } from '../statement.ts'

const insert = statement<{ runId: number; heard: number }>()((db, p) =>
  db.insertInto('run_mail').values({ run_id: p.runId, heard: p.heard }),
)

/** `heard`: the newest comment of those its worker begins with; 0 when there is none. */
export const insertMail = async (db: Connection, mail: { runId: number; heard: number }): Promise<void> =>
  void (await db.run(insert, mail))

const update = statement<{ runId: number; heard: number }>()((db, p) =>
  db
    .updateTable('run_mail')
    .set({ heard: p.heard })
    .where('run_id', '=', p.runId)
    .where('heard', '<', p.heard),
)

export const updateMail = async (db: Connection, mail: { runId: number; heard: number }): Promise<void> =>
  void (await db.run(update, mail))

const heardBy = statement<{ runId: number }>()((db, p) =>
  db.selectFrom('run_mail').select('heard').where('run_id', '=', p.runId),
)

/** The newest comment its worker was told of; undefined for a run that nobody told of any. */
export const findHeard = async (db: Connection, runId: number): Promise<number | undefined> =>
  (await db.get(heardBy, { runId }))?.heard

const unheard = statement<{ runId: number; limit: number }>()((db, p) =>
  db
    .selectFrom('run_mail as m')
    .innerJoin('task_runs as r', 'r.id', 'm.run_id')
    .innerJoin('task_comments as c', 'c.task_id', 'r.task_id')
    .leftJoin('comment_runs as own', 'own.comment_id', 'c.id')
    .select(['c.id as id', 'c.task_id as taskId', 'c.author', 'c.body', 'c.created_at as createdAt'])
    .where('m.run_id', '=', p.runId)
    .whereRef('c.id', '>', 'm.heard')
    .where((where) => where.or([where('own.run_id', 'is', null), where('own.run_id', '<>', p.runId)]))
    .orderBy('c.id')
    .limit(p.limit),
)

/** Comments on its card that its worker has not heard of and did not write, the oldest first. */
export const findUnheard = (db: Connection, runId: number, limit: number): Promise<Comment[]> =>
  db.all(unheard, { runId, limit })

const ofTask = statement<{ taskId: string }>()((db, p) =>
  db
    .selectFrom('run_mail as m')
    .innerJoin('task_runs as r', 'r.id', 'm.run_id')
    .select(['m.run_id as runId', 'm.heard'])
    .where('r.task_id', '=', p.taskId)
    .orderBy('m.run_id'),
)

const written = statement<{ taskId: string }>()((db, p) =>
  db
    .selectFrom('comment_runs as w')
    .innerJoin('task_comments as c', 'c.id', 'w.comment_id')
    .select(['w.comment_id as commentId', 'w.run_id as runId'])
    .where('c.task_id', '=', p.taskId),
)

export interface RunMail {
  readonly runId: number
  /** The newest comment its worker was told of. */
  readonly heard: number
  /** Comments it wrote itself. */
  readonly wrote: readonly number[]
}

/** Of every run of a card, the first run first. */
export async function findMail(db: Connection, taskId: string): Promise<RunMail[]> {
  const own = await db.all(written, { taskId })
  return (await db.all(ofTask, { taskId })).map((mail) => ({
    ...mail,
    wrote: own.filter(({ runId }) => runId === mail.runId).map(({ commentId }) => commentId),
  }))
}

const own = statement<{ commentId: number; runId: number }>()((db, p) =>
  db.insertInto('comment_runs').values({ comment_id: p.commentId, run_id: p.runId }),
)

/** A comment was written by the worker of this run. */
export const insertCommentRun = async (
  db: Connection,
  written: { commentId: number; runId: number },
): Promise<void> => void (await db.run(own, written))
