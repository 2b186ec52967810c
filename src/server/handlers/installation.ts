import { backupView, examinationView, settingView } from '../../contract/home-views.ts'
import { assigneeViews } from '../../contract/views.ts'
import type { Output } from '../../contract/operations/table.ts'
import { conflict, isYardError } from '../../domain/errors.ts'
import { examine } from '../../home/doctor/examine.ts'
import { getSetting, overruledBy, setSetting, settingsOf, type Setting } from '../../home/settings.ts'
import type { Kernel } from '../../kernel/kernel.ts'
import type { Clock } from '../../lib/clock.ts'
import type { HomePaths } from '../../lib/paths.ts'
import type { Handlers } from '../handler.ts'
import type { ServerServices } from '../services.ts'

export interface InstallationDeps {
  readonly kernel: Kernel
  readonly services: ServerServices
  readonly paths: HomePaths
  readonly clock: Pick<Clock, 'now'>
}

export const installationHandlers = ({ kernel, services, paths, clock }: InstallationDeps) =>
  ({
    async listSettings() {
      const loaded = await aboutTheFile(services.config())
      return { settings: settingsOf(loaded).map(viewOf) }
    },

    async getSetting({ input: { key } }) {
      await aboutTheFile(services.config())
      return viewOf(await getSetting({ services }, key))
    },

    async putSetting({ input: { key, value } }) {
      const setting = await setSetting({ paths, services }, key, value)
      const variable = overruledBy(setting)
      return {
        ...viewOf(setting),
        ...(variable === null
          ? {}
          : { warning: `It is written, but ${variable} has the last word where the gateway runs.` }),
      }
    },

    listBackups: async () => ({
      backups: (await (await services.backups()).list()).map(backupView),
    }),

    createBackup: async () => backupView(await (await services.backups()).create(null)),

    examine: async () =>
      examinationView(
        await examine({ paths, services, kernel: () => Promise.resolve(kernel), now: clock.now() }),
      ),

    collectGarbage: ({ input }) =>
      services.collectGarbage({
        eventRetentionDays: input.event_retention_days ?? null,
        logRetentionDays: input.log_retention_days ?? null,
        now: clock.now(),
      }),

    async listAssignees() {
      const [stats, profiles] = await Promise.all([kernel.getStats(), services.profiles()])
      return { assignees: assigneeViews(stats, profiles.names()) }
    },
  }) satisfies Partial<Handlers>

/** A value of the file is whatever YAML can say, and it was checked when it was read. */
const viewOf = (setting: Setting) => settingView(setting) as Output<'getSetting'>

/** A file that cannot be used is no fault of whoever asks what it holds. */
async function aboutTheFile<T>(work: Promise<T>): Promise<T> {
  try {
    return await work
  } catch (error) {
    if (isYardError(error) && error.kind === 'invalid')
      throw conflict(error.code, error.message, { ...error.details })
    throw error
  }
}
