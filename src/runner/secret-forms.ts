/** The ways in which a known secret may appear in a program's output. */

/** Pieces shorter than this would mask ordinary words. */
const SHORTEST_FORM = 6
/** Where `base64` and `openssl base64` break their lines. */
const BASE64_LINE_LENGTHS = [76, 64]

/** Every text that must be masked for one secret value, itself included; none for a value too short to mask. */
export const formsOf = (secret: string): string[] => {
  const forms = new Set<string>()
  for (const text of new Set([
    secret,
    secret.trim(),
    ...secret.split(/\r?\n/),
    ...secret.split(/\r?\n/).map((line) => line.trim()),
  ])) {
    forms.add(text)
    for (const form of encodingsOf(text)) forms.add(form)
  }
  return [...forms].filter((form) => form.trim().length >= SHORTEST_FORM && !/[\r\n]/.test(form))
}

function* encodingsOf(text: string): Generator<string> {
  if (text.length < SHORTEST_FORM) return
  const bytes = Buffer.from(text)
  yield JSON.stringify(text).slice(1, -1)
  const percent = encodeURIComponent(text.toWellFormed())
  yield* [percent, percent.replaceAll('%20', '+'), percent.replace(/%../g, (code) => code.toLowerCase())]
  const hex = bytes.toString('hex')
  yield* [hex, hex.toUpperCase()]
  for (const base64 of base64FormsOf(bytes)) {
    yield base64
    yield base64.replaceAll('+', '-').replaceAll('/', '_')
  }
}

function* base64FormsOf(bytes: Buffer): Generator<string> {
  const whole = bytes.toString('base64')
  yield* [whole, whole.replace(/=+$/, '')]
  for (const length of BASE64_LINE_LENGTHS) {
    if (whole.length <= length) continue
    for (let at = 0; at < whole.length; at += length) yield whole.slice(at, at + length)
  }
  // Inside a longer text ("user:secret") the encoding depends on what stands before: three alignments, cut to what only the secret decides.
  for (const before of [0, 1, 2]) {
    const shifted = Buffer.concat([Buffer.alloc(before), bytes]).toString('base64')
    const first = Math.ceil((before * 8) / 6)
    const last = Math.floor(((before + bytes.length) * 8) / 6)
    const core = shifted.slice(first, last)
    if (core.length >= 8) yield core
  }
}
