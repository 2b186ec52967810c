// npm start: from a fresh clone to a running gateway. Also carries `npm run demo`.
import { at, become, ensureBuilt, ensureInstalled } from './lib.mjs'

const [first, ...rest] = process.argv.slice(2)
const command = first === 'demo' ? ['demo', ...rest] : ['gateway', 'start', ...process.argv.slice(2)]

if (!(await ensureInstalled()) || !(await ensureBuilt())) process.exit(1)
become(at('bin', 'yard'), command)
