/** One operation as a route: who asks, may they, what do they want, do it, say so. */
import type { Operation } from '../contract/operations/operation.ts'
import type { CheckedInput, OperationId } from '../contract/operations/table.ts'
import { actorOf, assertMay } from './caller.ts'
import { checkInput } from './check-input.ts'
import type { Admitted } from './gate.ts'
import { Reply, type Call, type Handler } from './handler.ts'
import { readJson } from './request-body.ts'
import { data, json } from './respond.ts'

export interface Asked {
  readonly request: Request
  readonly requestId: string
  readonly params: Readonly<Record<string, string>>
  readonly query: string
  readonly admitted: Admitted
  readonly version: string
}

/** Throws refusals; what it gives is the answer of an operation that was carried out. */
export async function carryOut(operation: Operation, handler: unknown, asked: Asked): Promise<Response> {
  const { request, requestId, params, query, admitted, version } = asked
  assertMay(admitted.caller, operation, params['id'])
  const input = checkInput(operation, {
    params,
    query: queryOf(query),
    body: operation.body === null ? undefined : await readJson(request),
  })
  const call: Call<OperationId> = {
    // The table ties the shape that was checked to the handler; the compiler cannot follow it through a loop over the table.
    input: input as CheckedInput<OperationId>,
    caller: admitted.caller,
    actor: actorOf(admitted.caller),
    presented: admitted.presented,
    version,
    request,
  }
  const output = await (handler as Handler<OperationId>)(call)
  if (output instanceof Reply)
    return data(await sentBody(request, output), requestId, {
      status: output.status,
      headers: output.headers,
    })
  return json(output, requestId, { status: operation.status })
}

/** In answer to HEAD none is sent, so whatever would have come is let go: nobody else would. */
async function sentBody({ method }: Request, { body }: Reply): Promise<Reply['body']> {
  if (method !== 'HEAD' || !(body instanceof ReadableStream)) return body
  await body.cancel()
  return null
}

/** A name that is given several times counts as a list. */
export function queryOf(search: string): Record<string, string> {
  const query = new Map<string, string>()
  for (const [name, value] of new URLSearchParams(search)) {
    const before = query.get(name)
    query.set(name, before === undefined ? value : `${before},${value}`)
  }
  return Object.fromEntries(query)
}
