/** Finding cards by words, the same on both databases. */
import { describe, expect } from 'vitest'
import fc from 'fast-check'
import type { SearchOptions } from '../../src/kernel/search-tasks.ts'
import { behaviour } from '../behaviours.ts'
import { databases } from '../helpers/boards.ts'
import { alice, bob, openTestKernel, type TestKernel } from '../helpers/kernel.ts'

const ALL: SearchOptions = { limit: 50, cursor: null, archived: true }

const search = (board: TestKernel, text: string, options: Partial<SearchOptions> = {}) =>
  board.kernel.searchTasks(text, { ...ALL, ...options })

const titles = async (board: TestKernel, text: string, options: Partial<SearchOptions> = {}) =>
  (await search(board, text, options)).results.map(({ card }) => card.title)

/** With `[` and `]` around what is marked. */
const shown = ({ text, marks }: { text: string; marks: readonly (readonly [number, number])[] }) =>
  marks.reduceRight(
    (line, [start, end]) => `${line.slice(0, start)}[${line.slice(start, end)}]${line.slice(end)}`,
    text,
  )

async function library(board: TestKernel): Promise<void> {
  const { kernel } = board
  const add = (title: string, body: string | null = null) => board.given({ title, body })
  await add('Deploy the shop', 'Roll it out to production, then watch the error rate.')
  await add('Dispatcher drops a card', 'The dispatcher forgets cards when the clock jumps.')
  const review = await add('Review of the café menu', 'Größe und Preis prüfen, naïve Schätzung.')
  await add('Write release notes', 'For the dispatch of the shop: see src/app.ts and README.md')
  const done = await add('Compare vendors')
  await kernel.commentTask(review.id, 'Please ask the dispatcher people about espresso.', null, bob)
  await kernel.completeTask(
    done.id,
    { summary: 'Vendor B is cheapest', result: 'Table of three prices' },
    alice,
  )
  const old = await add('Old shop design', 'production of posters')
  await kernel.archiveTask(old.id, alice)
}

describe.each(databases)('search, on $name', (database) => {
  behaviour('search.words', 'finds all words, in any order and case, in one place or several', async () => {
    await using board = await openTestKernel(database)
    await library(board)
    expect(await titles(board, 'shop')).toEqual(['Old shop design', 'Deploy the shop', 'Write release notes'])
    expect(await titles(board, 'SHOP production')).toEqual(['Old shop design', 'Deploy the shop'])
    expect(await titles(board, 'rate deploy')).toEqual(['Deploy the shop'])
    // One word in the title, one in a comment.
    expect(await titles(board, 'menu espresso')).toEqual(['Review of the café menu'])
    expect(await titles(board, 'cheapest prices vendors')).toEqual(['Compare vendors'])
    expect(await titles(board, 'shop espresso')).toEqual([])
    expect(await titles(board, 'elephant')).toEqual([])
  })

  behaviour('search.words', 'finds phrases, beginnings and what is not there', async () => {
    await using board = await openTestKernel(database)
    await library(board)
    expect(await titles(board, '"the shop"')).toEqual(['Deploy the shop', 'Write release notes'])
    expect(await titles(board, '"shop the"')).toEqual([])
    // Of the title's end and the body's beginning there is no phrase.
    expect(await titles(board, '"shop roll"')).toEqual([])
    expect(await titles(board, 'dispat* shop')).toEqual(['Write release notes'])
    expect(await titles(board, 'dispatch')).toEqual([
      'Dispatcher drops a card',
      'Write release notes',
      'Review of the café menu',
    ])
    // Only the last word is taken for a beginning, and none in quotes.
    expect(await titles(board, 'dispatch the')).toEqual(['Write release notes'])
    expect(await titles(board, '"dispatch"')).toEqual(['Write release notes'])
    expect(await titles(board, 'shop -deploy')).toEqual(['Old shop design', 'Write release notes'])
    expect(await titles(board, 'shop -"release notes" -old')).toEqual(['Deploy the shop'])
    expect(await titles(board, 'menu -espresso')).toEqual([])
    expect(await titles(board, 'menu -espr*')).toEqual([])
    expect(await titles(board, 'app.ts')).toEqual(['Write release notes'])
    expect(await titles(board, 'src/app.ts readme')).toEqual(['Write release notes'])
  })

  behaviour('search.words', 'takes letters of Latin with and without their marks for the same', async () => {
    await using board = await openTestKernel(database)
    await library(board)
    await board.given({ title: 'Привет мир', body: 'Объём ΑΘΉΝΑ 東京タワー x²' })
    for (const word of [
      'cafe',
      'CAFÉ',
      'cafe\u0301',
      'grosze -x',
      'größe',
      'GRÖßE',
      'grö',
      'naive',
      'schatzung',
    ])
      expect([word, await titles(board, word)]).toEqual([
        word,
        word.startsWith('grosze') ? [] : ['Review of the café menu'],
      ])
    for (const word of ['привет', 'ПРИВЕТ МИР', 'объём', 'αθήνα', '東京', '東京タワー'])
      expect([word, await titles(board, word)]).toEqual([word, ['Привет мир']])
  })

  behaviour(
    'search.rank',
    'puts titles before bodies before what was said, and the newest first',
    async () => {
      await using board = await openTestKernel(database)
      const said = await board.given({ title: 'one' })
      await board.kernel.commentTask(said.id, 'a heron', null, alice)
      await board.given({ title: 'two', body: 'a heron' })
      await board.given({ title: 'heron three' })
      await board.given({ title: 'four', body: 'heron heron heron heron' })
      const saidLater = await board.given({ title: 'five' })
      await board.kernel.completeTask(saidLater.id, { result: 'a heron' }, alice)
      board.clock.advance(60)
      await board.given({ title: 'six heron' })
      const order = ['six heron', 'heron three', 'four', 'two', 'five', 'one']
      expect(await titles(board, 'heron')).toEqual(order)
      // Page by page the same, and nothing comes twice when there is more by then.
      for (const limit of [1, 2, 4]) {
        const paged: string[] = []
        for (let cursor: string | null = null; ;) {
          const page = await search(board, 'heron', { limit, cursor })
          expect(page.results.length).toBeLessThanOrEqual(limit)
          paged.push(...page.results.map(({ card }) => card.title))
          if (page.next === null) break
          cursor = page.next
        }
        expect(paged).toEqual(order)
      }
      await expect(search(board, 'heron', { cursor: 'nonsense' })).rejects.toMatchObject({
        code: 'bad_cursor',
      })
      expect((await search(board, 'heron', { cursor: 'title.t_unknown' })).results.length).toBeLessThan(6)
    },
  )

  behaviour('search.filters', 'narrows by status, assignee, tenant and archive', async () => {
    await using board = await openTestKernel(database)
    await library(board)
    await board.given({ title: 'shop for acme', tenant: 'acme', assignee: 'writer' })
    await board.given({ title: 'shop for nobody', assignee: null })
    const found = (options: Partial<SearchOptions>) => titles(board, 'shop', options)
    expect(await found({ archived: false })).not.toContain('Old shop design')
    expect(await found({ archived: false, status: ['archived'] })).toEqual(['Old shop design'])
    expect(await found({ status: ['done', 'archived'] })).toEqual(['Old shop design'])
    expect(await found({ tenant: 'acme' })).toEqual(['shop for acme'])
    expect(await found({ assignee: 'writer' })).toEqual(['shop for acme'])
    expect(await found({ assignee: null })).toEqual(['shop for nobody'])
    expect(await titles(board, 'espresso', { status: ['done'] })).toEqual([])
    const [first] = (await search(board, 'deploy')).results
    expect(await found({ among: [first?.card.id ?? ''] })).toEqual(['Deploy the shop'])
    expect(await found({ among: [] })).toEqual([])
  })

  behaviour('search.places', 'says where the words are, and marks them as data', async () => {
    await using board = await openTestKernel(database)
    await library(board)
    const [card] = (await search(board, 'espresso dispatch')).results
    expect(card?.hits).toMatchObject([
      { place: { kind: 'comment', author: 'bob', commentId: expect.any(Number) as number } },
    ])
    expect(card?.hits.map(({ excerpt }) => shown(excerpt))).toEqual([
      'Please ask the [dispatcher] people about [espresso].',
    ])
    const [vendors] = (await search(board, 'vendor* cheapest OR three')).results
    expect(vendors).toBeUndefined()
    const [compared] = (await search(board, 'three b vendor')).results
    expect(shown(compared?.title ?? { text: '', marks: [] })).toBe('Compare [vendors]')
    expect(compared?.hits.map(({ place, excerpt }) => [place.kind, shown(excerpt)])).toEqual([
      ['result', 'Table of [three] prices'],
      ['summary', '[Vendor] [B] is cheapest'],
    ])
    const long = await board.given({
      title: 'Long',
      body: `${'word '.repeat(500)}\n\n  the <b>needle</b>\tis here ${'more '.repeat(500)}`,
    })
    const [found] = (await search(board, '"needle"')).results
    expect(found?.card.id).toBe(long.id)
    const [{ excerpt } = { excerpt: { text: '', marks: [] } }] = found?.hits ?? []
    expect(shown(excerpt)).toMatch(/^…(word )+the <b>\[needle\]<\/b> is here (more )+more…$/)
    expect(excerpt.text.length).toBeLessThan(300)
  })

  behaviour(
    'search.current',
    'is never behind the rows: edits, results and restored cards count at once',
    async () => {
      await using board = await openTestKernel(database)
      const { kernel } = board
      const { id } = await board.given({ title: 'Osprey', body: 'kestrel' })
      await kernel.editTask(id, { title: 'Buzzard' }, alice)
      expect(await titles(board, 'osprey')).toEqual([])
      expect(await titles(board, 'buzzard kestrel')).toEqual(['Buzzard'])
      await kernel.editTask(id, { body: 'merlin' }, alice)
      expect(await titles(board, 'kestrel')).toEqual([])
      expect(await titles(board, 'merlin')).toEqual(['Buzzard'])
      await kernel.completeTask(id, { summary: 'saw a harrier' }, alice)
      expect(await titles(board, 'harrier')).toEqual(['Buzzard'])
      await kernel.editTask(id, { result: 'saw a kite' }, alice)
      expect(await titles(board, 'kite')).toEqual(['Buzzard'])
      expect((await search(board, 'harrier')).results[0]?.hits.map(({ place }) => place.kind)).toEqual([
        'summary',
      ])
      // What was refused was not written either.
      await expect(kernel.createTask({ title: 'Gannet', parents: ['t_none'] }, alice)).rejects.toThrow()
      expect(await titles(board, 'gannet')).toEqual([])
      const run = await board.run(await board.given({ title: 'by a worker' }))
      await kernel.completeTask(run.taskId, { summary: 'found a dunlin' }, run.worker)
      expect(await titles(board, 'dunlin')).toEqual(['by a worker'])
    },
  )

  behaviour('search.safe', 'gives an answer to whatever somebody types', async () => {
    await using board = await openTestKernel(database)
    await library(board)
    for (const text of [
      '',
      ' ',
      '"',
      '""',
      '*',
      '-',
      '--',
      '-"',
      '"-',
      '- shop',
      '-shop',
      '"*"',
      '***',
      'shop*"',
      '"shop',
      'shop"',
      "'",
      "o'neil",
      'AND',
      'OR',
      'NOT',
      'NEAR',
      'NEAR(a b)',
      'title:shop',
      '{title}: shop',
      '^shop',
      'shop + deploy',
      'a AND (b',
      ')',
      '(',
      'a OR',
      'shop:*',
      'shop & deploy',
      'shop | x',
      '!shop',
      'shop <-> x',
      '<->',
      '\\',
      "\\'",
      '%',
      '_',
      '\u0000',
      'a\u0000b',
      '\ud83d',
      '🙂',
      '🙂*',
      '\u0301',
      '\u0301*',
      '\u200b',
      'ß',
      '²',
      '½*',
      '\ue000',
      '日本',
      'हिन्दी',
      'x'.repeat(900),
      'a '.repeat(400),
    ])
      // prettier-ignore
      await expect(search(board, text), JSON.stringify(text)).resolves.toHaveProperty('results')
    await expect(search(board, 'x'.repeat(1_001))).rejects.toMatchObject({ code: 'search_too_long' })
    expect(await titles(board, '"shop')).toEqual(await titles(board, '"shop"'))
    expect(await titles(board, 'shop AND deploy')).toEqual([])
    expect(await titles(board, '-shop')).toEqual([])
    const word = fc.oneof(
      fc.string({ unit: 'binary', maxLength: 12 }),
      fc.constantFrom('shop', 'deploy', '"', '-', '*', '(', ')', ':', 'AND', 'NOT', '\\', "'", '<->', '🙂'),
    )
    await fc.assert(
      fc.asyncProperty(fc.array(word, { maxLength: 6 }), async (parts) => {
        await search(board, parts.join(' '))
        await search(board, parts.join(''))
      }),
      { numRuns: 60 },
    )
  })
})

behaviour(
  'search.same',
  'both databases find the same cards for the same words',
  async () => {
    const boards = await Promise.all(databases.map((database) => openTestKernel(database)))
    try {
      const words = [
        'alpha',
        'beta',
        'gamma',
        'Café',
        'délta',
        'x1',
        '42',
        'foo-bar',
        'a.b',
        '1e5ab',
        'Ünder_score',
        '東京',
      ]
      const text = fc
        .array(fc.constantFrom(...words), { minLength: 1, maxLength: 5 })
        .map((some) => some.join(' '))
      const card = fc.record({
        title: text,
        body: fc.option(text, { nil: null }),
        comments: fc.array(text, { maxLength: 2 }),
        result: fc.option(text, { nil: null }),
      })
      for (const { title, body, comments, result } of fc.sample(card, 60)) {
        for (const board of boards) {
          const { id } = await board.given({ title, body })
          for (const comment of comments) await board.kernel.commentTask(id, comment, null, alice)
          if (result !== null) await board.kernel.completeTask(id, { result }, alice)
        }
      }
      const asked = fc
        .array(
          fc.oneof(
            fc.constantFrom(...words, 'cafe', 'DELTA', 'under'),
            fc.constantFrom(...words).map((word) => `-${word}`),
            fc.constantFrom(...words).map((word) => `${word.slice(0, 2)}*`),
            text.map((phrase) => `"${phrase}"`),
          ),
          { minLength: 1, maxLength: 4 },
        )
        .map((parts) => parts.join(' '))
      await fc.assert(
        fc.asyncProperty(asked, async (query) => {
          const [sqlite, postgres] = await Promise.all(
            boards.map(async (board) =>
              (await search(board, query, { limit: 200 })).results.map(({ card: found, title, hits }) => [
                found.title,
                shown(title),
                hits.map(({ place, excerpt }) => [place.kind, shown(excerpt)]),
              ]),
            ),
          )
          expect(postgres).toEqual(sqlite)
        }),
        { numRuns: 60 },
      )
    } finally {
      for (const board of boards) await board[Symbol.asyncDispose]()
    }
  },
  60_000,
)
