/** Shapes as JSON Schema, those with a name of their own among the components of the document. */
import { z } from 'zod'

export type Json = Record<string, unknown>

/** Gives the schema, and adds every named shape in it to `schemas`. */
export function jsonSchema(schema: z.ZodType, io: 'input' | 'output', schemas: Json): Json {
  const {
    $schema: _,
    $defs: defs = {},
    id,
    ...own
  } = z.toJSONSchema(schema, {
    io,
    unrepresentable: 'any',
    override: ({ zodSchema, jsonSchema: made }) => {
      const shown = z.globalRegistry.get(zodSchema as unknown as z.ZodType)?.['shown'] as Json | undefined
      if (shown !== undefined) replace(made, shown)
      // Every whole number is one that JavaScript can hold; saying so each time says nothing.
      if (made.maximum === Number.MAX_SAFE_INTEGER) delete made.maximum
      if (made.minimum === Number.MIN_SAFE_INTEGER) delete made.minimum
    },
  }) as Json & { $defs?: Record<string, Json>; id?: string }
  for (const [name, { id: __, ...definition }] of Object.entries(defs))
    if (!name.startsWith('__')) schemas[name] = hoisted(definition)
  if (id === undefined) return hoisted(own)
  schemas[id] = hoisted(own)
  return { $ref: `#/components/schemas/${id}` }
}

/** Keeps what it is called and described as. */
function replace(made: Json, shown: Json): void {
  const { description } = made
  for (const key of Object.keys(made)) delete made[key]
  Object.assign(made, shown, description === undefined ? {} : { description })
}

const hoisted = (schema: Json): Json =>
  JSON.parse(
    JSON.stringify(schema, (key, value: unknown) => (key === 'shown' ? undefined : value)).replaceAll(
      '"#/$defs/',
      '"#/components/schemas/',
    ),
  ) as Json
