import { searchResultView } from '../../contract/search-views.ts'
import type { Kernel } from '../../kernel/kernel.ts'
import type { Handlers } from '../handler.ts'

export const searchHandlers = ({ kernel }: { readonly kernel: Kernel }) =>
  ({
    async searchTasks({ input: { q, assignee, archived, limit, cursor, ...rest } }) {
      const { results, next } = await kernel.searchTasks(q, {
        ...rest,
        assignee: assignee === 'none' ? null : assignee,
        archived: archived ?? true,
        limit: limit ?? 20,
        cursor: cursor ?? null,
      })
      return { results: results.map(searchResultView), next_cursor: next }
    },
  }) satisfies Partial<Handlers>
