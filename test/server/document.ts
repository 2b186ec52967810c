/** The OpenAPI document as a server gives it out. */
import type { TestServer } from './rig.ts'

export type Json = Record<string, unknown>

export interface Document {
  readonly paths: Record<string, Record<string, Json>>
  readonly components: Readonly<
    Record<'schemas' | 'securitySchemes' | 'headers' | 'responses', Record<string, Json>>
  >
}

export interface Described {
  readonly method: string
  readonly path: string
  readonly operation: Json
  /** Below the mounts; what has a server of its own stands beside the board. */
  readonly isOfBoard: boolean
}

export async function documentOf(server: TestServer): Promise<Document> {
  return (await server.ask('/api/openapi.json')).body as Document
}

export const operationsOf = ({ paths }: Document): Described[] =>
  Object.entries(paths).flatMap(([path, methods]) =>
    Object.entries(methods).map(([method, operation]) => ({
      method: method.toUpperCase(),
      path,
      operation,
      isOfBoard: operation['servers'] === undefined,
    })),
  )
