import { describe, expect, test } from 'vitest'
import { RunLimits } from '../../src/runner/limits.ts'

const movableClock = () => {
  let ms = 5000
  return { monotonicMs: () => ms, jump: (by: number) => void (ms += by) }
}

const scene = (options: { runtimeSeconds?: number; silenceSeconds?: number; usedSeconds?: number }) => {
  const clock = movableClock()
  const limits = new RunLimits({ clock, runtimeSeconds: null, silenceSeconds: null, ...options })
  /** Lets time pass as a runner sees it: with a check every second. */
  const pass = (seconds: number) => {
    for (let second = 0; second < seconds; second++) {
      clock.jump(1000)
      const hit = limits.check()
      if (hit) return hit
    }
    return null
  }
  return { clock, limits, pass }
}

describe('limits of a run', () => {
  test('the run time is reached exactly then, however lively the run is', () => {
    const { clock, limits } = scene({ runtimeSeconds: 10, silenceSeconds: 60 })
    for (let second = 0; second < 9; second++) {
      clock.jump(1000)
      limits.heard()
      expect(limits.check()).toBeNull()
    }
    clock.jump(1000)
    expect(limits.check()).toEqual({ limit: 'runtime', elapsedSeconds: 10, limitSeconds: 10 })
  })

  test('silence counts from the last sign of life', () => {
    const { limits, pass } = scene({ silenceSeconds: 30 })
    expect(pass(29)).toBeNull()
    limits.heard()
    expect(pass(29)).toBeNull()
    expect(pass(1)).toEqual({ limit: 'silence', elapsedSeconds: 30, limitSeconds: 30 })
  })

  test('without limits nothing is ever reached', () => {
    expect(scene({}).pass(100_000)).toBeNull()
  })

  test('the next check is due at the next limit, and within one interval', () => {
    const { clock, limits } = scene({ runtimeSeconds: 100, silenceSeconds: 2 })
    expect(limits.nextCheckMs()).toBe(1000)
    clock.jump(1400)
    expect(limits.nextCheckMs()).toBe(600)
    clock.jump(600)
    expect(limits.nextCheckMs()).toBe(0)
  })

  test('F42: the budget goes on in another process where it stood', () => {
    const first = scene({ runtimeSeconds: 100 })
    first.pass(60)
    const second = scene({ runtimeSeconds: 100, usedSeconds: first.limits.usedSeconds })
    expect(second.pass(39)).toBeNull()
    expect(second.pass(1)).toMatchObject({ limit: 'runtime', elapsedSeconds: 100 })
  })

  test('F47: a night in which everything stood still costs neither limit', () => {
    const { clock, limits, pass } = scene({ runtimeSeconds: 100, silenceSeconds: 30 })
    pass(20)
    clock.jump(8 * 3600 * 1000)
    expect(limits.check()).toBeNull()
    expect(limits.usedSeconds).toBe(21)
    expect(pass(9)).toBeNull()
    expect(pass(1)).toMatchObject({ limit: 'silence', elapsedSeconds: 30 })
  })

  test('F47: output that waited while we stood still is heard before silence is judged', () => {
    const { clock, limits, pass } = scene({ silenceSeconds: 30 })
    pass(29)
    clock.jump(3600 * 1000)
    limits.heard()
    expect(limits.check()).toBeNull()
    expect(pass(29)).toBeNull()
  })

  test('a busy machine that delays checks a little still charges the time', () => {
    const { clock, limits } = scene({ runtimeSeconds: 20 })
    for (let check = 0; check < 5; check++) {
      clock.jump(4000)
      limits.heard()
    }
    expect(limits.usedSeconds).toBe(20)
  })

  test('a clock that goes back takes nothing away', () => {
    const { clock, limits, pass } = scene({ runtimeSeconds: 10 })
    pass(5)
    clock.jump(-3_600_000)
    expect(limits.usedSeconds).toBe(5)
    expect(pass(5)).toMatchObject({ limit: 'runtime' })
  })
})
