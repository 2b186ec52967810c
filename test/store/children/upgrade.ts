// Upgrades the Hermes board it is given, and kills itself before the given one of its statements.
import { DatabaseSync, type StatementSync } from 'node:sqlite'
import { upgradeHermesBoard } from '../../../src/store/hermes/upgrade.ts'

const [file = '', at = ''] = process.argv.slice(2)
let seen = 0
const step = () => {
  seen += 1
  if (seen === Number(at)) process.kill(process.pid, 'SIGKILL')
}

class Mortal extends DatabaseSync {
  override exec(sql: string): void {
    if (!/^(rollback|pragma)/.test(sql)) step()
    super.exec(sql)
  }

  override prepare(sql: string): StatementSync {
    const statement = super.prepare(sql)
    const run = statement.run.bind(statement)
    statement.run = ((...values: Parameters<StatementSync['run']>) => {
      step()
      return run(...values)
    }) as StatementSync['run']
    return statement
  }
}

upgradeHermesBoard(new Mortal(file, { timeout: 5_000 }), 1_795_248_000)
