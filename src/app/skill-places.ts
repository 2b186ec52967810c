/** Where skills are looked for, seen from the folder a command was started in. */
import { join } from 'node:path'
import { repositoryAround } from '../agents/profiles.ts'
import { skillFolders } from '../agents/skills.ts'
import type { HomePaths } from '../lib/paths.ts'
import { packageRoot } from './package-root.ts'

export const skillFoldersHere = ({ home }: HomePaths, env: NodeJS.ProcessEnv): readonly string[] =>
  skillFolders({
    home,
    repositories: [repositoryAround(process.cwd())],
    packaged: join(packageRoot(), 'skills'),
    userHome: env['HOME'] ?? home,
  })
