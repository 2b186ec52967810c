/** Which environment variables people may hand on to workers. */

/** Completes the sentence "must be …". */
export const VARIABLE_RULE =
  'the name of an environment variable, or its beginning and *, but none of YARD_*, HERMES_*, NODE_OPTIONS and NODE_COMPILE_CACHE'

/** Those others say which board, run or task somebody else works for, or steer our own Node: they are never handed on, so allowing one is a mistake. */
export const isGrantableVariable = (pattern: string): boolean =>
  /^(?!YARD_|HERMES_|NODE_OPTIONS$|NODE_COMPILE_CACHE$)[A-Za-z_][A-Za-z0-9_]*\*?$/.test(pattern)
