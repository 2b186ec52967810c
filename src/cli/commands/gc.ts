import { command, wholeNumber } from '../command.ts'
import { byteSize, count } from '../../lib/amounts.ts'

export const gc = command({
  about:
    'Removes what is past its time: events of finished tasks, old logs, workspaces of finished tasks, the trash, files nobody names.',
  effect: 'changes',
  options: {
    'event-retention-days': wholeNumber(
      'days',
      'Keep events of finished tasks so long; events.retention_days by default.',
      { min: 1 },
    ),
    'log-retention-days': wholeNumber(
      'days',
      'Keep logs of finished runs so long; logs.retention_days by default.',
      { min: 1 },
    ),
  },
  examples: ['yard gc', 'yard gc --log-retention-days 7'],
  async run(context, { options }) {
    const report = await context.services.collectGarbage({
      eventRetentionDays: options['event-retention-days'] ?? null,
      logRetentionDays: options['log-retention-days'] ?? null,
      now: context.now,
    })
    return {
      data: report,
      text: () =>
        [
          `removed ${count(report.events_removed, 'event')}`,
          `removed ${count(report.logs_removed, 'log')} (${byteSize(report.log_bytes_removed)})`,
          `moved ${count(report.workspaces_trashed, 'workspace')} to the trash`,
          `emptied ${count(report.trash_removed, 'entry', 'entries')} of the trash (${byteSize(report.trash_bytes_removed)})`,
          `removed ${count(report.attachments_removed, 'file')} nobody names (${byteSize(report.attachment_bytes_removed)})`,
          ...report.kept.map(({ path, reason }) => `kept ${path}: ${reason}`),
        ].join('\n'),
    }
  },
})
