/**
 * Remembers what a configuration file said, so that a command need not load what it takes to read and check it. Only the
 * very same file, read by the very same build, is taken for known; everything else is read again.
 */
import { readFileSync, renameSync, rmSync, statSync, writeFileSync, type BigIntStats } from 'node:fs'
import type { LoadedConfig } from '../contract/load-config.ts'
import { systemClock } from '../lib/clock.ts'

interface Remembered {
  readonly stamp: string
  readonly config: LoadedConfig
}

/** The built program, which another build replaces; sources change one by one, so nothing is remembered for them. */
const reader = (): string | null => (process.argv[1]?.endsWith('.cjs') ? process.argv[1] : null)

const besideOf = (file: string): string => `${file}.read`

/** What `load` gives for this file; remembered from an earlier time where nothing has changed since. */
export async function throughCache(file: string, load: () => Promise<LoadedConfig>): Promise<LoadedConfig> {
  const program = reader()
  const before = program === null ? null : lookAt(file)
  if (program === null || before === null) return load()
  const stamp = `${stampOf(program, lookAt(program))} ${stampOf(file, before)}`
  const known = recall(file)
  if (known?.stamp === stamp) return known.config
  const config = await load()
  const after = lookAt(file)
  if (after !== null && stampOf(file, after) === stampOf(file, before) && isSettled(after))
    remember(file, { stamp, config })
  return config
}

const lookAt = (file: string): BigIntStats | null =>
  statSync(file, { throwIfNoEntry: false, bigint: true }) ?? null

/** The change time is part of it, which nobody can set by hand. */
const stampOf = (file: string, stat: BigIntStats | null): string =>
  stat === null ? file : [file, stat.dev, stat.ino, stat.size, stat.mtimeNs, stat.ctimeNs].join(' ')

/** A file of just now may change once more without a new time: clocks of file systems tick slowly. */
const isSettled = ({ ctimeMs }: BigIntStats): boolean => systemClock.now() - Number(ctimeMs) / 1000 > 2

function recall(file: string): Remembered | null {
  try {
    return JSON.parse(readFileSync(besideOf(file), 'utf8')) as Remembered
  } catch {
    return null
  }
}

/** Nothing is lost when it cannot be kept. */
function remember(file: string, what: Remembered): void {
  const beside = `${besideOf(file)}.${process.pid}`
  try {
    // As private as the file itself should be: an address can carry a password.
    writeFileSync(beside, JSON.stringify(what), { mode: 0o600 })
    renameSync(beside, besideOf(file))
  } catch {
    rmSync(beside, { force: true })
  }
}
