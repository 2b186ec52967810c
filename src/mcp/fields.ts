/**
 * Kinds of values that tools are given. Their descriptions are shown to models and repeated in refusals. Built from the small
 * form of zod, because they are in every agent's runner: the usual one takes 2 MB more.
 */
import en from 'zod/v4/locales/en.js'
import * as z from 'zod/mini'

z.config(en())

const described = <S extends z.ZodMiniType>(schema: S, about: string): S => schema.check(z.describe(about))

export const text = (about: string) => described(z.string(), about)
export const optionalText = (about: string) => described(z.optional(z.string()), about)
export const taskId = (about: string) => described(z.string().check(z.minLength(1)), about)
export const yesOrNo = (about: string) => described(z.optional(z.boolean()), about)

export const oneOf = <const V extends string>(values: readonly V[], about: string) =>
  described(z.optional(z.enum(values, { error: `one of ${values.join(', ')}` })), about)

/** A list; one word alone is taken for a list of one. */
export const words = (about: string) =>
  described(
    z.optional(z.union([z.array(z.string()), z.string()], { error: 'a text, or a list of texts' })),
    about,
  )

export const asList = (value: string | readonly string[] | undefined): readonly string[] =>
  value === undefined ? [] : typeof value === 'string' ? [value] : value

export const metadata = () =>
  described(
    z.optional(z.record(z.string(), z.unknown(), { error: 'an object, not a text or a list' })),
    'Facts for programs and for later attempts, as an object, for example {"tests": "passed", "changed_files": ["a.ts"]}. Files of the workspace that shall be kept go into its list "artifacts".',
  )

export const wholeNumber = (about: string, min: number, max: number) =>
  described(z.optional(z.int().check(z.gte(min), z.lte(max))), about)

/** What a field was described with. */
export const aboutOf = (schema: z.core.$ZodType): string | undefined =>
  z.globalRegistry.get(schema)?.description
