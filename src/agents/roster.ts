/**
 * The starter roster: profiles that come with the package. They are portable, so they name no agent; which one does the work
 * is decided where a profile is installed.
 */
import { readdirSync, readFileSync } from 'node:fs'
import { basename, join } from 'node:path'
import { conflict, invalid, notFound } from '../domain/errors.ts'
import { nearest } from '../lib/nearest.ts'
import { parseProfile } from './parse-profile.ts'
import { writeProfileText, type ProfileFilesPlace, type ProfileText } from './profile-files.ts'

export interface PortableProfile {
  readonly name: string
  readonly description: string | null
  readonly orchestrator: boolean
  readonly text: string
}

/** In the order of their names; those of `folder` that can be read as profiles. */
export function readRoster(folder: string): readonly PortableProfile[] {
  return readdirSync(folder)
    .filter((entry) => entry.endsWith('.md'))
    .toSorted()
    .map((entry) => readPortable(join(folder, entry)))
}

function readPortable(file: string): PortableProfile {
  const name = basename(file, '.md')
  const text = readFileSync(file, 'utf8')
  const parsed = parseProfile({ name, text: withAgent(text, 'claude'), file, base: null, userHome: '/' })
  if (!parsed.ok) throw new Error(`a profile of the package cannot be used: ${parsed.problems.join('; ')}`)
  const { description, orchestrator } = parsed.profile
  return { name, description, orchestrator, text }
}

/** Puts the agent into the front matter of a profile's text, in the place of the one that is there. */
export function withAgent(text: string, agent: string): string {
  const lines = text.split('\n')
  const end = lines.findIndex((line, index) => index > 0 && /^---\s*$/.test(line))
  // What is no profile is for whoever reads it as one to say.
  if (end === -1) return text
  const at = lines.slice(0, end).findIndex((line) => /^agent\s*:/.test(line))
  return (at === -1 ? lines.toSpliced(1, 0, `agent: ${agent}`) : lines.with(at, `agent: ${agent}`)).join('\n')
}

/** The agent a profile's text names itself. */
const agentIn = (text: string): string | null =>
  /^agent\s*:\s*["']?([\w-]+)/m.exec(text.split(/^---\s*$/m)[1] ?? '')?.[1] ?? null

export interface ProfileInstall {
  /** Of the roster, or of the new profile when a file is given; null takes the name of the file. */
  readonly name: string | null
  /** A profile of somebody else's. */
  readonly from: string | null
  /** Null leaves it to the file, or to what is installed here. */
  readonly agent: string | null
  /** In the place of a profile that is there. */
  readonly force: boolean
}

/** Where the roster is, and which agent does the work where nobody names one. */
export interface RosterPlace extends ProfileFilesPlace {
  /** `profiles/` of the package. */
  readonly packaged: string
  /** Agents that are installed here, the best one first. */
  readonly installed: () => Promise<readonly string[]>
}

/**
 * Writes a profile of the roster, or a file from elsewhere, into the home. Throws `profile_exists` for one that is there,
 * unless it is forced, and a refusal that says how to get an agent when there is none.
 */
export async function installProfile(
  place: RosterPlace,
  { name, from, agent, force }: ProfileInstall,
): Promise<ProfileText & { readonly agent: string }> {
  const source = from === null ? fromRoster(place.packaged, name ?? '') : fromFile(from, name)
  if (agent !== null) assertAgent(place, agent)
  const chosen = agent ?? agentIn(source.text) ?? (await firstInstalled(place, source.name))
  const present = place.profiles.find(source.name)
  const isBuiltIn = present.state === 'found' && present.profile.file === null
  if (!force && present.state !== 'unknown' && !isBuiltIn)
    throw conflict(
      'profile_exists',
      `Cannot install profile ${source.name}: there is one of that name. Look at it with: yard profile show ${source.name}, or replace it with --force`,
      { name: source.name },
    )
  return {
    ...writeProfileText(place, source.name, { text: withAgent(source.text, chosen), digest: null }),
    agent: chosen,
  }
}

function fromRoster(folder: string, name: string): { name: string; text: string } {
  const roster = readRoster(folder)
  const found = roster.find((profile) => profile.name === name)
  if (found !== undefined) return found
  const names = roster.map((profile) => profile.name)
  const near = nearest(name, names)
  throw notFound(
    'not_in_roster',
    `Cannot install profile ${name}: the roster has none of that name. ${near === null ? `It has ${names.join(', ')}` : `Did you mean ${near}?`}`,
    { name, roster: names },
  )
}

function fromFile(file: string, name: string | null): { name: string; text: string } {
  try {
    return { name: name ?? basename(file, '.md'), text: readFileSync(file, 'utf8') }
  } catch (error) {
    throw notFound(
      'file_not_found',
      `Cannot install a profile from ${file}: it cannot be read (${(error as NodeJS.ErrnoException).code ?? String(error)}).`,
      { file },
    )
  }
}

function assertAgent({ profiles }: ProfileFilesPlace, agent: string): void {
  const known = profiles.agents.names
  if (known.includes(agent)) return
  const near = nearest(agent, known)
  throw invalid(
    'unknown_agent',
    `There is no agent ${agent}. ${near === null ? `Known: ${known.join(', ')}` : `Did you mean ${near}?`}`,
    { agent },
  )
}

async function firstInstalled({ installed }: RosterPlace, name: string): Promise<string> {
  const [first] = await installed()
  if (first !== undefined) return first
  throw invalid(
    'no_agent',
    `Cannot install profile ${name}: no agent was found on this machine, and none was named. See how to get one with: yard agents, or name one with --agent`,
    { name },
  )
}

/** Which profiles of the roster would make a start with these agents: a second vendor reviews what the first one made. */
export function startersFor(agents: readonly string[]): readonly { name: string; agent: string }[] {
  const [first, second = first] = agents
  if (first === undefined || second === undefined) return []
  return [
    { name: 'orchestrator', agent: first },
    { name: 'backend-dev', agent: first },
    { name: 'reviewer', agent: second },
  ]
}
