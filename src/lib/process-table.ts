/** One look at all processes of this machine, with the family and the marker that tell which of them belong to a tree. */
import type { Marker, ProcessTable } from './process-row.ts'
import { readLinuxTable } from './process-table-linux.ts'
import { readMacosTable } from './process-table-macos.ts'

/**
 * Reads the table; zombies are included, kernel threads are not. Environments of other users' processes are not read.
 * `'unknown'` when the table cannot be read or does not show this very process, so its silence would prove nothing.
 */
export const readProcessTable = (marker: Marker | null): ProcessTable | 'unknown' => {
  const table =
    process.platform === 'linux'
      ? readLinuxTable(marker)
      : process.platform === 'darwin'
        ? readMacosTable(marker)
        : 'unknown'
  return table === 'unknown' || !table.rows.has(process.pid) ? 'unknown' : table
}
