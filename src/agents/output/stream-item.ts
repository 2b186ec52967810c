/** What an agent does while it works, in the same words for every agent. One line of JSON each beside the run's log. */

export interface Usage {
  /** Tokens that were read, those from a cache included. */
  readonly input: number
  readonly cached: number
  readonly output: number
  /** In US dollars, as the agent reckons it; null when it does not. */
  readonly cost: number | null
}

export type StreamItem =
  | { readonly kind: 'session'; readonly id: string; readonly model?: string }
  | { readonly kind: 'message'; readonly text: string }
  | { readonly kind: 'thought'; readonly text: string }
  | { readonly kind: 'tool'; readonly id: string; readonly name: string; readonly input: string }
  | { readonly kind: 'result'; readonly id: string; readonly failed: boolean; readonly text: string }
  | { readonly kind: 'plan'; readonly steps: readonly { readonly text: string; readonly status: string }[] }
  /**
   * `sum`: of the turn so far, in place of what was reported before; otherwise to be added. `session`: of the whole session,
   * earlier turns and runs in it included. `sessionCost`: what the whole session has cost by then.
   */
  | {
      readonly kind: 'usage'
      readonly usage: Usage
      readonly sum: boolean
      readonly session?: true
      readonly sessionCost?: number
    }
  /** `final`: the turn is over because of it; otherwise the agent goes on by itself. */
  | {
      readonly kind: 'error'
      readonly message: string
      readonly status: number | null
      readonly final: boolean
    }
  /** The client did not let the model call a tool. */
  | { readonly kind: 'refused'; readonly tool: string; readonly message: string }

/** Reads one value an agent printed. */
export type ReadValue = (value: Readonly<Record<string, unknown>>) => readonly StreamItem[]

export type Fields = Readonly<Record<string, unknown>>

export const fields = (value: unknown): Fields =>
  typeof value === 'object' && value !== null && !Array.isArray(value) ? (value as Fields) : {}
export const items = (value: unknown): readonly Fields[] => (Array.isArray(value) ? value.map(fields) : [])
export const text = (value: unknown): string => (typeof value === 'string' ? value : '')
export const number = (value: unknown): number =>
  typeof value === 'number' && Number.isFinite(value) ? value : 0
export const numberOrNull = (value: unknown): number | null =>
  typeof value === 'number' && Number.isFinite(value) ? value : null

/** Input and output of a tool as one text, whatever shape they have. */
export function asText(value: unknown): string {
  if (typeof value === 'string') return value
  if (value === null || value === undefined) return ''
  if (Array.isArray(value)) {
    const parts = value.map((part) => text(fields(part)['text'] ?? fields(fields(part)['content'])['text']))
    if (parts.some(Boolean)) return parts.filter(Boolean).join('\n')
  }
  return JSON.stringify(value)
}
