/** The JSON body of a request: bounded, well-formed, and said to be JSON. */
import { invalid } from '../domain/errors.ts'
import { Refusal } from './refusal.ts'

/** The longest texts a card may hold, in the worst encoding, and some. */
const MAX_JSON_BYTES = 8 * 2 ** 20

const tooLarge = () =>
  new Refusal(
    413,
    'body_too_large',
    `The body of this request is longer than ${MAX_JSON_BYTES / 2 ** 20} MiB.`,
    'Put long material into a file and attach it: POST /tasks/{id}/attachments.',
    // What is still on its way will not be read.
    { connection: 'close' },
  )

/** Undefined when there is no body. */
export async function readJson(request: Request): Promise<unknown> {
  const announced = Number(request.headers.get('content-length') ?? Number.NaN)
  if (announced === 0 || request.body === null) return undefined
  if (announced > MAX_JSON_BYTES) throw tooLarge()
  const text = await readText(request.body)
  if (text.trim() === '') return undefined
  const type = request.headers.get('content-type')?.split(';')[0]?.trim().toLowerCase() ?? ''
  if (type !== 'application/json' && !/^application\/[\w.+-]+\+json$/.test(type))
    throw new Refusal(
      415,
      'not_json',
      `The body of this request is said to be ${type === '' ? 'nothing in particular' : type}, and JSON is needed.`,
      'Send it with the header: Content-Type: application/json',
    )
  try {
    return JSON.parse(text) as unknown
  } catch (error) {
    throw invalid(
      'bad_json',
      `The body of this request is not JSON: ${error instanceof Error ? error.message : ''}.`,
      {
        next: 'Correct the JSON and send it again.',
      },
    )
  }
}

const MAX_FORM_BYTES = 4_096

/** One field of a form that was sent the old way; empty when it is missing. */
export async function readForm(request: Request, field: string): Promise<string> {
  if (request.body === null) return ''
  return new URLSearchParams(await readText(request.body, MAX_FORM_BYTES)).get(field) ?? ''
}

async function readText(body: ReadableStream<Uint8Array>, most = MAX_JSON_BYTES): Promise<string> {
  const parts: Uint8Array[] = []
  let size = 0
  for await (const part of body) {
    size += part.byteLength
    if (size > most) throw tooLarge()
    parts.push(part)
  }
  try {
    return new TextDecoder('utf-8', { fatal: true }).decode(Buffer.concat(parts))
  } catch {
    throw invalid('bad_text', 'The body of this request is not valid UTF-8.', {
      next: 'Send it as UTF-8.',
    })
  }
}
