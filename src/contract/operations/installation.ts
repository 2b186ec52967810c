/** The installation itself: settings, backups, how it is doing, and what is past its time. */
import { z } from 'zod'
import { optional, status, word } from './fields.ts'
import { operation } from './operation.ts'
import { seconds, text, textOrNull } from './shapes.ts'

const value = z.union([z.string(), z.number(), z.boolean(), z.array(z.string()).max(1_000)]).nullable()

/** Prices and agents of one's own are maps; these are changed in the file. */
const held = z.union([value, z.record(z.string(), z.unknown())])

const setting = z
  .strictObject({
    key: text,
    value: held,
    origin: text.describe('Where it came from: default, <file>:<line>, env <NAME> or option <command>.'),
    default: held,
    type: text.describe('What it may hold.'),
    about: text,
  })
  .meta({ id: 'Setting' })

const backup = z.strictObject({ path: text, created_at: seconds, size: z.int() }).meta({ id: 'Backup' })

const days = optional(z.int().min(1).max(36_500))

export const installationOperations = {
  listSettings: operation('listSettings', {
    subject: 'Installation',
    about: 'Every setting with the value in force and where it came from. Passwords are masked.',
    scope: 'read',
    gives: 'The settings.',
    output: z.strictObject({ settings: z.array(setting) }),
  }),

  getSetting: operation('getSetting', {
    subject: 'Installation',
    about: 'One setting with the value in force and where it came from.',
    scope: 'read',
    params: { key: word.describe('Its full path, for example kanban.max_running.') },
    gives: 'The setting.',
    output: setting,
  }),

  putSetting: operation('putSetting', {
    subject: 'Installation',
    about:
      'Changes one setting in config.yaml, where comments stay; the gateway goes by it from then on, and by those of the server from its next start. What could not be used is refused, and nothing is written.',
    scope: 'operate',
    params: { key: word.describe('Its full path, for example kanban.max_running.') },
    body: z.strictObject({ value: value.describe('A number, true, false, null, text, or a list of texts.') }),
    gives: 'The setting as it is in force now.',
    output: setting.extend({
      warning: text.optional().describe('Something else has the last word over the file.'),
    }),
  }),

  listBackups: operation('listBackups', {
    subject: 'Installation',
    about: 'The backups there are, the newest first.',
    scope: 'read',
    gives: 'The backups.',
    output: z.strictObject({ backups: z.array(backup) }),
  }),

  createBackup: operation('createBackup', {
    subject: 'Installation',
    about:
      'Makes a verified copy of the board while it is in use. It is put back with the gateway stopped, so by the command line: yard restore.',
    scope: 'operate',
    body: z.strictObject({}),
    gives: 'The backup that was made.',
    output: backup,
    status: 201,
  }),

  examine: operation('examine', {
    subject: 'Installation',
    about: 'Checks this installation and board, and says for each finding what to do. Changes nothing.',
    scope: 'operate',
    gives: 'Every check with what it found, and what to do about it.',
    output: z.strictObject({
      ok: z.boolean().describe('False when something failed.'),
      checks: z.array(
        z.strictObject({
          check: text,
          status: z.enum(['ok', 'warn', 'fail']),
          message: text,
          next: textOrNull.describe('What to do about it.'),
        }),
      ),
    }),
  }),

  collectGarbage: operation('collectGarbage', {
    subject: 'Installation',
    about:
      'Removes what is past its time: events of finished tasks, old logs, workspaces of finished tasks, the trash, files nobody names.',
    scope: 'operate',
    body: z.strictObject({
      event_retention_days: days.describe('events.retention_days by default.'),
      log_retention_days: days.describe('logs.retention_days by default.'),
    }),
    gives: 'What was removed, and what was kept although its time is up.',
    output: z.strictObject({
      events_removed: z.int(),
      logs_removed: z.int(),
      log_bytes_removed: z.int(),
      workspaces_trashed: z.int(),
      workspaces_kept: z.int(),
      trash_removed: z.int(),
      trash_bytes_removed: z.int(),
      attachments_removed: z.int(),
      attachment_bytes_removed: z.int(),
      kept: z
        .array(z.strictObject({ path: text, reason: text }))
        .describe('What stays although its time is up.'),
    }),
  }),

  listAssignees: operation('listAssignees', {
    subject: 'Board',
    about: 'Everybody who can be given tasks, and everybody who has some.',
    scope: 'read',
    gives: 'Names, whether there is a profile of each, and how many tasks each has.',
    output: z.strictObject({
      assignees: z.array(
        z.strictObject({
          name: text,
          on_disk: z.boolean().describe('Whether there is a profile of that name.'),
          counts: z.partialRecord(status, z.int()).describe('Its tasks by status.'),
        }),
      ),
    }),
  }),
}
