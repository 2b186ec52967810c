/**
 * What credentials look like, for those nobody told us about. Every pattern is linear: a worker chooses the text it is
 * matched against, so a repetition is either bounded, or can fail only by being too short, or cannot begin inside itself.
 */

export const MASK = '[masked]'

/** Where a word begins: also after an escaped line break, a percent code or a colour, whose last letter is no part of it. */
const START = String.raw`(?:(?<![\w-])|(?<=\\[nrt]|%[0-9A-Fa-f]{2}|\[[0-9;]{0,16}m))`

const TOKENS = [
  String.raw`${START}sk-[\w-]{16,}`,
  String.raw`[sr]k_(?:live|test)_\w{16,}`,
  String.raw`gh[pousr]_[A-Za-z0-9]{20,}`,
  String.raw`github_pat_\w{20,}`,
  String.raw`xox[a-z]-[A-Za-z0-9-]{10,}`,
  String.raw`xapp-[A-Za-z0-9-]{20,}`,
  String.raw`A[KS]IA[0-9A-Z]{16}`,
  String.raw`AIza[\w-]{30,40}`,
  String.raw`ya29\.[\w-]{20,}`,
  String.raw`glpat-[\w-]{20,}`,
  String.raw`hf_[A-Za-z0-9]{30,}`,
  String.raw`npm_[A-Za-z0-9]{36}`,
  // A Telegram bot.
  String.raw`(?<!\d)\d{8,10}:AA[\w-]{33}`,
  // A signed JSON token.
  String.raw`${START}eyJ[\w-]{10,}\.[\w-]{10,}(?:\.[\w-]*)?`,
]

const QUERY_NAME = String.raw`[\w-]{0,24}(?:(?:[Pp]ass(?:word|wd)|[Tt]oken|[Ss]ecret|[Kk]ey|[Ss]ig(?:nature)?)|(?:PASS(?:WORD|WD)|TOKEN|SECRET|KEY))`

/** What stands before a value that is secret because of it; the value alone is masked. */
const INTRODUCED = [
  String.raw`((?:[Aa]uthorization|AUTHORIZATION)\\?["']?\s{0,4}[:=]\s{0,4}\\?["']?(?:(?:[Bb]earer|[Bb]asic|[Tt]oken|[Dd]igest)\s{1,4})?)[^\s"'\\,;<>]{4,}`,
  String.raw`([Bb]earer\s{1,4})[\w.~+/=-]{16,}`,
  String.raw`([?&#;]${QUERY_NAME}=)[^\s"'\\&;#<>]+`,
  String.raw`(:\/\/[^\s:@/]{0,64}:)[^\s@/]{1,256}(?=@)`,
]

// One expression, one pass over the text.
export const PATTERNS = new RegExp([...INTRODUCED, ...TOKENS].join('|'), 'g')
const REPLACEMENT = `${INTRODUCED.map((_, index) => `$${index + 1}`).join('')}${MASK}`

export const maskPatterns = (text: string): string => maskPrivateKeys(text.replace(PATTERNS, REPLACEMENT))

const BEGIN = '-----BEGIN '
const BEGIN_KEY = /-----BEGIN [A-Z0-9 ]{0,40}PRIVATE KEY(?: BLOCK)?-----/y
const END_KEY = /-----END [A-Z0-9 ]{0,40}PRIVATE KEY(?: BLOCK)?-----/g
/** A line of a key, or as much of one as stands in quotes. */
const KEY_BODY = /[A-Za-z0-9+/=]{40,}/g

/** Where a private key begins that does not end in this text; -1 when all do. */
export const openPrivateKey = (text: string): number => {
  for (const { start, end } of privateKeys(text)) if (end === -1) return start
  return -1
}

function* privateKeys(text: string): Generator<{ readonly start: number; readonly end: number }> {
  for (let at = text.indexOf(BEGIN); at !== -1; at = text.indexOf(BEGIN, at)) {
    BEGIN_KEY.lastIndex = at
    if (!BEGIN_KEY.test(text)) {
      at += BEGIN.length
      continue
    }
    END_KEY.lastIndex = at
    const end = END_KEY.test(text) ? END_KEY.lastIndex : -1
    yield { start: at, end }
    if (end === -1) return
    at = end
  }
}

/** Whole keys become one mark. Of one that does not end here, what looks like key is masked and the rest kept: it may be an error message. */
const maskPrivateKeys = (text: string): string => {
  let masked = ''
  let from = 0
  for (const { start, end } of privateKeys(text)) {
    masked += text.slice(from, start)
    masked += end === -1 ? text.slice(start).replace(KEY_BODY, MASK) : MASK
    from = end === -1 ? text.length : end
  }
  return from === 0 ? text : masked + text.slice(from)
}
