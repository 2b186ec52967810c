/** Where this installation lies. */
import { join } from 'node:path'

/** Folder of the installation: its skills, its profiles, its `bin`. In a build all code is in `dist/`, below it. */
export const packageRoot = (): string => join(import.meta.dirname, isBuilt() ? '..' : '../..')

const isBuilt = (): boolean => !import.meta.dirname.endsWith(join('src', 'app'))

/** The program of a run's own process. */
export const runnerEntry = (): string =>
  isBuilt() ? join(import.meta.dirname, 'runner.cjs') : join(import.meta.dirname, '../runner/main.ts')
