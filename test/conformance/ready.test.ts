/** What a pass of the dispatcher reads of the ready cards: only those that something could start. */
import { describe, expect, test } from 'vitest'
import { databases } from '../helpers/boards.ts'
import { openTestKernel } from '../helpers/kernel.ts'

describe.each(databases)('ready cards, on $name', (database) => {
  test('of nobody, and of profiles that can start nothing, are passed over without being counted', async () => {
    await using board = await openTestKernel(database)
    for (const assignee of ['coder', 'coder', null, 'writer', 'tester']) await board.given({ assignee })
    const assignees = async (filter: Parameters<typeof board.kernel.readReady>[0]) =>
      new Set((await board.kernel.readReady(filter)).map((card) => card.assignee))
    expect(await assignees({ limit: 9 })).toEqual(new Set(['coder', 'writer', 'tester', null]))
    expect(await assignees({ limit: 9, except: { profiles: [], tenants: [] } })).toEqual(
      new Set(['coder', 'writer', 'tester']),
    )
    expect(await assignees({ limit: 1, except: { profiles: ['coder', 'tester'], tenants: [] } })).toEqual(
      new Set(['writer']),
    )
    expect(
      await assignees({ limit: 9, except: { profiles: ['coder', 'writer', 'tester'], tenants: [] } }),
    ).toEqual(new Set())
  })
})
