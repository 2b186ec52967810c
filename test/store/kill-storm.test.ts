import { DatabaseSync } from 'node:sqlite'
import { setTimeout as sleep } from 'node:timers/promises'
import { describe, expect, test } from 'vitest'
import { randomBetween } from '../../src/lib/ids.ts'
import { statement } from '../../src/store/statement.ts'
import { databases } from '../helpers/boards.ts'
import { startChild } from '../helpers/children.ts'

const ROUNDS = 8
const WRITERS = 3

const cards = statement<Record<string, never>>()((db) => db.selectFrom('tasks').select('id'))
const cardsWithoutEvent = statement<Record<string, never>>()((db) =>
  db
    .selectFrom('tasks as t')
    .select('t.id')
    .where((eb) =>
      eb.not(eb.exists(eb.selectFrom('task_events as e').select('e.id').whereRef('e.task_id', '=', 't.id'))),
    ),
)

/** Writes until it is killed; gives every card that was reported as saved. */
async function writeUntilKilled(location: string, name: string): Promise<string[]> {
  await using writer = startChild('store/children/writer.ts', [location, name])
  await writer.nextLine()
  writer.send('storm')
  const saved: string[] = []
  const reading = (async () => {
    for (;;) saved.push(await writer.nextLine())
  })()
  // The moment of the kill is the point: somewhere in one of its transactions.
  const killing = sleep(randomBetween(30, 250)).then(() => writer.process.kill('SIGKILL'))
  await expect(reading).rejects.toThrow('has ended')
  await killing
  return saved
}

describe.each(databases)('F09: killing writers at random moments on $name', ({ name, open }) => {
  test('loses no write that was reported as saved, tears none, and leaves a sound board', async () => {
    await using board = await open()
    const saved: string[] = []
    for (let round = 0; round < ROUNDS; round++) {
      const reports = await Promise.all(
        Array.from({ length: WRITERS }, (_, n) => writeUntilKilled(board.location, `${round}x${n}`)),
      )
      saved.push(...reports.flat())
      const present = new Set((await board.store.read((db) => db.all(cards, {}))).map(({ id }) => id))
      expect(saved.filter((id) => !present.has(id))).toEqual([])
      // At most the write that was under way when its writer was killed was saved without being reported.
      expect(present.size).toBeLessThanOrEqual(saved.length + WRITERS * (round + 1))
      expect(await board.store.read((db) => db.all(cardsWithoutEvent, {}))).toEqual([])
    }
    expect(saved.length).toBeGreaterThan(ROUNDS * WRITERS)
    if (name === 'SQLite') {
      using db = new DatabaseSync(board.location, { readOnly: true })
      expect(db.prepare('pragma integrity_check').all()).toMatchObject([{ integrity_check: 'ok' }])
      expect(db.prepare('pragma foreign_key_check').all()).toEqual([])
    }
  }, 60_000)
})
