/** The process table out of ps. Written from the manual pages of macOS; not yet run on a Mac. */
import { execFileSync } from 'node:child_process'
import type { Marker, ProcessRow, ProcessTable } from './process-row.ts'

const LINE = /^\s*(\d+)\s+(\d+)\s+(\d+)\s+(\S+)\s+(\S+\s+\S+\s+\d+\s+[\d:]+\s+\d+)\s?(.*)$/

/** The environments of protected system programs are hidden from everybody; their groups and parents are not. */
export const readMacosTable = (marker: Marker | null): ProcessTable | 'unknown' => {
  let listing: string
  try {
    const columns = [
      '-o',
      'pid=',
      '-o',
      'ppid=',
      '-o',
      'pgid=',
      '-o',
      'stat=',
      '-o',
      'lstart=',
      '-o',
      'command=',
    ]
    listing = execFileSync('/bin/ps', ['-axwwE', ...columns], {
      encoding: 'utf8',
      env: { LC_ALL: 'C', TZ: 'UTC' },
      maxBuffer: 256 * 1024 * 1024,
      stdio: ['ignore', 'pipe', 'ignore'],
    })
  } catch {
    return 'unknown'
  }
  const rows = new Map<number, ProcessRow>()
  for (const line of listing.split('\n')) {
    const [, pid, parent, group, state, startTime, command] = LINE.exec(line) ?? []
    if (pid === undefined || state === undefined || startTime === undefined) continue
    rows.set(Number(pid), {
      pid: Number(pid),
      parent: Number(parent),
      group: Number(group),
      session: 0,
      startTime: startTime.replace(/\s+/g, ' '),
      hasEnded: state.startsWith('Z'),
      isStopped: state.startsWith('T'),
      mark: marker === null ? 'none' : markIn(command ?? '', marker),
    })
  }
  return { rows, isSettled: true }
}

const markIn = (command: string, { name, value }: Marker): ProcessRow['mark'] => {
  const words = command.split(' ')
  if (words.includes(`${name}=${value}`)) return 'ours'
  return words.some((word) => word.startsWith(`${name}=`)) ? 'other' : 'none'
}
