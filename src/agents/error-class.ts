/** What an agent's words about a failure mean, and when its provider may be asked again. */
import type { ErrorClass, ErrorRule } from '../domain/cli-agent.ts'

/** Hold for every agent, after its own. The first that matches decides, so the particular comes before the general. */
const COMMON: readonly ErrorRule[] = [
  {
    words:
      'context[ _-]?(?:length|window)|prompt is too long|input is too long|maximum context|too many tokens in|conversation .*too long|tool_use.* without .*tool_result|invalid_encrypted_content|thinking.*signature',
    class: 'context',
  },
  {
    words:
      'insufficient[_ ]quota|quota|rate[ _-]?limit|too many requests|resource[_ ]exhausted|usage limit|credit balance|billing|payment required',
    class: 'quota',
  },
  {
    words:
      'model[^.\\n]{0,80}(?:not found|does not exist|not supported|unavailable|no access|not available)|unknown model|model_not_found|not_found_error[^.\\n]{0,40}model|no such model|invalid model',
    class: 'model',
  },
  {
    words:
      'unauthori[sz]ed|authentication|(?:invalid|incorrect)[ _-]?(?:(?:x-)?api[ _-]?)?key|api key (?:is )?(?:missing|not (?:set|found|valid))|missing (?:api key|credentials)|no credentials|not logged in|log ?in (?:again|required|first)|token (?:has )?expired|permission_error|forbidden|must set .*(?:key|token)',
    class: 'credential',
  },
  {
    words:
      'overloaded|internal server error|bad gateway|service unavailable|gateway time-?out|timed? ?out|econnreset|econnrefused|enotfound|eai_again|fetch failed|socket hang up|network|connection (?:error|reset|refused|closed)|stream (?:error|disconnected)',
    class: 'transient',
  },
]

/** By the status of the provider's answer where it is known, else by the words; null when neither tells. */
export function classifyError(
  { message, status = null }: { readonly message: string; readonly status?: number | null },
  own: readonly ErrorRule[] = [],
): ErrorClass | null {
  for (const rule of own) if (new RegExp(rule.words, 'i').test(message)) return rule.class
  const byStatus = classOfStatus(status ?? statusIn(message), message)
  if (byStatus !== null) return byStatus
  return COMMON.find((rule) => new RegExp(rule.words, 'i').test(message))?.class ?? null
}

/** Other numbers are common in messages: only one that is called a status, begins what was said, or stands with its usual words, is one. */
function statusIn(message: string): number | null {
  const match =
    /(?:status(?: code)?|http|error|code)[ :=("]{1,4}([45]\d\d)\b/i.exec(message) ??
    /(?:^|[":])\s?([45]\d\d) [A-Za-z{]/.exec(message) ??
    /\b([45]\d\d) (?:unauthorized|forbidden|payment|not found|too many|internal|bad gateway|service|gateway|status)/i.exec(
      message,
    )
  return match?.[1] === undefined ? null : Number(match[1])
}

function classOfStatus(status: number | null, message: string): ErrorClass | null {
  switch (status) {
    case 401:
    case 403:
      return 'credential'
    case 402:
    case 429:
      return 'quota'
    case 404:
      return /model/i.test(message) ? 'model' : null
    case 413:
      return 'context'
    case 500:
    case 502:
    case 503:
    case 504:
    case 529:
      return 'transient'
    default:
      return null
  }
}

/** Longest wait a provider's words are taken at, in seconds: beyond that it is asked again anyway. */
const LONGEST_WAIT = 7 * 86_400

/** When to ask again, in unix seconds, by a time or a wait in the message; null when it names none. */
export function retryTimeIn(message: string, now: number): number | null {
  const bounded = (at: number) => (at > now ? Math.min(at, now + LONGEST_WAIT) : null)
  // "usage limit reached|1795250982": unix seconds, or milliseconds.
  const stamp = /\b(1[5-9]\d{8}|[2-9]\d{9})(\d{3})?\b/.exec(message)
  if (stamp?.[1] !== undefined) return bounded(Number(stamp[1]))
  const iso = /\b(\d{4}-\d\d-\d\dT\d\d:\d\d(?::\d\d(?:\.\d+)?)?(?:Z|[+-]\d\d:?\d\d))/.exec(message)
  if (iso?.[1] !== undefined) {
    const at = Math.ceil(Date.parse(iso[1]) / 1000)
    if (Number.isFinite(at)) return bounded(at)
  }
  // What the client itself waited, or is going to wait, is no word of the provider.
  const span =
    /(?:retry(?!ing| wait)|try again|wait(?! time)|reset|available)[^.\n]{0,40}?((?:\d+(?:\.\d+)?\s*(?:ms|milliseconds?|d(?:ays?)?|h(?:ours?)?|m(?:in(?:ute)?s?)?|s(?:ec(?:ond)?s?)?)(?![a-z])[\s,]*(?:and\s+)?)+)/i.exec(
      message,
    )?.[1] ?? null
  if (span === null) {
    const seconds = /retry[-_ ]after["']?\s*[:=]\s*["']?(\d+(?:\.\d+)?)/i.exec(message)?.[1]
    return seconds === undefined ? null : bounded(now + Math.ceil(Number(seconds)))
  }
  let seconds = 0
  for (const [, amount, unit = 's'] of span.matchAll(/(\d+(?:\.\d+)?)\s*(ms|mil|d|h|m|s)/gi))
    seconds += Number(amount) * (UNITS[unit.toLowerCase()] ?? 1)
  return bounded(now + Math.ceil(seconds))
}

const UNITS: Readonly<Record<string, number>> = { ms: 0.001, mil: 0.001, d: 86_400, h: 3600, m: 60, s: 1 }
