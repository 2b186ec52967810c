import { countRunsByOutcome, type RunCount } from '../store/tables/run-counts.ts'
import type { KernelDeps } from './deps.ts'

/** How many runs ended how, by profile. */
export const countRuns = ({ store }: KernelDeps): Promise<RunCount[]> => store.read(countRunsByOutcome)
