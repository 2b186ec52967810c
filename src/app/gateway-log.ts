/** The gateway's log: JSON lines in a file of bounded size, and sentences on the terminal of whoever started it. */
import { mkdirSync, renameSync, statSync } from 'node:fs'
import { dirname } from 'node:path'
import { styleText } from 'node:util'
import { pino } from 'pino'
import { systemClock } from '../lib/clock.ts'
import type { Log, LogFields } from '../lib/log.ts'

const MAX_BYTES = 5 * 2 ** 20

export interface GatewayLogOptions {
  readonly file: string
  /** Also says what it does on standard output. */
  readonly console: boolean
  readonly verbose: boolean
}

const COLOUR = { debug: 'dim', info: 'cyan', warn: 'yellow', error: 'red' } as const

export function openGatewayLog({ file, console: toConsole, verbose }: GatewayLogOptions): Log {
  mkdirSync(dirname(file), { recursive: true, mode: 0o700 })
  if ((statSync(file, { throwIfNoEntry: false })?.size ?? 0) > MAX_BYTES) renameSync(file, `${file}.1`)
  const records = pino(
    { level: verbose ? 'debug' : 'info', base: { pid: process.pid } },
    pino.destination({ dest: file, mode: 0o600, sync: true }),
  )
  const write =
    (level: keyof typeof COLOUR) =>
    (message: string, { error, ...fields }: LogFields = {}) => {
      records[level]({ ...fields, ...(error === undefined ? {} : { err: error }) }, message)
      // Single requests are for the file: on a terminal they would bury what the gateway itself does.
      const isRequest = 'request' in fields && (level === 'info' || level === 'debug')
      if (toConsole && (verbose || (level !== 'debug' && !isRequest))) {
        const time = new Date(systemClock.now() * 1000).toTimeString().slice(0, 8)
        const stream = level === 'warn' || level === 'error' ? process.stderr : process.stdout
        const head = level === 'info' ? '' : `${styleText(COLOUR[level], level, { stream })} `
        stream.write(`${styleText('dim', time, { stream })} ${head}${message}\n`)
      }
    }
  return { debug: write('debug'), info: write('info'), warn: write('warn'), error: write('error') }
}
