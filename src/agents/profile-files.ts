/**
 * The texts of profiles. Only those of the home are written, and only texts that can be used: what the dispatcher would
 * refuse never takes the place of what works.
 */
import { createHash } from 'node:crypto'
import { lstatSync, mkdirSync, readFileSync, writeFileSync } from 'node:fs'
import { dirname, join } from 'node:path'
import { conflict, invalid, notFound } from '../domain/errors.ts'
import { storable } from '../domain/text.ts'
import { writeFileDurably } from '../lib/durable-file.ts'
import { nearest } from '../lib/nearest.ts'
import { parseProfile } from './parse-profile.ts'
import { isProfileName, PROFILE_NAME_RULE } from './profile.ts'
import { profileTemplate } from './profile-template.ts'
import type { ProfileFinding, Profiles } from './profiles.ts'

export interface ProfileFilesPlace {
  /** `profiles/` of the home. */
  readonly folder: string
  readonly userHome: string
  readonly profiles: Profiles
}

export interface ProfileText {
  readonly name: string
  readonly origin: 'home' | 'repository' | 'built-in'
  /** Null for one that is built in. */
  readonly file: string | null
  /** Null for one that is built in, or cannot be read. */
  readonly text: string | null
  /** SHA-256 of the text, in hex. */
  readonly digest: string | null
  readonly problems: readonly string[]
}

/** Longest text of a profile, in characters. */
const MAX_TEXT = 200_000

/** Throws `unknown_profile`. */
export function readProfileText({ profiles, folder }: ProfileFilesPlace, name: string): ProfileText {
  const finding = profiles.find(name)
  if (finding.state === 'unknown') throw unknownProfile(profiles, name)
  const file = fileOf(finding)
  const text = file === null ? null : textOrNull(file)
  return {
    name,
    origin: originOf(finding, folder),
    file,
    text,
    digest: text === null ? null : digestOf(text),
    problems: finding.state === 'broken' ? finding.problems : [],
  }
}

export interface ProfileWish {
  readonly text: string
  /** Of the text this one was made from; null when that does not matter. */
  readonly digest: string | null
}

/**
 * Puts a text in the place of a profile of the home, or makes a new one; the old file or the new one is there at every
 * moment. Throws `bad_profile_name`, `bad_profile` with every problem of the text, `profile_read_only`, and
 * `profile_changed` when the file is not the one the text was made from.
 */
export function writeProfileText(place: ProfileFilesPlace, name: string, wanted: ProfileWish): ProfileText {
  const { folder, userHome, profiles } = place
  assertName(name)
  const finding = profiles.find(name)
  assertOurs(finding, folder)
  const file = join(folder, `${name}.md`)
  assertPlainFile(name, file)
  const text = storable(wanted.text, 'text of the profile', MAX_TEXT)
  const parsed = parseProfile({ name, text, file, base: null, userHome, agents: profiles.agents })
  if (!parsed.ok)
    throw invalid(
      'bad_profile',
      `Cannot write profile ${name}, because nothing could be done with it:\n${parsed.problems.join('\n')}`,
      { name, problems: parsed.problems, next: 'Correct the text and send it again; nothing was written.' },
    )
  const present = finding.state === 'unknown' ? null : readProfileText(place, name).digest
  if (wanted.digest !== null && wanted.digest !== present)
    throw conflict(
      'profile_changed',
      `Cannot write profile ${name}: ${present === null ? 'it is not there any more' : 'somebody has written it meanwhile'}. Read it again, and bring both together.`,
      { name, digest: present },
    )
  mkdirSync(folder, { recursive: true, mode: 0o700 })
  writeFileDurably(file, text)
  return readProfileText(place, name)
}

/** Makes a profile that can be used after one look. Throws `profile_exists` when the home has one of that name. */
export function createProfileText(
  place: ProfileFilesPlace,
  name: string,
  { agent }: { readonly agent: string | null },
): ProfileText {
  assertName(name)
  const known = place.profiles.agents.names
  const wanted = agent ?? 'command'
  if (!known.includes(wanted)) {
    const near = nearest(wanted, known)
    throw invalid(
      'unknown_agent',
      `There is no agent ${wanted}. ${near === null ? `Known: ${known.join(', ')}` : `Did you mean ${near}?`}`,
      { agent: wanted },
    )
  }
  const file = join(place.folder, `${name}.md`)
  mkdirSync(place.folder, { recursive: true, mode: 0o700 })
  try {
    writeFileSync(file, profileTemplate(name, { agent: wanted }), { flag: 'wx', mode: 0o600 })
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code !== 'EEXIST') throw error
    throw conflict(
      'profile_exists',
      `Cannot create profile ${name}: ${file} is there. Look at it with: yard profile show ${name}`,
      { file },
    )
  }
  const text = readFileSync(file, 'utf8')
  return { name, origin: 'home', file, text, digest: digestOf(text), problems: [] }
}

/** Null for what is no readable file; the problems of the profile say so. */
function textOrNull(file: string): string | null {
  try {
    return readFileSync(file, 'utf8')
  } catch {
    return null
  }
}

const digestOf = (text: string): string => createHash('sha256').update(text).digest('hex')

type Located =
  | { readonly state: 'found'; readonly profile: { readonly file: string | null } }
  | { readonly state: 'broken'; readonly file: string }

const fileOf = (finding: Located): string | null =>
  finding.state === 'found' ? finding.profile.file : finding.file

/** Where a profile that was found comes from; `folder` is the one of the home. */
export function originOf(finding: Located, folder: string): ProfileText['origin'] {
  const file = fileOf(finding)
  if (file === null) return 'built-in'
  return dirname(file) === folder ? 'home' : 'repository'
}

/** Also keeps names such as ../x away from the file system. */
function assertName(name: string): void {
  if (isProfileName(name)) return
  throw invalid(
    'bad_profile_name',
    `${JSON.stringify(name)} cannot name a profile: it must be ${PROFILE_NAME_RULE}.`,
    { name },
  )
}

function assertOurs(finding: ProfileFinding, folder: string): void {
  if (finding.state === 'unknown') return
  const origin = originOf(finding, folder)
  if (origin === 'home') return
  const name = finding.state === 'found' ? finding.profile.name : finding.name
  throw conflict(
    'profile_read_only',
    origin === 'built-in'
      ? `Cannot write profile ${name}: it is built in. Write one of another name, with agent: ${name}, for what should be different.`
      : `Cannot write profile ${name}: it belongs to a repository, and ${fileOf(finding)} is changed there, by a commit. Profiles of the home have other names.`,
    { name, origin, next: `Write a profile of another name.` },
  )
}

/** A link would be replaced by a file, and whoever keeps the profile elsewhere would not see the change. */
function assertPlainFile(name: string, file: string): void {
  const stat = lstatSync(file, { throwIfNoEntry: false })
  if (stat === undefined || stat.isFile()) return
  throw conflict(
    'profile_read_only',
    `Cannot write profile ${name}: ${file} is ${stat.isSymbolicLink() ? 'a link to somewhere else' : 'no plain file'}. Change what it leads to by hand.`,
    { name, file, next: 'Change it by hand on the machine of the gateway.' },
  )
}

function unknownProfile(profiles: Profiles, name: string) {
  const near = profiles.nearest(name)
  return notFound(
    'unknown_profile',
    `There is no profile ${name}. ${near === null ? `Known: ${profiles.names().join(', ')}` : `Did you mean ${near}?`}`,
    { name, next: 'List them with: yard profile list' },
  )
}
