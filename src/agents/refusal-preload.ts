/**
 * For agents that ask a provider again and again for minutes before they say a word about its refusals. A script that is
 * loaded into their program tells each refusal on standard error, in the provider's words and with its waiting time, so that
 * the board can cool the provider down for everybody.
 */
import type { CliAgent, Preload } from '../domain/cli-agent.ts'

/** The lines of standard error that tell of a refusal, by this script or by the agent itself: expressions whose first group is what was said. */
export const toldRefusals = ({ errorLines, preload }: Pick<CliAgent, 'errorLines' | 'preload'>): string[] => [
  ...(errorLines === undefined ? [] : [errorLines]),
  ...(preload === undefined ? [] : [TOLD]),
]

const TOLD = '^yard: (the provider answered with status \\d{3}.*)$'

interface Runtime {
  /** The variable that makes the runtime load a script. */
  readonly variable: string
  readonly option: string
}
const RUNTIMES: Readonly<Record<Preload['runtime'], Runtime>> = {
  node: { variable: 'NODE_OPTIONS', option: '--require' },
  bun: { variable: 'BUN_OPTIONS', option: '--preload' },
}

export interface LoadedScript {
  readonly content: string
  readonly env: Readonly<Record<string, string>>
}

/** `file`: where the script will lie. `env`: what else the worker is given; what it says to the runtime itself is kept. */
export function refusalPreload(
  { runtime, package: name }: Preload,
  file: string,
  env: Readonly<Record<string, string>>,
): LoadedScript {
  const { variable, option } = RUNTIMES[runtime]
  // Quoted as a whole, which both runtimes understand.
  const own = JSON.stringify(`${option}=${file}`)
  const facts = `const PACKAGE = ${JSON.stringify(name)}, VARIABLE = '${variable}', OWN = ${JSON.stringify(own)}\n`
  return { content: facts + SCRIPT, env: { [variable]: [env[variable], own].filter(Boolean).join(' ') } }
}

/**
 * Runs inside of the agent, on whatever version of its runtime that has: it must never fail there, and never be slow. Only
 * questions to a model are looked at, known by their method and path, and only in the agent's own program: other programs
 * that it starts are left alone, and those that its model asks for do not even see the variable any more.
 */
const SCRIPT = String.raw`'use strict'
try {
  const { readFileSync, realpathSync, writeSync } = require('node:fs')
  const { dirname, join } = require('node:path')

  const isOurs = () => {
    if (process.versions.bun !== undefined) return true
    for (let folder = dirname(realpathSync(process.argv[1])); ; folder = dirname(folder)) {
      try {
        const { name } = JSON.parse(readFileSync(join(folder, 'package.json'), 'utf8'))
        if (name !== undefined) return name === PACKAGE
      } catch {}
      if (folder === dirname(folder)) return false
    }
  }
  const forget = () => {
    const rest = (process.env[VARIABLE] ?? '').replace(OWN, '').trim()
    if (rest === '') delete process.env[VARIABLE]
    else process.env[VARIABLE] = rest
  }

  const MODEL =
    /(?:\/(?:chat\/)?completions|\/responses|\/v1\/messages|\/converse(?:-stream)?|\/invoke(?:-with-response-stream)?|:(?:stream)?(?:generateContent|rawPredict))$/i
  const asksModel = (method, url) =>
    String(method).toUpperCase() === 'POST' && MODEL.test(new URL(url, 'http://localhost').pathname)

  const TOLD = new Set([401, 402, 403, 429])
  const waitIn = (header) => {
    if (!header) return null
    const seconds = /^[\d.]+$/.test(header) ? Number(header) : (Date.parse(header) - Date.now()) / 1000
    return seconds > 0 ? Math.ceil(seconds) : null
  }
  const saidIn = (body) => {
    const delay = /"retryDelay"\s*:\s*"([\d.]+)s"/.exec(body)
    let words = body
    try {
      const value = [JSON.parse(body)].flat()[0]
      words = value.error?.message ?? value.message ?? value.error ?? body
    } catch {}
    return { words: String(words), wait: delay === null ? null : waitIn(delay[1]) }
  }
  // A client that asks again at once must not make one refusal look like many.
  let last = -Infinity
  const tell = (status, header, body) => {
    const now = Date.now()
    if (now - last < 2000) return
    last = now
    const said = saidIn(body)
    const wait = waitIn(header) ?? said.wait
    const words = said.words.replace(/\s+/g, ' ').trim().slice(0, 400)
    const more = [wait === null ? '' : ', retry after ' + wait + ' s', words && ': ' + words].join('')
    writeSync(2, 'yard: the provider answered with status ' + status + more + '\n')
  }

  // A body may never end.
  const bodyOf = (answer) =>
    Promise.race([
      answer.text(),
      new Promise((resolve) => setTimeout(resolve, 500, '').unref()),
    ]).catch(() => '')
  const look = (answer) => {
    try {
      if (!TOLD.has(answer.status)) return
      const header = answer.headers.get('retry-after')
      bodyOf(answer.clone()).then((body) => tell(answer.status, header, body)).catch(() => {})
    } catch {}
  }
  const watchFetch = () => {
    globalThis.fetch = new Proxy(globalThis.fetch, {
      apply(fetch, self, args) {
        const answer = Reflect.apply(fetch, self, args)
        try {
          const [to, { method = to.method } = {}] = args
          if (asksModel(method, to.url ?? to)) {
            forget()
            answer.then(look, () => {})
          }
        } catch {}
        return answer
      },
    })
  }
  const watchChannels = () => {
    const { subscribe } = require('node:diagnostics_channel')
    const on = (channel, hear) =>
      subscribe(channel, (message) => {
        try {
          if (asksModel(message.request.method, message.request.path)) hear(message)
        } catch {}
      })
    on('http.client.request.start', forget)
    on('http.client.response.finish', ({ response: { statusCode, headers } }) => {
      if (TOLD.has(statusCode)) tell(statusCode, headers['retry-after'], '')
    })
    // Of every copy of undici in the program; older ones do not tell what the body holds.
    const bodies = new WeakMap()
    on('undici:request:create', forget)
    on('undici:request:headers', ({ request, response: { statusCode, headers } }) => {
      if (!TOLD.has(statusCode)) return
      const named = Object.fromEntries(
        headers.flatMap((name, at) => (at % 2 ? [] : [[String(name).toLowerCase(), String(headers[at + 1])]])),
      )
      if (!named['content-encoding']) bodies.set(request, '')
      // Whoever can read the body tells before that.
      setTimeout(() => {
        try {
          tell(statusCode, named['retry-after'], bodies.get(request) ?? '')
        } catch {}
      }, 1000).unref()
    })
    on('undici:request:bodyChunkReceived', ({ request, chunk }) => {
      const body = bodies.get(request)
      if (body !== undefined && body.length < 10000) bodies.set(request, body + String(chunk))
    })
  }

  if (isOurs()) {
    watchFetch()
    if (process.versions.bun !== undefined) forget()
    else watchChannels()
  }
} catch {}
`
