/**
 * The skills of the package where agents look for theirs, for sessions that no run of ours starts. Only what is ours and as
 * we left it is replaced or removed: a record beside the files says what we wrote.
 */
import { createHash } from 'node:crypto'
import {
  existsSync,
  lstatSync,
  mkdirSync,
  readdirSync,
  readFileSync,
  rmdirSync,
  rmSync,
  writeFileSync,
} from 'node:fs'
import { dirname, join } from 'node:path'
import { invalid } from '../domain/errors.ts'
import { nearest } from '../lib/nearest.ts'
import { CLI_AGENTS } from './table.ts'

/** Below the home of the user, or the root of a repository. */
type SkillFolder = '.agents/skills' | '.claude/skills' | '.continue/skills'

/** Agents that do not read the folder most of them share. */
const OWN_FOLDERS: Readonly<Record<string, SkillFolder>> = {
  claude: '.claude/skills',
  continue: '.continue/skills',
}
/** Together they reach every agent that was tried but one. */
const USUAL: readonly SkillFolder[] = ['.agents/skills', '.claude/skills']

const RECORD = '.yardmaster.json'

/**
 * `current`: as the package has it. `outdated`: as an earlier version of us wrote it. `changed`: somebody wrote it, or
 * changed what we had written.
 */
export type SkillState = 'missing' | 'current' | 'outdated' | 'changed'

export interface PlacedSkill {
  readonly name: string
  /** Absolute path of its folder. */
  readonly folder: string
  readonly state: SkillState
}

export interface SkillPlace {
  /** `skills/` of the package. */
  readonly packaged: string
  /** The home of the user, or the root of a repository. */
  readonly base: string
  /** Null for the folders that most agents look into. */
  readonly agent: string | null
}

/** What is where. Throws `unknown_agent`. Changes nothing. */
export function placedSkills({ packaged, base, agent }: SkillPlace): readonly PlacedSkill[] {
  return foldersFor(agent).flatMap((below) =>
    readdirSync(packaged)
      .toSorted()
      .map((name) => {
        const folder = join(base, below, name)
        return { name, folder, state: stateOf(folder, filesOf(join(packaged, name))) }
      }),
  )
}

export interface SkillChange extends PlacedSkill {
  readonly did: 'wrote' | 'replaced' | 'removed' | 'nothing'
}

/** Puts the skills there. What somebody changed stays, unless it is forced. */
export function installSkills(
  place: SkillPlace,
  { force }: { readonly force: boolean },
): readonly SkillChange[] {
  return placedSkills(place).map((skill) => {
    if (skill.state === 'current' || (skill.state === 'changed' && !force))
      return { ...skill, did: 'nothing' }
    assertPlain(skill.folder)
    write(skill.folder, filesOf(join(place.packaged, skill.name)))
    return { ...skill, state: 'current', did: skill.state === 'missing' ? 'wrote' : 'replaced' }
  })
}

/** Takes away what we put there, as long as it is as we left it. */
export function removeSkills(place: SkillPlace): readonly SkillChange[] {
  return placedSkills(place).map((skill) => {
    if (skill.state === 'missing' || skill.state === 'changed') return { ...skill, did: 'nothing' }
    for (const name of [...Object.keys(readRecord(skill.folder) ?? filesOf(skill.folder)), RECORD])
      rmSync(join(skill.folder, name), { force: true })
    // Whatever else somebody keeps there stays, and the folder with it.
    if (readdirSync(skill.folder).length === 0) rmdirSync(skill.folder)
    return { ...skill, state: 'missing', did: 'removed' }
  })
}

function foldersFor(agent: string | null): readonly SkillFolder[] {
  if (agent === null) return USUAL
  const known = CLI_AGENTS.map(({ name }) => name)
  if (known.includes(agent)) return [OWN_FOLDERS[agent] ?? '.agents/skills']
  const near = nearest(agent, known)
  throw invalid(
    'unknown_agent',
    `There is no agent ${agent} that looks for skills. ${near === null ? `Known: ${known.join(', ')}` : `Did you mean ${near}?`}`,
    { agent },
  )
}

/** Relative path to content. */
type Files = Readonly<Record<string, string>>

const filesOf = (folder: string): Files =>
  Object.fromEntries(
    readdirSync(folder, { recursive: true, withFileTypes: true })
      .filter((entry) => entry.isFile() && entry.name !== RECORD)
      .map((entry) => join(entry.parentPath, entry.name))
      .map((file) => [file.slice(folder.length + 1), readFileSync(file, 'utf8')]),
  )

function stateOf(folder: string, wanted: Files): SkillState {
  const stat = lstatSync(folder, { throwIfNoEntry: false })
  if (stat === undefined) return 'missing'
  // A link leads to files that are kept somewhere else, by somebody else.
  if (!stat.isDirectory()) return 'changed'
  const found = filesOf(folder)
  if (Object.keys(found).length === 0) return 'missing'
  const isAs = (expected: Readonly<Record<string, string>>, digest: (text: string) => string) =>
    Object.keys(expected).length === Object.keys(found).length &&
    Object.entries(expected).every(([name, text]) => name in found && digest(found[name] ?? '') === text)
  if (isAs(wanted, (text) => text)) return 'current'
  const record = readRecord(folder)
  return record !== null && isAs(record, digestOf) ? 'outdated' : 'changed'
}

const digestOf = (text: string): string => createHash('sha256').update(text).digest('hex')

/** Relative path to digest, of what we wrote; null where we wrote nothing. */
function readRecord(folder: string): Readonly<Record<string, string>> | null {
  try {
    const { files } = JSON.parse(readFileSync(join(folder, RECORD), 'utf8')) as { files?: unknown }
    return typeof files === 'object' && files !== null ? (files as Record<string, string>) : null
  } catch {
    return null
  }
}

function write(folder: string, files: Files): void {
  for (const [name, text] of Object.entries(files)) {
    mkdirSync(dirname(join(folder, name)), { recursive: true })
    writeFileSync(join(folder, name), text)
  }
  const digests = Object.fromEntries(Object.entries(files).map(([name, text]) => [name, digestOf(text)]))
  const about = 'Written by yard skills install. yard skills remove takes it away again.'
  writeFileSync(join(folder, RECORD), `${JSON.stringify({ about, files: digests }, null, 2)}\n`)
}

/** Writing through a link would change files somewhere else. */
function assertPlain(folder: string): void {
  if (existsSync(folder) && !lstatSync(folder).isDirectory())
    throw invalid(
      'skill_is_linked',
      `Cannot write ${folder}: it is a link or a file of somebody else's. Move it away first, or change what it leads to.`,
      { folder },
    )
}
