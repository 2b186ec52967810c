/** The folder of backups: names, order, and how many are kept. A backup is a board file of its own, named after its content. */
import { createHash } from 'node:crypto'
import { createReadStream, readdirSync, rmSync, statSync } from 'node:fs'
import { basename, join } from 'node:path'
import { pipeline } from 'node:stream/promises'

/** `scheduled` ones are pruned; the others hold what an upgrade left out or a restore replaced, and stay. */
export type BackupKind = 'scheduled' | 'before-upgrade' | 'before-replacement' | 'hermes'

export interface Backup {
  readonly file: string
  readonly kind: BackupKind
  /** When it was made, in unix seconds. */
  readonly createdAt: number
  readonly size: number
}

const PREFIX = {
  scheduled: 'kanban',
  'before-upgrade': 'before-upgrade',
  'before-replacement': 'before-replacement',
  hermes: 'hermes',
} as const satisfies Record<BackupKind, string>
const NAME =
  /^(kanban|before-upgrade|before-replacement|hermes)-(\d{4})(\d\d)(\d\d)T(\d\d)(\d\d)(\d\d)Z-([0-9a-f]{12})\.db$/

/** The first digits of the content's SHA-256, which the name carries. */
export async function contentDigest(file: string): Promise<string> {
  const hash = createHash('sha256')
  await pipeline(createReadStream(file), hash)
  return hash.digest('hex').slice(0, 12)
}

export function backupName(kind: BackupKind, now: number, digest: string): string {
  const stamp = new Date(now * 1000).toISOString().replaceAll(/[-:]|\.\d+/g, '')
  return `${PREFIX[kind]}-${stamp}-${digest}.db`
}

/** The digest in the name of a backup; null when the file is not named like one. */
export const digestInName = (file: string): string | null => NAME.exec(basename(file))?.[8] ?? null

/** Every backup in the folder, newest first. */
export function listBackups(folder: string): readonly Backup[] {
  const backups: (Backup & { readonly changedAt: number })[] = []
  for (const name of namesIn(folder)) {
    const match = NAME.exec(name)
    if (match === null) continue
    const stat = statSync(join(folder, name), { throwIfNoEntry: false })
    if (stat === undefined) continue
    const [year = 0, month = 0, day = 0, hour = 0, minute = 0, second = 0] = match.slice(2, 8).map(Number)
    backups.push({
      file: join(folder, name),
      kind: match[1] === 'kanban' ? 'scheduled' : (match[1] as BackupKind),
      createdAt: Date.UTC(year, month - 1, day, hour, minute, second) / 1000,
      size: stat.size,
      changedAt: stat.mtimeMs,
    })
  }
  // Two of the same second are told apart by when they were written.
  backups.sort((a, b) => b.createdAt - a.createdAt || b.changedAt - a.changedAt)
  return backups.map(({ changedAt: _, ...backup }) => backup)
}

/** The path of the newest backup that can be restored; null when there is none. */
export const newestBackup = (folder: string): string | null =>
  listBackups(folder).find(({ kind }) => kind !== 'hermes')?.file ?? null

/** Removes the oldest scheduled backups until `keep` are left; returns how many went. */
export function pruneBackups(folder: string, keep: number): number {
  const surplus = listBackups(folder)
    .filter(({ kind }) => kind === 'scheduled')
    .slice(Math.max(keep, 1))
  for (const { file } of surplus) rmSync(file, { force: true })
  return surplus.length
}

const ABANDONED_SECONDS = 3_600

/** Removes what a backup that was killed left half-written. */
export function removeAbandoned(folder: string, now: number): void {
  for (const name of namesIn(folder)) {
    if (!name.includes('.tmp')) continue
    const stat = statSync(join(folder, name), { throwIfNoEntry: false })
    if (stat !== undefined && stat.mtimeMs / 1000 < now - ABANDONED_SECONDS)
      rmSync(join(folder, name), { force: true })
  }
}

function namesIn(folder: string): readonly string[] {
  try {
    return readdirSync(folder)
  } catch (error) {
    if (error instanceof Error && 'code' in error && error.code === 'ENOENT') return []
    throw error
  }
}
