/** Search over HTTP. */
import { describe, expect } from 'vitest'
import { openClient } from '../../src/client/index.ts'
import { behaviour } from '../behaviours.ts'
import { databases } from '../helpers/boards.ts'
import { alice, bob } from '../helpers/kernel.ts'
import { openTestServer } from './rig.ts'

describe.each(databases)('search over HTTP, on $name', (database) => {
  behaviour(
    ['search.words', 'search.places'],
    'gives found tasks with their hits as plain data, page by page',
    async () => {
      await using server = await openTestServer({ database })
      const { kernel } = server
      for (let index = 0; index < 5; index++)
        await server.test.given({ title: `Heron ${index}`, tenant: 'acme' })
      const said = await server.test.given({ title: '<b>Other</b>' })
      await kernel.commentTask(said.id, 'I saw a <i>heron</i> there', null, bob)
      await kernel.archiveTask(said.id, alice)
      const first = await server.call('searchTasks', { q: 'heron', limit: 4 })
      expect(first.results.map(({ task }) => task.title)).toEqual([
        'Heron 4',
        'Heron 3',
        'Heron 2',
        'Heron 1',
      ])
      expect(first.results[0]).toMatchObject({
        task: { status: 'ready', tenant: 'acme', assignee: 'coder' },
        title: { text: 'Heron 4', marks: [{ start: 0, end: 5 }] },
        hits: [],
      })
      const rest = await server.call('searchTasks', { q: 'heron', limit: 4, cursor: first.next_cursor ?? '' })
      expect(rest.next_cursor).toBeNull()
      expect(rest.results.map(({ task }) => task.title)).toEqual(['Heron 0', '<b>Other</b>'])
      const [hit] = rest.results[1]?.hits ?? []
      expect(hit).toMatchObject({ in: 'comment', author: 'bob', text: 'I saw a <i>heron</i> there' })
      expect(hit?.marks).toEqual([{ start: 11, end: 16 }])
      const found = async (query: string) =>
        ((await server.ask(`/api/kanban/search?q=heron&${query}`)).body as typeof rest).results.length
      expect(await found('archived=false')).toBe(5)
      expect(await found('status=archived')).toBe(1)
      expect(await found('tenant=acme&status=ready,todo')).toBe(5)
      expect(await found('assignee=none')).toBe(0)
    },
  )
})

behaviour(
  'search.safe',
  'nothing typed is an error, what is no search is, and the client finds the same',
  async () => {
    await using server = await openTestServer()
    await server.test.given({ title: 'Heron' })
    for (const q of ['"', 'a AND (', '%00', '*', '-', '%F0%9F%99%82', ''])
      expect([q, (await server.ask(`/api/kanban/search?q=${q}`)).status]).toEqual([q, 200])
    expect((await server.ask('/api/kanban/search')).status).toBe(400)
    expect((await server.ask('/api/kanban/search?q=a&cursor=b')).body).toMatchObject({ code: 'bad_cursor' })
    expect((await server.ask(`/api/kanban/search?q=${'x'.repeat(1_001)}`)).status).toBe(400)
    const client = openClient({ url: server.url, token: await server.token('read') })
    expect((await client.searchTasks({ q: 'her' })).results).toHaveLength(1)
  },
)
