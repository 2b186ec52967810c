// Migrates the file it is given and prints the versions it applied. With a version and a place, kills itself before that
// statement of that step.
import { DatabaseSync } from 'node:sqlite'
import { migrateSqlite } from '../../../src/store/migrate.ts'
import { MIGRATIONS } from '../../../src/store/migrations/index.ts'

const [file = '', version = '', at = ''] = process.argv.slice(2)
const db = new DatabaseSync(file, { timeout: 20_000 })
db.exec('pragma journal_mode = wal')
db.function('die', () => {
  process.kill(process.pid, 'SIGKILL')
  return null
})
const migrations = MIGRATIONS.map((migration) =>
  String(migration.version) === version
    ? {
        ...migration,
        statements: (words: Parameters<typeof migration.statements>[0]) =>
          migration.statements(words).toSpliced(Number(at), 0, 'select die()'),
      }
    : migration,
)
console.log(JSON.stringify(migrateSqlite(db, 1_795_248_000, { location: file, migrations })))
