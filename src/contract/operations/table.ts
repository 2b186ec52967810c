/** All operations together. */
import type { z } from 'zod'
import { accessOperations } from './access.ts'
import { boardOperations } from './board.ts'
import { eventOperations } from './events.ts'
import { attachmentOperations } from './attachments.ts'
import { holdOperations } from './holds.ts'
import { installationOperations } from './installation.ts'
import { logOperations } from './logs.ts'
import { moveOperations } from './moves.ts'
import type { Media, Operation } from './operation.ts'
import { profileOperations } from './profiles.ts'
import { readingOperations } from './readings.ts'
import type { OperationId } from './routes.ts'
import { runOperations } from './runs.ts'
import { subscriptionOperations } from './subscriptions.ts'
import { searchOperations } from './search.ts'
import { taskOperations } from './tasks.ts'
import { triageOperations } from './triage.ts'
import { usageOperations } from './usage.ts'
import { workspaceOperations } from './workspaces.ts'

export const OPERATIONS = {
  ...boardOperations,
  ...taskOperations,
  ...attachmentOperations,
  ...triageOperations,
  ...readingOperations,
  ...moveOperations,
  ...searchOperations,
  ...eventOperations,
  ...runOperations,
  ...usageOperations,
  ...logOperations,
  ...holdOperations,
  ...workspaceOperations,
  ...profileOperations,
  ...subscriptionOperations,
  ...installationOperations,
  ...accessOperations,
} satisfies Record<OperationId, Operation>

type Table = typeof OPERATIONS

type BodyOf<Id extends OperationId> = Extract<Table[Id]['body'], z.ZodType>

type Flat<T> = { [K in keyof T]: T[K] }

/** An object without names is, for zod, one whose every name is forbidden; here it is nothing. */
type Given<T> = string extends keyof T ? unknown : T

/** What a caller gives: path, query and body together, their names do not collide. */
export type Input<Id extends OperationId> = Flat<
  Given<z.input<Table[Id]['params']>> &
    Given<z.input<Table[Id]['query']>> &
    ([BodyOf<Id>] extends [never] ? unknown : Given<z.input<BodyOf<Id>>>)
>

/** What a handler is given: the same after checking. */
export type CheckedInput<Id extends OperationId> = Flat<
  Given<z.output<Table[Id]['params']>> &
    Given<z.output<Table[Id]['query']>> &
    ([BodyOf<Id>] extends [never] ? unknown : Given<z.output<BodyOf<Id>>>)
>

type DeepReadonly<T> = T extends (...args: never) => unknown
  ? T
  : T extends object
    ? { readonly [K in keyof T]: DeepReadonly<T[K]> }
    : T

/** What an operation gives when all went well; bytes where it does not give JSON. */
export type Output<Id extends OperationId> = Table[Id]['output'] extends infer O
  ? O extends z.ZodType
    ? DeepReadonly<z.output<O>>
    : O extends Media
      ? Uint8Array
      : never
  : never

export const operations: readonly Operation[] = Object.values(OPERATIONS)

export type { OperationId }
