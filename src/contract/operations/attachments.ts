/** Files kept with tasks. Their bytes travel as they are, in both directions. */
import { z } from 'zod'
import { rowId, taskId, word } from './fields.ts'
import { operation } from './operation.ts'
import { attachment, ok } from './shapes.ts'

const digest = z.string().regex(/^[0-9a-fA-F]{64}$/, 'must be a SHA-256 digest: 64 hex digits')

export const attachmentOperations = {
  listAttachments: operation('listAttachments', {
    subject: 'Attachments',
    about: 'The files kept with a task, the newest last.',
    scope: 'read',
    workers: 'own task',
    params: { id: taskId },
    gives: 'What is known of each file. The bytes are at an address of their own.',
    output: z.strictObject({ attachments: z.array(attachment) }),
  }),

  addAttachment: operation('addAttachment', {
    subject: 'Attachments',
    about:
      'Keeps a file with a task. It is stored as it arrives, or not at all: a file that is cut off, has another digest than announced or is larger than the setting attachments.max_mb leaves nothing behind.',
    scope: 'write',
    workers: 'own task',
    params: { id: taskId },
    query: {
      name: word.describe('What to call it. Of a path the last part is kept.'),
      digest: digest.optional().describe('The SHA-256 you expect, in hex; any other one is refused.'),
    },
    upload: 'The bytes of the file. Its Content-Type is kept as what the sender says of it.',
    gives: 'What is known of the file that was kept.',
    output: z.strictObject({ attachment }),
    status: 201,
  }),

  getAttachment: operation('getAttachment', {
    subject: 'Attachments',
    about:
      'The bytes of a file, checked against its digest before they leave. HEAD tells size and digest alone; the ETag is the digest.',
    scope: 'read',
    workers: 'own task',
    params: { id: taskId, attachment: rowId.describe('The number of the file, as the list has it.') },
    gives: 'The file as it came, to be saved and never to be run.',
    tagged: true,
    headers: {
      'Content-Disposition': 'To be saved, under its name.',
      'Content-Length': 'Its size in bytes.',
    },
    output: { media: '*/*' },
  }),

  removeAttachment: operation('removeAttachment', {
    subject: 'Attachments',
    about:
      'Takes a file off a task. The history keeps its name and digest; its bytes are deleted later, once no task names them.',
    scope: 'write',
    params: { id: taskId, attachment: rowId.describe('The number of the file, as the list has it.') },
    gives: 'The file is off the task.',
    output: ok,
  }),
}
