import pg from 'pg'
import { expect, test } from 'vitest'
import { createTestSchema } from './postgres.ts'

test('each test schema is empty, its own, and gone when dropped', async () => {
  await using mine = await createTestSchema()
  await using yours = await createTestSchema()
  await query(mine.url, 'create table cards (id integer)')
  await query(mine.url, 'insert into cards values (1), (2)')

  expect(await query(mine.url, 'select count(*)::int as n from cards')).toEqual([{ n: 2 }])
  await expect(query(yours.url, 'select * from cards')).rejects.toThrow('does not exist')

  await mine.drop()
  await expect(query(mine.url, 'select * from cards')).rejects.toThrow('does not exist')
})

async function query(url: string, sql: string): Promise<unknown[]> {
  const client = new pg.Client({ connectionString: url })
  await client.connect()
  try {
    return (await client.query<Record<string, unknown>>(sql)).rows
  } finally {
    await client.end()
  }
}
