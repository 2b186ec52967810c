/** A dispatcher on real dependencies, as the gateway has them, with nothing left out but the log. */
import { mkdirSync, writeFileSync } from 'node:fs'
import { dirname, join } from 'node:path'
import { openProfiles } from '../../src/agents/profiles.ts'
import type { DispatchDeps } from '../../src/dispatch/deps.ts'
import type { DispatchSettings } from '../../src/dispatch/settings.ts'
import { systemClock } from '../../src/lib/clock.ts'
import { homePaths } from '../../src/lib/paths.ts'
import { BENCH_POLICY, type OpenedBoard } from './boards.ts'
import { PROFILE } from './subject.ts'

const REPOSITORY = join(import.meta.dirname, '..', '..')
const QUIET = { debug: () => {}, info: () => {}, warn: () => {}, error: () => {} }

export function dispatchDeps(
  board: OpenedBoard,
  file: string,
  caps: Pick<DispatchSettings, 'maxRunning' | 'maxRunningPerProfile'>,
): DispatchDeps {
  const paths = homePaths(dirname(file))
  mkdirSync(paths.profiles, { recursive: true })
  writeFileSync(join(paths.profiles, `${PROFILE}.md`), '---\nagent: shell\n---\n')
  const settings = {
    intervalSeconds: 60,
    ...caps,
    minFreeMemoryBytes: 0,
    maxRuntimeSeconds: 3_600,
    silenceSeconds: null,
    graceSeconds: 5,
    repository: null,
    allowEnvironment: [],
    maxAttachmentBytes: 25 * 2 ** 20,
    triage: { profile: null, autoDecompose: false, quietSeconds: 300, autoRelease: false, autoAccept: false },
    policy: BENCH_POLICY,
  }
  return {
    kernel: board.kernel,
    profiles: openProfiles({ folder: paths.profiles, repository: null, userHome: paths.home }),
    paths,
    settings: () => settings,
    clock: systemClock,
    log: QUIET,
    board: { id: board.id, address: { kind: 'sqlite', file } },
    runnerEntry: join(REPOSITORY, 'dist', 'runner.cjs'),
    binFolders: [join(REPOSITORY, 'bin')],
    packagedSkills: join(REPOSITORY, 'skills'),
    env: process.env,
    freeMemory: () => Number.MAX_SAFE_INTEGER,
  }
}
