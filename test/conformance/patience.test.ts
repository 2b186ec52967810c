/** What the board leaves alone, and what it does not keep quiet about. */
import { describe, expect } from 'vitest'
import { Health } from '../../src/dispatch/health.ts'
import { behaviour } from '../behaviours.ts'
import { databases } from '../helpers/boards.ts'
import { alice, openTestKernel } from '../helpers/kernel.ts'

describe.each(databases)('ideas, on $name', (database) => {
  behaviour('F06', 'a card that is still being written starts nothing and brings forth nothing', async () => {
    await using board = await openTestKernel(database)
    const { kernel } = board
    const { id } = await board.given({ title: 'a', triage: true })
    for (let typed = 1; typed <= 40; typed++) {
      await kernel.editTask(id, { title: 'delete all data?'.slice(0, typed), body: 'x'.repeat(typed) }, alice)
      board.clock.advance(3_600)
      await board.tick()
      expect(await board.tryRun({ id })).toHaveProperty('refused')
    }
    expect(await kernel.listTasks({ archived: true })).toHaveLength(1)
    expect(await kernel.readReady({ limit: 10, despitePreflight: true })).toEqual([])
    expect(await board.task(id)).toMatchObject({ status: 'triage', currentRunId: null })
  })
})

describe('the health of a dispatcher', () => {
  const stuck = { admissible: 3, free: 2, started: 0 }

  behaviour(
    'dispatch.health',
    'six passes with work, room and no start give one warning in five minutes',
    () => {
      const health = new Health()
      let now = 1_000
      const pass = (outlook = stuck) => health.pass((now += 10), outlook)
      for (let n = 1; n < 6; n++) expect(pass()).toBeNull()
      expect(pass()).toMatch(/^3 cards could run and 2 slots are free, but none was started in 6 passes/)
      const warnedAt = now
      const warnings = []
      while (now < warnedAt + 900) if (pass() !== null) warnings.push(now - warnedAt)
      expect(warnings).toEqual([300, 600, 900])
      expect(health.problems).toHaveLength(1)
      expect(pass({ ...stuck, started: 1 })).toBeNull()
      expect(health.problems).toEqual([])
    },
  )

  behaviour('dispatch.health', 'full caps, no work and a start in between are no reason to worry', () => {
    const health = new Health()
    let now = 1_000
    for (let n = 0; n < 100; n++) {
      now += 10
      expect(health.pass(now, { admissible: 3, free: 0, started: 0 })).toBeNull()
      expect(health.pass(now, { admissible: 0, free: 5, started: 0 })).toBeNull()
      expect(health.pass(now, { ...stuck, started: n % 5 === 0 ? 1 : 0 })).toBeNull()
    }
  })
})
