/** One look at all processes of this machine, with the family and the marker that tell which of them belong to a tree. */
import { readLinuxTable } from './process-table-linux.ts'
import { readMacosTable } from './process-table-macos.ts'

/** A variable put into a worker's environment: its descendants carry it wherever they go, unless they drop it. */
export interface Marker {
  readonly name: string
  readonly value: string
}

export interface ProcessRow {
  readonly pid: number
  readonly parent: number
  readonly group: number
  /** 0 where the platform does not tell. */
  readonly session: number
  readonly startTime: string
  readonly hasEnded: boolean
  /** Stopped by a signal: it will not act on another one before it is continued. */
  readonly isStopped: boolean
  /** `ours` carries the marker, `other` carries its name with another value: it belongs to another run. */
  readonly mark: 'ours' | 'other' | 'none'
}

export type ProcessTable = ReadonlyMap<number, ProcessRow>

/**
 * Reads the table; zombies are included, kernel threads are not. Environments of other users' processes are not read.
 * `'unknown'` when the table cannot be read or does not show this very process, so its silence would prove nothing.
 */
export const readProcessTable = (marker: Marker | null): ProcessTable | 'unknown' => {
  const table = process.platform === 'linux' ? readLinuxTable(marker) : process.platform === 'darwin' ? readMacosTable(marker) : 'unknown'
  return table === 'unknown' || !table.has(process.pid) ? 'unknown' : table
}
