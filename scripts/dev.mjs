// npm run dev: the gateway, straight from the sources, started again when they change.
import { at, become, ensureInstalled, toolEnv } from './lib.mjs'

if (!(await ensureInstalled())) process.exit(1)
const args = process.argv.length > 2 ? process.argv.slice(2) : ['gateway', 'start']
become('node', ['--watch', '--watch-preserve-output', at('src', 'bin.ts'), ...args], toolEnv())
