/** The gateway's log: JSON lines in a file of bounded size, and sentences on the terminal of whoever started it. */
import { styleText } from 'node:util'
import { pino } from 'pino'
import { systemClock } from '../lib/clock.ts'
import type { Log, LogFields } from '../lib/log.ts'
import { RotatingFile } from '../lib/rotating-file.ts'

const MAX_BYTES = 5 * 2 ** 20

export interface GatewayLogOptions {
  readonly file: string
  /** Also says what it does on standard output. */
  readonly console: boolean
  readonly verbose: boolean
}

/** The disk was full, say; the gateway goes on, and its log stays one of JSON lines. */
const gapRecord = (bytes: number, fault: string): string =>
  JSON.stringify({
    level: pino.levels.values['warn'],
    time: systemClock.now() * 1000,
    pid: process.pid,
    msg: `${bytes} bytes of this log are missing here: ${fault}`,
  })

const COLOUR = { debug: 'dim', info: 'cyan', warn: 'yellow', error: 'red' } as const

export function openGatewayLog({ file, console: toConsole, verbose }: GatewayLogOptions): Log {
  const records = pino(
    { level: verbose ? 'debug' : 'info', base: { pid: process.pid } },
    new RotatingFile(file, MAX_BYTES, gapRecord),
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
