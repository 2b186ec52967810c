import stringWidth from 'string-width'
import type { Measure } from './width.ts'

/** Measures everything terminals show: accents, wide scripts, emoji, colours. */
export const fullWidth: Measure = stringWidth
