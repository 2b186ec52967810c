import { randomBytes } from 'node:crypto'
import fc from 'fast-check'
import { describe, expect, test } from 'vitest'
import { SecretMask } from '../../src/runner/secret-mask.ts'

const SECRET = 'hunter2-Correct/Horse+Battery'
const masked = (text: string, secrets: readonly string[] = []) => new SecretMask(secrets).maskText(text)

/** What comes out of a stream that arrives in these pieces. */
const stream = (pieces: readonly (string | Buffer)[], secrets: readonly string[] = []) => {
  const mask = new SecretMask(secrets)
  return pieces.map((piece) => mask.push(Buffer.from(piece))).join('') + mask.end()
}

describe('F18: a file', () => {
  test('is known by a secret in it, wherever its pieces end, and by nothing that only looks like one', () => {
    const bytes = Buffer.from(`# ünïcode\nkey: ${SECRET}\n`)
    for (let cut = 1; cut < bytes.length; cut++) {
      const look = new SecretMask([SECRET]).screen()
      const told = [bytes.subarray(0, cut), bytes.subarray(cut)].map((piece) => look(piece))
      expect(told.at(-1), `cut at ${cut}`).toContain('it holds a secret')
    }
    const look = new SecretMask([SECRET]).screen()
    expect(look(Buffer.from('API_KEY=sk-ant-api03-0123456789abcdef0123456789'))).toBeNull()
    expect(new SecretMask([]).screen()(Buffer.from('anything'))).toBeNull()
  })
})

describe('F18: secrets we were told of', () => {
  test('are masked wherever they stand, and the rest stays', () => {
    expect(masked(`a=${SECRET}, b="${SECRET}"\n${SECRET}`, [SECRET])).toBe(
      'a=[masked], b="[masked]"\n[masked]',
    )
  })

  test.each([
    ['base64', Buffer.from(SECRET).toString('base64')],
    ['base64 for addresses', Buffer.from(SECRET).toString('base64url')],
    ['hexadecimal', Buffer.from(SECRET).toString('hex')],
    ['percent codes', encodeURIComponent(SECRET)],
    [
      'percent codes in small letters',
      encodeURIComponent(SECRET).replace(/%../g, (code) => code.toLowerCase()),
    ],
  ])('also as %s', (_, form) => {
    expect(masked(`<${form}>`, [SECRET])).toBe('<[masked]>')
  })

  test('also inside longer encoded texts, at any alignment', () => {
    for (const before of ['', 'a', 'ab', 'abc', 'someone:']) {
      const encoded = Buffer.from(`${before}${SECRET}\n`).toString('base64')
      const middle = encoded.slice(before.length * 2 + 4, -6)
      expect(masked(encoded, [SECRET])).not.toContain(middle)
    }
  })

  test('also as the base64 tool prints long ones, over several lines', () => {
    const long = randomBytes(150).toString('hex')
    const lines = (
      Buffer.from(`${long}\n`)
        .toString('base64')
        .match(/.{1,76}/g) ?? []
    ).join('\n')
    const left = masked(lines, [long]).replaceAll('[masked]', '')
    expect(left.replaceAll(/\s/g, '').length).toBeLessThan(10)
  })

  test('also as JSON prints them', () => {
    const secret = 'with "quotes" and \\ backslash'
    expect(masked(JSON.stringify({ secret }), [secret])).toBe('{"secret":"[masked]"}')
  })

  test('also line by line, when they have several', () => {
    const secret = 'first line of it\r\n  second line\nthird-line\n'
    expect(masked('1: first line of it\n2: second line\n3: third-line!\n', [secret])).toBe(
      '1: [masked]\n2: [masked]\n3: [masked]!\n',
    )
    expect(masked(secret, [secret])).not.toMatch(/first|second|third/)
  })

  test('the longer of two that begin alike is masked whole', () => {
    expect(masked('abcdef-ghijkl', ['abcdef', 'abcdef-ghijkl'])).toBe('[masked]')
  })

  test('those too short to tell from words are left alone', () => {
    expect(masked('an abc of things', ['abc', ''])).toBe('an abc of things')
  })

  test('a very long one is found too', () => {
    const long = randomBytes(5000).toString('base64url')
    expect(masked(`<${long}>`, [long])).toBe('<[masked]>')
  })
})

describe('F18: credentials nobody told us of', () => {
  const random = (length: number) => 'aB3dE6gH9jK2mN5pQ8sT1vW4yZ7bC0'.repeat(4).slice(0, length)
  test.each([
    ['sk-' + random(40)],
    ['sk-ant-api03-' + random(60)],
    ['ghp_' + random(36)],
    ['github_pat_' + random(22) + '_' + random(59)],
    ['xoxb-1234567890-' + random(24)],
    ['AKIAIOSFODNN7EXAMPLE'],
    ['AIza' + random(35)],
    ['glpat-' + random(20)],
    ['npm_' + random(36)],
    ['hf_' + random(34)],
    ['sk_live_' + random(24)],
    ['123456789:AA' + random(33)],
    [`eyJ${random(20)}.eyJ${random(30)}.${random(43)}`],
  ])('%s', (token) => {
    expect(masked(`key ${token}, "${token}" (${token})`)).toBe('key [masked], "[masked]" ([masked])')
    expect(masked(JSON.stringify({ text: `line\n${token}\nnext` }))).toBe('{"text":"line\\n[masked]\\nnext"}')
    expect(masked(`\u001b[31m${token}\u001b[0m`)).toBe('\u001b[31m[masked]\u001b[0m')
  })

  test.each([
    ['Authorization: Bearer abcd1234', 'Authorization: Bearer [masked]'],
    ['{"authorization":"Basic dXNlcjpwYXNz"}', '{"authorization":"Basic [masked]"}'],
    [
      String.raw`{"t":"{\"Authorization\":\"token abcd1234\"}"}`,
      String.raw`{"t":"{\"Authorization\":\"token [masked]\"}"}`,
    ],
    ['curl -H "bearer 0123456789abcdef"', 'curl -H "bearer [masked]"'],
    ['https://x.org/a?password=p%20w&b=1', 'https://x.org/a?password=[masked]&b=1'],
    ['https://x.org/a?b=1&access_token=xyz#top', 'https://x.org/a?b=1&access_token=[masked]#top'],
    ['postgres://user:pa55@db.local/x', 'postgres://user:[masked]@db.local/x'],
  ])('%s', (text, expected) => expect(masked(text)).toBe(expected))

  test.each([
    'task-list-of-all-things-to-do',
    'the bearer of bad news',
    'http://x.org:8080/a@b',
    'GHP_FOO',
    'eyJust words',
    'a risk-adjusted-return-on-capital',
  ])('ordinary text stays: %s', (text) => expect(masked(text)).toBe(text))

  const KEY = [
    '-----BEGIN RSA PRIVATE KEY-----',
    ...Array.from({ length: 12 }, () => randomBytes(48).toString('base64')),
    'c2hvcnQ=',
    '-----END RSA PRIVATE KEY-----',
  ]
  test('a private key over many lines and writes becomes one mark', () => {
    const text = `before\n${KEY.join('\n')}\nafter\n`
    expect(stream([text])).toBe('before\n[masked]\nafter\n')
    expect(stream(text.split(''))).toBe('before\n[masked]\nafter\n')
    expect(stream([`${KEY.map((line) => `[out] ${line}`).join('\n')}\nafter\n`])).toBe(
      '[out] [masked]\nafter\n',
    )
  })

  test('a private key in one line of JSON too', () => {
    expect(stream([JSON.stringify({ key: KEY.join('\n'), id: 1 })])).toBe('{"key":"[masked]","id":1}')
  })

  test('a key that never ends hides the key but not the error behind it', () => {
    expect(
      stream([`${KEY.slice(0, 5).join('\n')}\nError: expected -----END\n    at parse (key.ts:12)\n`]),
    ).toMatch(/\[masked\]\nError: expected -----END\n {4}at parse/)
    expect(stream(['cannot read -----BEGIN PRIVATE KEY-----\n', 'more\n'.repeat(10_000)])).toHaveLength(
      40 + 50_000,
    )
  })
})

describe('F18: a stream', () => {
  test('hides a secret however it is cut', () => {
    const text = `start ${SECRET} middle ghp_${'a1'.repeat(18)} end é漢🙂\n`
    const expected = 'start [masked] middle [masked] end é漢🙂\n'
    fc.assert(
      fc.property(fc.array(fc.nat(Buffer.byteLength(text)), { maxLength: 12 }), (cuts) => {
        const bytes = Buffer.from(text)
        const places = [0, ...cuts.toSorted((a, b) => a - b), bytes.length]
        const pieces = places.slice(1).map((end, index) => bytes.subarray(places[index], end))
        expect(stream(pieces, [SECRET])).toBe(expected)
      }),
    )
  })

  test('gives lines away as they end, and holds back the unfinished one', () => {
    const mask = new SecretMask([SECRET])
    expect(mask.push(Buffer.from(`one\ntwo ${SECRET.slice(0, 9)}`))).toBe('one\n')
    expect(mask.peek()).toBe('two hunter2-C')
    expect(mask.push(Buffer.from(`${SECRET.slice(9)}\n`))).toBe('two [masked]\n')
    expect(mask.end()).toBe('')
  })

  test('shows progress that is rewritten in place', () => {
    const mask = new SecretMask([])
    expect(mask.push(Buffer.from('10%\r20%\r'))).toBe('10%\r')
    expect(mask.push(Buffer.from('\n'))).toBe('20%\r\n')
  })

  test('never holds more than a bounded piece of an endless line, and hides what lies across the pieces', () => {
    const mask = new SecretMask([SECRET])
    const filler = 'x '.repeat(5000)
    let out = ''
    let seen = 0
    for (let round = 0; round < 100; round++) {
      const line = `${filler}${SECRET}${filler} eyJ${'a'.repeat(200)}.${'b'.repeat(3000)} `
      for (let at = 0; at < line.length; at += 1000) {
        const piece = line.slice(at, at + 1000)
        seen += piece.length
        out += mask.push(Buffer.from(piece))
      }
      expect(seen - out.length).toBeLessThan(500_000)
    }
    out += mask.end()
    expect(out.split('[masked]')).toHaveLength(201)
    expect(out).not.toMatch(/hunter|eyJ|bbb/)
    expect(out.match(/x /g)).toHaveLength(100 * 10_000)
  })

  test('one endless token is masked and does not pile up', () => {
    const mask = new SecretMask([])
    const out =
      mask.push(Buffer.from('sk-')) +
      Array.from({ length: 50 }, () => mask.push(Buffer.from('a'.repeat(4000)))).join('')
    expect(out.startsWith('[masked]')).toBe(true)
    expect(mask.peek().length).toBeLessThan(70_000)
  })

  test('keeps colours and drops everything else that steers a terminal', () => {
    const text =
      '\u001b[1;31mred\u001b[0m \u001b]0;title\u0007\u001b]52;c;cm0=\u001b\\\u001b[2J\u001b[?25h\u001b[>4;2ma\u0000b\u0008\u009b1mc\u001b\u001b[Ad\te\n'
    expect(stream([text])).toBe('\u001b[1;31mred\u001b[0m ab1mcd\te\n')
    expect(stream(['end\u001b\n[2Jtext\n'])).toBe('end\n[2Jtext\n')
  })

  test('survives bytes that are no text', () => {
    expect(stream([Buffer.from([0x61, 0xff, 0xfe, 0xe6, 0xbc]), Buffer.from([0xa2, 0x0a, 0xe6])])).toBe(
      'a\uFFFD\uFFFD漢\n\uFFFD',
    )
  })
})

describe('hostile text costs no more than linear time', () => {
  const MEGABYTE = 1_000_000
  // Generous for a slow shared machine; a quadratic expression needs minutes for one of these.
  test.each([
    'eyJ',
    'eyJ-',
    'sk-',
    '://a:',
    '?',
    '&token',
    '&a',
    'Bearer ',
    'authorization: ',
    'Authorization "',
    '-----BEGIN ',
    '-----BEGIN PRIVATE KEY-----',
    '-----BEGIN PRIVATE KEY-----\n',
    '\u001b',
    '\u001b[',
    '\u001b]',
    '\u001b[31',
    '1',
    '\\n',
    'A',
    'ghp_',
    'xoxb-',
    '%41',
    'hunter2-Correct',
    '\r',
    '\n',
    ' ',
  ])('%j', { timeout: 20_000 }, (unit) => {
    const mask = new SecretMask([SECRET])
    const text = unit.repeat(Math.ceil(MEGABYTE / unit.length))
    mask.maskText(text)
    for (let at = 0; at < text.length; at += 65_536) mask.push(Buffer.from(text.slice(at, at + 65_536)))
    mask.end()
  })
})
