// Loaded into gateway and runners of one case (NODE_OPTIONS=--require): writes down when a run passes from hand to hand.
// CommonJS, because a module would itself add to the start-up that is measured.
const { appendFileSync } = require('node:fs')
const childProcess = require('node:child_process')
const { StatementSync } = require('node:sqlite')

const file = process.env.YARD_BENCH_STAMPS
const spec = process.argv[2] ?? ''
const isRunner = spec.endsWith('spec.json')
const runOf = (path) => Number(/(\d+)\/spec\.json$/.exec(path)?.[1])
const now = () => performance.timeOrigin + performance.now()

if (file && (isRunner || spec === 'gateway')) {
  const stamp = (run, what, at = now(), more = {}) =>
    appendFileSync(file, JSON.stringify({ run, what, at, ...more }) + '\n')
  const { spawn } = childProcess

  if (isRunner) {
    const run = runOf(spec)
    stamp(run, 'runner begins', performance.timeOrigin)
    stamp(run, 'runner loads', now())
    childProcess.spawn = (...args) => {
      stamp(run, 'worker starts')
      const child = spawn(...args)
      child.once('exit', () => stamp(run, 'worker ended'))
      return child
    }
    process.once('exit', () => {
      const { userCPUTime, systemCPUTime } = process.resourceUsage()
      stamp(run, 'runner ends', now(), { cpuMs: (userCPUTime + systemCPUTime) / 1_000 })
    })
  } else {
    const { get } = StatementSync.prototype
    StatementSync.prototype.get = function (...values) {
      const row = get.apply(this, values)
      if (this.sourceSQL.startsWith('insert into "task_runs"')) stamp(Number(row?.[0] ?? row?.id), 'claimed')
      return row
    }
    childProcess.spawn = (...args) => {
      const run = runOf(args[1]?.at(-1) ?? '')
      stamp(run, 'runner starts')
      const child = spawn(...args)
      stamp(run, 'runner started')
      child.once('exit', () => stamp(run, 'gateway notices'))
      return child
    }
  }
}
