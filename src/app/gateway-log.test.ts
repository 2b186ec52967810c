import { mkdtempSync, readFileSync, rmSync, statSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { expect, onTestFinished, test } from 'vitest'
import { openGatewayLog } from './gateway-log.ts'

const MIB = 2 ** 20

test('the log of a gateway that runs for weeks keeps its newest lines, and no more than it may', () => {
  const folder = mkdtempSync(join(tmpdir(), 'yard-log-'))
  onTestFinished(() => rmSync(folder, { recursive: true }))
  const file = join(folder, 'logs', 'gateway.log')
  const log = openGatewayLog({ file, console: false, verbose: false })
  const detail = 'x'.repeat(1_000)
  for (let line = 1; line <= 12_000; line++) log.info(`request ${line}`, { request: detail })
  const kept = [`${file}.1`, file].map((path) => readFileSync(path, 'utf8')).join('')
  for (const path of [file, `${file}.1`]) expect(statSync(path).size).toBeLessThanOrEqual(5 * MIB)
  const lines = kept
    .trimEnd()
    .split('\n')
    .map((line) => JSON.parse(line) as { msg: string; pid: number; level: number })
  expect(lines.at(-1)).toMatchObject({ msg: 'request 12000', pid: process.pid, level: 30 })
  expect(lines.length).toBeGreaterThan(4_000)
  expect(statSync(file).mode & 0o777).toBe(0o600)
})

test('nobody ends because a line of the log cannot be written', () => {
  const folder = mkdtempSync(join(tmpdir(), 'yard-log-'))
  onTestFinished(() => rmSync(folder, { recursive: true }))
  // Its folder is a file, which stops root, too.
  const taken = join(folder, 'logs')
  writeFileSync(taken, '')
  const file = join(taken, 'gateway.log')
  const log = openGatewayLog({ file, console: false, verbose: false })
  log.warn('nobody hears this')
  rmSync(taken)
  log.info('and this is heard')
  const [gap, line] = readFileSync(file, 'utf8').trimEnd().split('\n')
  expect(JSON.parse(gap ?? '')).toMatchObject({
    level: 40,
    msg: expect.stringMatching(/^\d+ bytes of this log are missing here: \w+/) as string,
  })
  expect(JSON.parse(line ?? '')).toMatchObject({ msg: 'and this is heard' })
})
