/** What is known of a process, and the marker that says whose it is. */

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

export interface ProcessTable {
  readonly rows: ReadonlyMap<number, ProcessRow>
  /**
   * Whether nobody came into being unseen while we looked. Finding somebody is always a fact; finding nobody is one only
   * in a settled table.
   */
  readonly isSettled: boolean
}
