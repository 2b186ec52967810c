import type { Input, OperationId, Output } from '../operations/table.ts'

/** What one operation is asked and answers, as the document shows it. */
export type Example<Id extends OperationId> = {
  /** Path, query and body together. */
  readonly input?: Input<Id>
} & (Output<Id> extends Uint8Array
  ? { readonly text?: string }
  : {
      readonly output: Output<Id>
      /** Answers of other kinds, each by what makes it one. */
      readonly others?: Readonly<Record<string, Output<Id>>>
    })

/** Checks each example against its operation, and nothing else: a file gives those of its own operations only. */
export type Examples<Id extends OperationId> = { readonly [Each in Id]: Example<Each> }
