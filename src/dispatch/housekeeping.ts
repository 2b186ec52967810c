/** Keeps house beside the dispatcher: scheduled backups, and what is past its time. */
import type { Clock } from '../lib/clock.ts'
import { every } from '../lib/every.ts'
import type { Log } from '../lib/log.ts'

export interface HousekeepingDeps {
  readonly clock: Clock
  readonly log: Log
  /** Seconds between two backups, asked before each. */
  readonly backupEverySeconds: () => number
  /** When the newest backup was made, in unix seconds; null when there is none. */
  readonly lastBackupAt: () => Promise<number | null>
  readonly backup: () => Promise<void>
  readonly collect: () => Promise<void>
}

/** How often it is looked whether something is due, in milliseconds. */
const LOOK_EVERY_MS = 10 * 60_000
const COLLECT_EVERY_SECONDS = 6 * 3600
/** Not while everything starts. */
const FIRST_LOOK_MS = 60_000

export async function keepHouse(deps: HousekeepingDeps, signal: AbortSignal): Promise<void> {
  const { clock, log } = deps
  await clock.sleep(FIRST_LOOK_MS, { signal }).catch(() => undefined)
  let collectedAt = Number.NEGATIVE_INFINITY
  for await (const _ of every(LOOK_EVERY_MS, { clock, signal })) {
    if (signal.aborted) return
    await attempt('the backup', log, async () => {
      const last = await deps.lastBackupAt()
      if (last === null || clock.now() - last >= deps.backupEverySeconds()) await deps.backup()
    })
    if (clock.now() - collectedAt < COLLECT_EVERY_SECONDS) continue
    collectedAt = clock.now()
    await attempt('the clean-up', log, deps.collect)
  }
}

async function attempt(what: string, log: Log, work: () => Promise<void>): Promise<void> {
  try {
    await work()
  } catch (error) {
    log.error(
      `${what} failed; it is tried again: ${error instanceof Error ? error.message : String(error)}`,
      { error },
    )
  }
}
