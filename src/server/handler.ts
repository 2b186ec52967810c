/** What stands behind an operation. The compiler sees to it that every operation of the table has one. */
import type { Actor } from '../domain/actor.ts'
import type { CheckedInput, OperationId, Output } from '../contract/operations/table.ts'
import type { Caller } from './caller.ts'

export interface Call<Id extends OperationId> {
  /** Path, query and body together, checked. */
  readonly input: CheckedInput<Id>
  readonly caller: Caller
  /** How the caller signs. */
  readonly actor: Actor
  /** Which state of the board the answer must show at least; see `Store.version`. */
  readonly version: string
  readonly request: Request
  /** How it came in: the credential, for what must be asked again later. */
  readonly presented: { readonly secret: string; readonly by: 'bearer' | 'cookie' }
}

/** An answer that is more than its JSON. */
export class Reply {
  readonly body: Uint8Array | string | ReadableStream<Uint8Array> | null
  readonly status: number
  readonly headers: Readonly<Record<string, string>>

  constructor(
    body: Uint8Array | string | ReadableStream<Uint8Array> | null,
    headers: Readonly<Record<string, string>>,
    status = 200,
  ) {
    this.body = body
    this.headers = headers
    this.status = status
  }
}

export type Handler<Id extends OperationId> = (call: Call<Id>) => Promise<Output<Id> | Reply>

export type Handlers = { readonly [Id in OperationId]: Handler<Id> }
