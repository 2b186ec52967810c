/** Files kept with cards, by digest. */
import type { Connection } from '../connection.ts'
import { statement } from '../statement.ts'

export interface Attachment {
  readonly id: number
  readonly taskId: string
  readonly runId: number | null
  readonly name: string
  readonly size: number
  /** SHA-256 in hex. */
  readonly digest: string
  readonly mime: string | null
  readonly createdAt: number
  readonly createdBy: string
}

const COLUMNS = [
  'id',
  'task_id as taskId',
  'run_id as runId',
  'name',
  'size',
  'digest',
  'mime',
  'created_at as createdAt',
  'created_by as createdBy',
] as const

const insert = statement<{
  taskId: string
  runId: number | null
  name: string
  size: number
  digest: string
  mime: string | null
  now: number
  by: string
}>()((db, p) =>
  db
    .insertInto('attachments')
    .values({
      task_id: p.taskId,
      run_id: p.runId,
      name: p.name,
      size: p.size,
      digest: p.digest,
      mime: p.mime,
      created_at: p.now,
      created_by: p.by,
    })
    .returning('id'),
)

export const insertAttachment = async (
  db: Connection,
  file: {
    taskId: string
    runId: number | null
    name: string
    size: number
    digest: string
    mime: string | null
    now: number
    by: string
  },
): Promise<number> => Number((await db.get(insert, file))?.id)

const ofTask = statement<{ taskId: string }>()((db, p) =>
  db.selectFrom('attachments').select(COLUMNS).where('task_id', '=', p.taskId).orderBy('id'),
)

export const findAttachments = (db: Connection, taskId: string): Promise<Attachment[]> =>
  db.all(ofTask, { taskId })

const one = statement<{ taskId: string; id: number }>()((db, p) =>
  db.selectFrom('attachments').select(COLUMNS).where('id', '=', p.id).where('task_id', '=', p.taskId),
)

export const findAttachment = (db: Connection, taskId: string, id: number): Promise<Attachment | undefined> =>
  db.get(one, { taskId, id })

const remove = statement<{ id: number }>()((db, p) => db.deleteFrom('attachments').where('id', '=', p.id))

export const deleteAttachment = (db: Connection, id: number): Promise<number> => db.run(remove, { id })

const digests = statement<Record<string, never>>()((db) =>
  db.selectFrom('attachments').select('digest').distinct(),
)

export const referencedDigests = async (db: Connection): Promise<Set<string>> =>
  new Set((await db.all(digests, {})).map((row) => row.digest))
