/** Answers, with the headers that every answer has. */
import { DATA_HEADERS, PAGE_HEADERS } from './headers.ts'
import type { Problem } from './refusal.ts'

type Body = string | Uint8Array | ReadableStream<Uint8Array> | null

const answer = (body: Body, status: number, headers: Readonly<Record<string, string>>): Response =>
  new Response(body as ConstructorParameters<typeof Response>[0], { status, headers })

export const data = (
  body: Body,
  requestId: string,
  { status = 200, headers = {} }: { status?: number; headers?: Readonly<Record<string, string>> } = {},
): Response => answer(body, status, { ...DATA_HEADERS, 'x-request-id': requestId, ...headers })

const JSON_TYPE = { 'content-type': 'application/json' }

export const json = (
  value: unknown,
  requestId: string,
  { status = 200, headers = {} }: { status?: number; headers?: Readonly<Record<string, string>> } = {},
): Response => data(JSON.stringify(value), requestId, { status, headers: { ...JSON_TYPE, ...headers } })

export const problem = ({ status, body, headers }: Problem, requestId: string): Response =>
  json(body, requestId, { status, headers })

/** A page of ours, or something it is made of. */
export const page = (
  body: string | Uint8Array,
  type: string,
  { status = 200, headers = {} }: { status?: number; headers?: Readonly<Record<string, string>> } = {},
): Response => answer(body, status, { ...PAGE_HEADERS, 'content-type': type, ...headers })

export const redirect = (to: string, headers: Readonly<Record<string, string>> = {}): Response =>
  answer(null, 303, { ...DATA_HEADERS, location: to, ...headers })
