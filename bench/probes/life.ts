/** One of several processes that take cards from creation to done in a loop, all on one board. */
import { openBare } from '../harness/bare-board.ts'
import { openOurs } from '../harness/our-board.ts'
import { serveProbe } from '../harness/probe.ts'
import type { Variant } from '../harness/subject.ts'

export interface LifeOptions {
  readonly variant: Variant
  readonly file: string
}

/** How long to go on, in milliseconds. */
export interface LifeQuestion {
  readonly forMs: number
}

export interface LifeAnswer {
  readonly lives: number
  readonly elapsedMs: number
  /** The slowest single call, in milliseconds. */
  readonly slowestCall: number
  /** The slowest life of three calls. */
  readonly slowestLife: number
}

await serveProbe<LifeOptions, LifeQuestion, LifeAnswer>(async ({ variant, file }) => {
  const subject = variant === 'ours' ? openOurs(file) : openBare(file)
  return async ({ forMs }) => {
    let lives = 0
    let slowestCall = 0
    let slowestLife = 0
    const startedAt = performance.now()
    let now = startedAt
    const took = (): number => {
      const before = now
      now = performance.now()
      return now - before
    }
    while (now - startedAt < forMs) {
      const begunAt = now
      const id = await subject.create('A life')
      slowestCall = Math.max(slowestCall, took())
      await subject.claim(id)
      slowestCall = Math.max(slowestCall, took())
      await subject.complete(id)
      slowestCall = Math.max(slowestCall, took())
      slowestLife = Math.max(slowestLife, now - begunAt)
      lives++
    }
    return { lives, elapsedMs: now - startedAt, slowestCall, slowestLife }
  }
})
