// Run by tests as a process of its own, in a mount, PID or user context that the test chooses. $1 is a JSON question.
import type { Clock } from '../../src/lib/clock.ts'
import { liveness, ownIdentity, type ProcessIdentity } from '../../src/lib/process-identity.ts'
import { findMarked, type Marker, terminateTree } from '../../src/lib/process-tree.ts'

export interface Question {
  readonly identity: ProcessIdentity
  readonly marker: Marker
}

/** Ten seconds of insisting pass in a moment. */
let now = 0
const fastClock: Clock = { now: () => 0, monotonicMs: () => now, sleep: async (ms) => void (now += ms) }

const { identity, marker } = JSON.parse(process.argv[2] ?? '') as Question
const own = () => {
  try {
    return ownIdentity()
  } catch {
    return null
  }
}
console.log(
  JSON.stringify({
    own: own(),
    liveness: liveness(identity),
    marked: findMarked(marker),
    ending: await terminateTree({ leader: identity, marker, graceMs: 100, clock: fastClock }),
  }),
)
