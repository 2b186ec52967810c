/** Which environment variables people may hand on to workers. */

/** Whether a name is on a list of names, where a trailing `*` stands for any ending. */
export const variableMatcher = (patterns: readonly string[]): ((name: string) => boolean) => {
  const exact = new Set(patterns.filter((pattern) => !pattern.endsWith('*')))
  const prefixes = patterns.filter((pattern) => pattern.endsWith('*')).map((pattern) => pattern.slice(0, -1))
  return (name) => exact.has(name) || prefixes.some((prefix) => name.startsWith(prefix))
}

/** Completes the sentence "must be …". */
export const VARIABLE_RULE =
  'the name of an environment variable, or its beginning and *, but none of YARD_*, HERMES_*, NODE_OPTIONS and NODE_COMPILE_CACHE'

/** Those others say which board, run or task somebody else works for, or steer our own Node: they are never handed on, so allowing one is a mistake. */
export const isGrantableVariable = (pattern: string): boolean =>
  /^(?!YARD_|HERMES_|NODE_OPTIONS$|NODE_COMPILE_CACHE$)[A-Za-z_][A-Za-z0-9_]*\*?$/.test(pattern)
