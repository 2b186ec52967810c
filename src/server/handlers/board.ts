import { boardView, cardBoardView, placeFromCursor } from '../../contract/board-views.ts'
import { statsView } from '../../contract/views.ts'
import { invalid } from '../../domain/errors.ts'
import type { Kernel } from '../../kernel/kernel.ts'
import type { CheckedInput, Output } from '../../contract/operations/table.ts'
import type { BoardBytes } from '../board-bytes.ts'
import { isKnown } from '../etag.ts'
import { Reply, type Handlers } from '../handler.ts'
import type { ServerServices } from '../services.ts'

const DEFAULT_CARDS = 50

export interface BoardDeps {
  readonly kernel: Kernel
  readonly services: ServerServices
  readonly bytes: BoardBytes
}

export const boardHandlers = ({ kernel, services, bytes }: BoardDeps) =>
  ({
    async getBoard({ input, version, request }) {
      assertFits(input)
      const etag = bytes.tag(version)
      const headers = { etag, 'cache-control': 'private, no-cache', 'content-type': 'application/json' }
      if (isKnown(request, etag)) return new Reply(null, headers, 304)
      const body = await bytes.get(JSON.stringify(input), version, () => readFor(kernel, input))
      return new Reply(body, headers)
    },
    getStats: async () => statsView(await kernel.getStats()),
    getConfig: async () => services.settings().dashboard.kanban,
    dispatch: ({ input }) => services.dispatch({ dryRun: input.dry_run ?? false, max: input.max ?? null }),
  }) satisfies Partial<Handlers>

type Question = CheckedInput<'getBoard'>

function assertFits({ fields, limit, column, cursor }: Question): void {
  if (fields !== 'card' && (limit ?? column ?? cursor) !== undefined)
    throw invalid(
      'needs_fields',
      'limit, column and cursor are for the slim board only. Ask with fields=card.',
    )
  if (cursor !== undefined && column === undefined)
    throw invalid('needs_column', 'A cursor is the place in one column. Ask with column=<status> as well.')
}

async function readFor(kernel: Kernel, question: Question): Promise<Output<'getBoard'>> {
  const { tenant = null, include_archived: archived = false, fields, limit = DEFAULT_CARDS } = question
  if (fields !== 'card') return boardView(await kernel.readBoard({ tenant, archived }))
  const { column, cursor } = question
  return cardBoardView(
    await kernel.readCards({
      tenant,
      archived,
      limit,
      column:
        column === undefined
          ? null
          : { status: column, after: cursor === undefined ? null : placeFromCursor(cursor) },
    }),
  )
}
