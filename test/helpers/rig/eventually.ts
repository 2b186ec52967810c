import { setTimeout as pause } from 'node:timers/promises'

const LOOK_EVERY_MS = 15
/** Far beyond what a loaded machine needs: whoever waits this long waits for something that does not come. */
const GIVE_UP_MS = 90_000

/** Resolves with the first answer that is neither false nor null nor undefined. `explain` adds to the error what is known by then. */
export async function eventually<T>(
  what: string,
  look: () => T | Promise<T>,
  explain: () => string = () => '',
  giveUpMs: number = GIVE_UP_MS,
): Promise<NonNullable<Exclude<T, false>>> {
  const deadline = performance.now() + giveUpMs
  for (;;) {
    const answer = await look()
    if (answer !== null && answer !== undefined && answer !== false)
      return answer as NonNullable<Exclude<T, false>>
    if (performance.now() > deadline) throw new Error(`waited ${giveUpMs / 1000} s for ${what}\n${explain()}`)
    await pause(LOOK_EVERY_MS)
  }
}
