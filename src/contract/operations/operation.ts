/**
 * An operation of the HTTP interface: who may ask for it, what goes in, what comes out. Routes, validation, the OpenAPI
 * document and the client's types are all made from these.
 */
import { z } from 'zod'
import type { Scope } from '../../domain/credential.ts'
import { routeOf, type OperationId, type RouteParts } from './routes.ts'

/**
 * What the worker of a run may ask for with the run's own token: `own task` and `own run` when the id in the path is its
 * own, `anywhere` when the board itself decides. Without it, nothing.
 */
export type WorkerAccess = 'own task' | 'own run' | 'anywhere'

/** Something other than JSON. */
export interface Media {
  readonly media: string
  readonly about: string
}

export const isMedia = (shape: z.ZodType | Media): shape is Media => 'media' in shape

export type Shape = Readonly<Record<string, z.ZodType>>

export interface Spec<P extends Shape, Q extends Shape, B extends z.ZodType, O extends z.ZodType | Media> {
  /** The heading it stands under in the document. */
  readonly subject: string
  /** One sentence. */
  readonly about: string
  readonly scope: Scope
  readonly workers?: WorkerAccess
  readonly params?: P
  readonly query?: Q
  /** JSON, unless `upload` says otherwise. */
  readonly body?: B
  /** The body is bytes of any kind, streamed. */
  readonly upload?: string
  readonly output: O
  /** When all went well. 200 by default. */
  readonly status?: 200 | 201
}

export interface Operation<
  P extends Shape = Shape,
  Q extends Shape = Shape,
  B extends z.ZodType = z.ZodType,
  O extends z.ZodType | Media = z.ZodType | Media,
> extends Omit<RouteParts, 'params' | 'query'> {
  readonly id: OperationId
  readonly subject: string
  readonly about: string
  readonly scope: Scope
  readonly workers: WorkerAccess | null
  readonly params: z.ZodObject<P>
  readonly query: z.ZodObject<Q>
  readonly body: B | null
  readonly upload: string | null
  readonly output: O
  readonly status: 200 | 201
}

/** Throws when the shapes and the route do not have the same names. */
export function operation<
  P extends Shape = {},
  Q extends Shape = {},
  B extends z.ZodType = never,
  O extends z.ZodType | Media = z.ZodType | Media,
>(id: OperationId, spec: Spec<P, Q, B, O>): Operation<P, Q, B, O> {
  const { params, query, ...route } = routeOf(id)
  const { subject, about, scope, workers = null, body = null, upload = null, output, status = 200 } = spec
  assertSameNames(id, 'path', params, spec.params)
  assertSameNames(id, 'query', query, spec.query)
  return {
    id,
    ...route,
    subject,
    about,
    scope,
    workers,
    params: z.strictObject(spec.params ?? ({} as P)),
    query: z.strictObject(spec.query ?? ({} as Q)),
    body,
    upload,
    output,
    status,
  }
}

function assertSameNames(
  id: string,
  place: string,
  names: readonly string[],
  shape: Shape | undefined,
): void {
  if (
    names.toSorted().join() !==
    Object.keys(shape ?? {})
      .toSorted()
      .join()
  )
    throw new Error(
      `the ${place} of ${id} is (${names.join()}), and its shape is (${Object.keys(shape ?? {}).join()})`,
    )
}
