/** A home, a repository and a user's home in one temporary folder, and what tests say about them. */
import { mkdirSync, mkdtempDisposableSync, realpathSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { dirname, join } from 'node:path'
import { openProfiles, type ProfilePlaces } from '../../src/agents/profiles.ts'
import { preflight, type PreflightRequest } from '../../src/agents/preflight.ts'
import { skillFolders } from '../../src/agents/skills.ts'

export function aPlace() {
  const temporary = mkdtempDisposableSync(join(realpathSync(tmpdir()), 'yard-agents-'))
  const root = temporary.path
  const places = {
    home: join(root, 'home'),
    repository: join(root, 'repository'),
    userHome: join(root, 'user'),
    bin: join(root, 'bin'),
    packaged: join(root, 'package', 'skills'),
  }
  for (const folder of [places.home, join(places.repository, '.git'), places.userHome, places.bin])
    mkdirSync(folder, { recursive: true })

  /** Writes a file below the temporary folder and returns its path. */
  const write = (path: string, content: string, mode = 0o644): string => {
    const file = join(root, path)
    mkdirSync(dirname(file), { recursive: true })
    writeFileSync(file, content, { mode })
    return file
  }
  const profiles = (options: Partial<ProfilePlaces> = {}) =>
    openProfiles({
      folder: join(places.home, 'profiles'),
      repository: places.repository,
      userHome: places.userHome,
      ...options,
    })
  const known = profiles()
  const check = ({
    body = 'true',
    skills = null,
    ...request
  }: Partial<Omit<PreflightRequest, 'task'>> & {
    body?: string | null
    skills?: readonly string[] | null
  } = {}) =>
    preflight({
      profile: 'shell',
      task: { id: 't_1', title: 'A task', body, skills },
      profiles: known,
      skillFolders: skillFolders({ ...places, repositories: [places.repository] }),
      env: { PATH: places.bin, HOME: places.userHome },
      ...request,
    })
  return { root, ...places, write, profiles, known, check, [Symbol.dispose]: () => temporary.remove() }
}

export const frontMatter = (yaml: string, instructions = ''): string => `---\n${yaml}\n---\n${instructions}`
