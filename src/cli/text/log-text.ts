import { stripVTControlCharacters } from 'node:util'
import type { Style } from './style.ts'

/** A log as its runner left it, which has colours but nothing else that steers a terminal. */
export const logText = (style: Style, content: string): string =>
  style.hasColours ? content : stripVTControlCharacters(content)
