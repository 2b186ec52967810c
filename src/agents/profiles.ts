/**
 * Finds profiles. A profile of the repository comes before one of the home, and that before one that is built in. A file
 * that is there but wrong is never passed over in favour of the next: what its author wrote would be dropped silently.
 */
import { readdirSync, readFileSync } from 'node:fs'
import { basename, dirname, join } from 'node:path'
import { nearest } from '../lib/nearest.ts'
import { statOf } from '../lib/stat-of.ts'
import { parseProfile, type ParsedProfile, type ProfileSource } from './parse-profile.ts'
import { isProfileName, type Profile } from './profile.ts'
import { agentTable, type AgentTable } from './table.ts'

const SHELL: Profile = {
  name: 'shell',
  description: 'Runs the body of the task as a script in its workspace.',
  agent: 'shell',
  command: null,
  driver: null,
  model: null,
  permissions: null,
  orchestrator: false,
  provider: null,
  resume: true,
  environment: { allow: [], set: {} },
  skills: [],
  limits: {
    maxRuntimeSeconds: null,
    silenceSeconds: null,
    maxRunning: null,
    maxAttempts: null,
    attemptsPerDay: null,
    costPerDay: null,
    tokensPerDay: null,
    costPerTask: null,
    tokensPerTask: null,
    graceSeconds: null,
  },
  repository: null,
  workspace: null,
  instructions: '',
  file: null,
}
const BUILT_IN: ReadonlyMap<string, Profile> = new Map([[SHELL.name, SHELL]])

export type ProfileFinding =
  | { readonly state: 'found'; readonly profile: Profile }
  | {
      readonly state: 'broken'
      readonly name: string
      readonly file: string
      readonly problems: readonly string[]
    }
  | { readonly state: 'unknown'; readonly name: string }

/** A profile that is there, whether or not it can be used. */
export type ProfileEntry = Exclude<ProfileFinding, { state: 'unknown' }>

export interface ProfileQuery {
  /** The repository of the task's workspace, whose own profiles come first; an absolute path. */
  readonly repository?: string | null
}

export interface Profiles {
  /** The agents they can name. */
  readonly agents: AgentTable
  /** Costs a few stat calls: files are read again only when they changed. */
  find(name: string, query?: ProfileQuery): ProfileFinding
  /** Every profile by name, broken ones included; of those with the same name, the one that counts. */
  list(query?: ProfileQuery): readonly ProfileEntry[]
  /** The names in that list that can be assigned. */
  names(query?: ProfileQuery): readonly string[]
  /** The known name that this one is most likely a slip of. */
  nearest(name: string, query?: ProfileQuery): string | null
  /** Changes whenever a file that decides over this name is written, replaced, added or removed. */
  fingerprint(name: string, query?: ProfileQuery): string
}

export interface ProfilePlaces {
  /** `profiles/` of the home. */
  readonly folder: string
  /** The repository the command was started in; null outside of one. */
  readonly repository: string | null
  readonly userHome: string
  /** The agents that can be named, as they are now; those that come along by default. */
  readonly agents?: () => AgentTable
}

export function openProfiles({
  folder,
  repository,
  userHome,
  agents = () => agentTable(),
}: ProfilePlaces): Profiles {
  const cache = new Map<string, Parsed>()

  /** Folders in the order of precedence, each with the folder its relative paths begin at. */
  const folders = (query: ProfileQuery = {}) => {
    const repositories = new Set([query.repository ?? null, repository].filter((path) => path !== null))
    return [
      ...[...repositories].map((base) => ({ path: profilesOf(base), base })),
      { path: folder, base: null },
    ]
  }

  const read = (name: string, file: string, base: string | null, stamp: string): ParsedProfile => {
    const known = cache.get(file)
    const table = agents()
    if (known?.stamp === stamp && known.agents === table) return known.parsed
    const parsed = parseFile(name, file, { base, userHome, agents: table })
    cache.set(file, { stamp, agents: table, parsed })
    return parsed
  }

  const find = (name: string, query?: ProfileQuery): ProfileFinding => {
    // Also keeps names such as ../x away from the file system.
    if (!isProfileName(name)) return { state: 'unknown', name }
    for (const { path, base } of folders(query)) {
      const file = join(path, `${name}.md`)
      const stamp = stampOf(file)
      if (stamp !== null) return asFinding(name, file, read(name, file, base, stamp))
    }
    const builtIn = BUILT_IN.get(name)
    return builtIn === undefined ? { state: 'unknown', name } : { state: 'found', profile: builtIn }
  }

  const list: Profiles['list'] = (query) => {
    const found = new Map<string, ProfileEntry>()
    for (const { path, base } of folders(query)) {
      for (const name of namesIn(path)) {
        const file = join(path, `${name}.md`)
        const stamp = stampOf(file)
        if (stamp !== null && !found.has(name))
          found.set(name, asFinding(name, file, read(name, file, base, stamp)))
      }
    }
    for (const [name, profile] of BUILT_IN) {
      if (!found.has(name)) found.set(name, { state: 'found', profile })
    }
    return [...found].sort(([one], [other]) => (one < other ? -1 : 1)).map(([, finding]) => finding)
  }

  const names: Profiles['names'] = (query) =>
    list(query)
      .map((finding) => (finding.state === 'found' ? finding.profile.name : finding.name))
      .filter(isProfileName)

  return {
    get agents() {
      return agents()
    },
    find,
    list,
    names,
    nearest: (name, query) => nearest(name, names(query)),
    fingerprint: (name, query) => {
      const stamps = folders(query).map(({ path }) => stampOf(join(path, `${name}.md`)) ?? '-')
      const { own } = agents()
      return [...stamps, ...(Object.keys(own).length === 0 ? [] : [JSON.stringify(own)])].join(' ')
    },
  }
}

interface Parsed {
  readonly stamp: string
  readonly agents: AgentTable
  readonly parsed: ParsedProfile
}

/** Where a repository keeps its profiles. */
const profilesOf = (repository: string): string => join(repository, '.yard', 'profiles')

/** The folder at or above `folder` that is a git working tree or holds `.yard`; null when there is none. */
export function repositoryAround(folder: string): string | null {
  const isHere = (name: string) => statOf(join(folder, name)) !== null
  if (isHere('.git') || isHere('.yard')) return folder
  const above = dirname(folder)
  return above === folder ? null : repositoryAround(above)
}

const asFinding = (name: string, file: string, parsed: ParsedProfile): ProfileEntry =>
  parsed.ok
    ? { state: 'found', profile: parsed.profile }
    : { state: 'broken', name, file, problems: parsed.problems }

function parseFile(
  name: string,
  file: string,
  place: Pick<ProfileSource, 'base' | 'userHome' | 'agents'>,
): ParsedProfile {
  let text: string
  try {
    text = readFileSync(file, 'utf8')
  } catch (error) {
    return { ok: false, problems: [`${file}: the profile cannot be read: ${String(error)}`] }
  }
  return parseProfile({ name, text, file, ...place })
}

/** Says which content a file has without reading it; null when it is not there. The change time is part of it, because a file may be replaced by one of the same size and age. */
function stampOf(file: string): string | null {
  const stat = statOf(file)
  return stat === null ? null : `${stat.ino}:${stat.size}:${stat.mtimeMs}:${stat.ctimeMs}`
}

function namesIn(folder: string): readonly string[] {
  try {
    return readdirSync(folder)
      .filter((entry) => entry.endsWith('.md') && !entry.startsWith('.') && entry !== 'README.md')
      .map((entry) => basename(entry, '.md'))
  } catch {
    return []
  }
}
