/** Kinds of values that tools are given. Their descriptions are shown to models and repeated in refusals. */
import { z } from 'zod'

export const text = (about: string) => z.string().describe(about)
export const optionalText = (about: string) => z.string().optional().describe(about)
export const taskId = (about: string) => z.string().min(1).describe(about)

/** A list; one word alone is taken for a list of one. */
export const words = (about: string) =>
  z
    .union([z.array(z.string()), z.string()], { error: 'a text, or a list of texts' })
    .optional()
    .describe(about)

export const asList = (value: string | readonly string[] | undefined): readonly string[] =>
  value === undefined ? [] : typeof value === 'string' ? [value] : value

export const metadata = () =>
  z
    .record(z.string(), z.unknown(), { error: 'an object, not a text or a list' })
    .optional()
    .describe(
      'Facts for programs and for later attempts, as an object, for example {"tests": "passed", "changed_files": ["a.ts"]}. Files of the workspace that shall be kept go into its list "artifacts".',
    )

export const wholeNumber = (about: string, min: number, max: number) =>
  z.int().min(min).max(max).optional().describe(about)
