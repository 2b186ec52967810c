/** On what kind of machine it was measured, and nothing that tells whose it is. */
import { cpus, loadavg, totalmem } from 'node:os'
import { DatabaseSync } from 'node:sqlite'

export interface MachineFacts {
  readonly sentence: string
}

export function machineFacts(today: string): MachineFacts {
  using db = new DatabaseSync(':memory:')
  const sqlite = String(db.prepare('select sqlite_version() as version').get()?.['version'])
  const cores = cpus()
  const model = cores[0]?.model.trim() ?? 'unknown processor'
  const memory = Math.round(totalmem() / 2 ** 30)
  const load = (loadavg()[0] ?? 0).toFixed(1)
  return {
    sentence: `${today}: ${cores.length} cores (${model}), ${memory} GiB, ${process.platform} ${process.arch}, Node ${process.versions.node}, SQLite ${sqlite}. Load of the machine as the run began: ${load}.`,
  }
}
