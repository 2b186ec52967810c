// Run by a test on a small file system of its own, mounted at $1: fills it, makes room again, and tells what the log did.
import { readFileSync, rmSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { systemClock } from '../../src/lib/clock.ts'
import { RunLog } from '../../src/runner/run-log.ts'
import { SecretMask } from '../../src/runner/secret-mask.ts'

const folder = process.argv[2] ?? ''
const path = join(folder, 'logs', 'run.log')
const log = RunLog.open(path, { mask: new SecretMask([]), clock: systemClock })
const print = (text: string) => log.append('stdout', Buffer.from(text))
print('before\n')
const ballast = join(folder, 'ballast')
try {
  writeFileSync(ballast, Buffer.alloc(10_000_000))
} catch {
  // Full, as intended.
}
for (let line = 0; line < 20_000; line++) print(`lost ${line}\n`)
const faultWhileFull = log.fault
const lastWhileFull = log.lastLines(1, 100)
rmSync(ballast)
print('after\n')
const faultAfter = log.fault
log.close()
console.log(
  JSON.stringify({
    faultWhileFull,
    lastWhileFull,
    faultAfter,
    bytesSeen: log.bytesSeen,
    text: readFileSync(path, 'utf8'),
  }),
)
