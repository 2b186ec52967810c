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

/** The headings of the document, in the order of the table. */
export type Subject =
  | 'Board'
  | 'Tasks'
  | 'Attachments'
  | 'Triage'
  | 'Links'
  | 'Runs'
  | 'Moves'
  | 'Search'
  | 'Events'
  | 'Usage'
  | 'Holds'
  | 'Workspaces'
  | 'Profiles'
  | 'Subscriptions'
  | 'Installation'
  | 'Access'

/** Something other than JSON. */
export interface Media {
  readonly media: string
}

export const isMedia = (shape: z.ZodType | Media): shape is Media => 'media' in shape

export type Shape = Readonly<Record<string, z.ZodType>>

export interface Spec<P extends Shape, Q extends Shape, B extends z.ZodType, O extends z.ZodType | Media> {
  /** The heading it stands under in the document. */
  readonly subject: Subject
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
  /** What the answer is when all went well. One sentence, or two. */
  readonly gives: string
  readonly output: O
  /** When all went well. 200 by default. */
  readonly status?: 200 | 201
  /** The answer carries an ETag, and is a 304 to whoever has that one already. */
  readonly tagged?: boolean
  /** Headers of the answer that say something of their own, each with what it says. */
  readonly headers?: Readonly<Record<string, string>>
  /** The shape of one frame, where the same address also streams, as server-sent events and as a WebSocket. */
  readonly stream?: z.ZodType
}

export interface Operation<
  P extends Shape = Shape,
  Q extends Shape = Shape,
  B extends z.ZodType = z.ZodType,
  O extends z.ZodType | Media = z.ZodType | Media,
> extends Omit<RouteParts, 'params' | 'query'> {
  readonly id: OperationId
  readonly subject: Subject
  readonly about: string
  readonly scope: Scope
  readonly workers: WorkerAccess | null
  readonly params: z.ZodObject<P>
  readonly query: z.ZodObject<Q>
  readonly body: B | null
  readonly upload: string | null
  readonly gives: string
  readonly output: O
  readonly status: 200 | 201
  readonly tagged: boolean
  readonly headers: Readonly<Record<string, string>>
  readonly stream: z.ZodType | null
}

/** Throws when the shapes and the route do not have the same names. */
export function operation<
  P extends Shape = {},
  Q extends Shape = {},
  B extends z.ZodType = never,
  O extends z.ZodType | Media = z.ZodType | Media,
>(id: OperationId, spec: Spec<P, Q, B, O>): Operation<P, Q, B, O> {
  const { params, query, ...route } = routeOf(id)
  const { subject, about, scope, workers = null, body = null, upload = null, gives, output } = spec
  const { status = 200, tagged = false, headers = {}, stream = null } = spec
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
    gives,
    output,
    status,
    tagged,
    headers,
    stream,
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
