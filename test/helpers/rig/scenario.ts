import { test } from 'vitest'
import type { BehaviourId } from '../../behaviours.ts'
import { assertInvariants } from './invariants.ts'
import { openRig, type Rig, type RigOptions } from './rig.ts'

export interface ScenarioOptions extends RigOptions {
  /** The ceiling of attempts, where it is not the one of the settings. */
  readonly attempts?: number
  readonly timeoutMs?: number
  /** Measures, or keeps the whole machine busy: no other scenario of its file runs beside it. */
  readonly isAlone?: boolean
}

/** Generous: scenarios wait for events, and one that waits for nothing gives up by itself before this. */
const TIMEOUT_MS = 240_000

/** F18 is owed by every door; what is proven here is its part of the disk. */
type Row = BehaviourId | 'F18'

/** Plays one scenario on Linux, whose /proc the observer reads, in an installation of its own; afterwards everything that must always hold is checked. */
export function scenario(
  rows: Row | readonly Row[],
  sentence: string,
  play: (rig: Rig) => Promise<void>,
  { attempts, timeoutMs = TIMEOUT_MS, isAlone = false, ...options }: ScenarioOptions = {},
): void {
  const declare = isAlone ? test : test.concurrent
  declare(
    `${[rows].flat().join(' ')} ${sentence}`,
    { timeout: timeoutMs, skip: process.platform !== 'linux' },
    async () => {
      await using rig = await openRig(options)
      await play(rig)
      await assertInvariants(rig, attempts === undefined ? {} : { attempts })
    },
  )
}
