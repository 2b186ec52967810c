import { searchResultView } from '../../contract/search-views.ts'
import type { Excerpt } from '../../domain/excerpt.ts'
import type { FoundPlace, SearchResult } from '../../domain/search.ts'
import { oneLine, safe } from '../../lib/safe-text.ts'
import { relative } from '../../lib/amounts.ts'
import { command, flag, several, text, wholeNumber } from '../command.ts'
import { assigneeFrom, statuses } from '../options.ts'
import { paintStatus, type Style } from '../text/style.ts'

export const search = command({
  about:
    'Finds tasks by words in title, body, comments, results and summaries of runs, the archive included. All words must be there; "words in quotes" in a row, word* and the last word as a beginning, -word must not be there (after --).',
  effect: 'reads',
  arguments: { words: several('What to look for.') },
  options: {
    status: statuses('Only those with this status, or one of several separated by commas'),
    assignee: text('profile', 'Only those of this assignee; none for those of nobody.', {
      completes: 'profile',
    }),
    tenant: text('name', 'Only those of this tenant.', { completes: 'tenant' }),
    'skip-archive': flag('Without archived ones.'),
    limit: wholeNumber('number', 'At most so many; 20 by default.', { min: 1, max: 200 }),
  },
  examples: [
    'yard search flaky checkout',
    'yard search \'"connection refused"\' --status done',
    'yard search -- deploy -staging',
  ],
  async run(context, { arguments: { words }, options }) {
    const kernel = await context.kernel()
    // What the shell took for one word was in quotes there, unless it brings its own.
    const sought = words.map((word) =>
      /\s/.test(word) && words.length > 1 && !word.includes('"') ? `"${word}"` : word,
    )
    const { results, next } = await kernel.searchTasks(sought.join(' '), {
      status: options.status,
      assignee: options.assignee === undefined ? undefined : assigneeFrom(options.assignee),
      tenant: options.tenant,
      archived: !options['skip-archive'],
      limit: options.limit ?? 20,
      cursor: null,
    })
    return {
      data: results.map(searchResultView),
      text: (style) =>
        results.length === 0
          ? 'Nothing found.'
          : [
              ...results.map((result) => resultText(style, result)),
              ...(next === null ? [] : [style.paint('dim', 'There is more: give --limit, or more words.')]),
            ].join('\n'),
      ...(results.length === 0 ? { piped: '' } : {}),
    }
  },
})

function resultText(style: Style, { card, title, hits }: SearchResult): string {
  const head = [
    style.paint('bold', card.id),
    paintStatus(style, card.status),
    marked(style, title),
    style.paint('dim', relative(card.createdAt, style.now)),
  ].join('  ')
  return [
    head,
    ...hits.map(
      ({ place, excerpt }) => `    ${style.paint('dim', `${placeText(place)}:`)} ${marked(style, excerpt)}`,
    ),
  ].join('\n')
}

function placeText(place: FoundPlace): string {
  switch (place.kind) {
    case 'comment':
      return `comment by ${oneLine(place.author)}`
    case 'summary':
      return `summary of run ${place.runId}`
    default:
      return place.kind
  }
}

/** The hits stand out where there are colours; what is between is made safe piece by piece, so the places stay right. */
function marked(style: Style, { text: whole, marks }: Excerpt): string {
  let shown = ''
  let at = 0
  for (const [start, end] of marks) {
    shown += safe(whole.slice(at, start)) + style.paint(['bold', 'yellow'], safe(whole.slice(start, end)))
    at = end
  }
  return shown + safe(whole.slice(at))
}
