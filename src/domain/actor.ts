/** Who acts, and through which door. Every event names both. */

export const DOORS = ['cli', 'http', 'mcp', 'chat', 'gateway', 'runner', 'import'] as const
export type Door = (typeof DOORS)[number]

/** What a worker presents with every call: which run it is, and the secret only that run was given. */
export interface RunCapability {
  readonly runId: number
  readonly secret: string
}

export type Actor =
  | { readonly kind: 'person'; readonly name: string; readonly door: Door }
  | {
      readonly kind: 'worker'
      readonly name: string
      readonly door: Door
      readonly capability: RunCapability
    }
  /** A rule of the board itself: dispatcher, runner, upgrade. */
  | { readonly kind: 'system'; readonly name: string; readonly door: Door }
