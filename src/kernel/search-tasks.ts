import { invalid } from '../domain/errors.ts'
import { beginningOf, excerptOf } from '../domain/excerpt.ts'
import { readSearch, type SearchTerm } from '../domain/search-query.ts'
import { TIERS, type Hit, type SearchPage, type SearchResult, type Tier } from '../domain/search.ts'
import type { Connection } from '../store/connection.ts'
import {
  findFoundCards,
  findMatches,
  findSaid,
  type FoundTexts,
  type SearchFilter,
} from '../store/tables/search.ts'
import type { KernelDeps } from './deps.ts'

/** Longest accepted search, in characters. */
const MAX_SEARCH = 1_000
const MOST_RESULTS = 200
const MOST_HITS = 4

export interface SearchOptions extends SearchFilter {
  /** At most 200. */
  readonly limit: number
  /** `next` of the page before; null for the first one. */
  readonly cursor: string | null
}

/**
 * Finds cards by words in their title, body, comments, results and the summaries of their runs, the archive included unless
 * the filter says otherwise. Cards with all words in the title come first, then those with all in title and body, then those
 * where some were said on the card; the newest first in each. Whatever is typed means something; a text without a word finds
 * nothing. Refuses a search that is too long, and a cursor that is none.
 */
export async function searchTasks(
  { store }: KernelDeps,
  text: string,
  { limit, cursor, ...filter }: SearchOptions,
): Promise<SearchPage> {
  if (text.length > MAX_SEARCH)
    throw invalid(
      'search_too_long',
      `Cannot search for ${text.length} characters: ${MAX_SEARCH} are the most. Search for the words that matter.`,
      { length: text.length, max: MAX_SEARCH },
    )
  const query = readSearch(text)
  const most = Math.min(limit, MOST_RESULTS)
  const start = cursor === null ? { tier: TIERS[0], after: null } : placeOf(cursor)
  return store.read(async (db) => {
    const found: { readonly id: string; readonly tier: Tier }[] = []
    for (const tier of TIERS.slice(TIERS.indexOf(start.tier))) {
      if (found.length > most) break
      const ids = await findMatches(db, {
        query,
        filter,
        tier,
        after: tier === start.tier ? start.after : null,
        limit: most + 1 - found.length,
      })
      found.push(...ids.map((id) => ({ id, tier })))
    }
    const page = found.slice(0, most)
    const cards = await findFoundCards(
      db,
      page.map(({ id }) => id),
    )
    const results: SearchResult[] = []
    for (const card of cards) results.push(await resultOf(db, card, query.all))
    const last = page.at(-1)
    return { results, next: found.length > most && last !== undefined ? `${last.tier}.${last.id}` : null }
  })
}

function placeOf(cursor: string): { readonly tier: Tier; readonly after: string } {
  const [, name, after] = /^(\w+)\.(.+)$/s.exec(cursor) ?? []
  const tier = TIERS.find((known) => known === name)
  if (tier !== undefined && after !== undefined) return { tier, after }
  throw invalid(
    'bad_cursor',
    `Cannot go on searching from ${JSON.stringify(cursor)}: that is no cursor of a search. Give the one of the page before.`,
  )
}

async function resultOf(
  db: Connection,
  { body, ...card }: FoundTexts,
  terms: readonly SearchTerm[],
): Promise<SearchResult> {
  const title = excerptOf(card.title, terms, Infinity) ?? { text: card.title, marks: [] }
  const inBody = body === null ? null : excerptOf(body, terms)
  const said = await findSaid(db, card.id, terms)
  const result = said.find(({ place }) => place.kind === 'result')?.text
  const hits: Hit[] = [
    ...(inBody === null ? [] : [{ place: { kind: 'body' } as const, excerpt: inBody }]),
    ...said
      // A worker's summary becomes the result when it gives no other.
      .filter(({ place, text }) => place.kind !== 'summary' || text !== result)
      .map(({ place, text }) => ({ place, excerpt: excerptOf(text, terms) ?? beginningOf(text) })),
  ]
  return { card, title, hits: hits.slice(0, MOST_HITS) }
}
