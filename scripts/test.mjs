// npm test: from a fresh clone to a verdict. The last line is always "N passed, N failed".
import { ensureInstalled, run } from './lib.mjs'

if (await ensureInstalled()) {
  process.exitCode = await run('node', ['scripts/check.mjs'])
} else {
  console.log('0 passed, 1 failed')
  process.exitCode = 1
}
