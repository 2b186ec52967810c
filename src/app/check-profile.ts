/** What keeps a profile's workers from starting, whatever the card. */
import { preflight } from '../agents/preflight.ts'
import type { Profiles } from '../agents/profiles.ts'
import { repositoryAround } from '../agents/profiles.ts'
import { skillFolders } from '../agents/skills.ts'
import type { HomePaths } from '../lib/paths.ts'
import { join } from 'node:path'
import { packageRoot } from './package-root.ts'

export interface ProfileCheck {
  readonly name: string
  readonly profiles: Profiles
  readonly paths: HomePaths
  readonly env: NodeJS.ProcessEnv
}

/** Stands in for a card, with a body that every agent can start with. */
const ANY_TASK = { id: 't_check', title: 'check', body: 'true', skills: null }

export function checkProfile({
  name,
  profiles,
  paths,
  env,
}: ProfileCheck): readonly { message: string; next: string }[] {
  const folders = skillFolders({
    home: paths.home,
    repositories: [repositoryAround(process.cwd())],
    packaged: join(packageRoot(), 'skills'),
    userHome: env['HOME'] ?? paths.home,
  })
  const checked = preflight({ profile: name, task: ANY_TASK, profiles, skillFolders: folders, env })
  return checked.ok ? [] : checked.problems
}
