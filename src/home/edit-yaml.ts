import { isMap, parse, parseDocument } from 'yaml'
import { invalid } from '../domain/errors.ts'

/** The text with one value changed or added; everything else of it stays as it was written. */
export function setInYaml(text: string, path: readonly string[], value: unknown): string {
  const document = parseDocument(text)
  const [error] = document.errors
  if (error !== undefined)
    throw invalid(
      'bad_config',
      `The configuration cannot be changed, because it cannot be read: ${error.message}\nCorrect it, then try again. It is at: yard config path`,
    )
  if (document.contents !== null && !isMap(document.contents))
    throw invalid(
      'bad_config',
      'The configuration cannot be changed, because it is not a list of settings. Correct it, then try again. It is at: yard config path',
    )
  // A group that is written but empty would not take the value.
  for (let length = 1; length < path.length; length++) {
    const group = path.slice(0, length)
    if (document.hasIn(group) && !isMap(document.getIn(group))) document.deleteIn(group)
  }
  document.setIn(path, value)
  return document.toString()
}

/** What a person wrote as a value: `8`, `true`, `[A, B]`; text when it is nothing else. */
export function valueOf(text: string): unknown {
  try {
    return parse(text)
  } catch {
    return text
  }
}
