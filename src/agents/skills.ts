/** Finds skills: folders with a SKILL.md, in the places where agents and we keep them. */
import { readdirSync } from 'node:fs'
import { join } from 'node:path'
import { nearest } from '../lib/nearest.ts'
import { statOf } from '../lib/stat-of.ts'

export interface Skill {
  readonly name: string
  /** The folder that holds its SKILL.md. */
  readonly folder: string
}

export interface SkillPlaces {
  /** The home of this installation. */
  readonly home: string
  /** Repositories whose `.yard/skills` count, the nearest first. */
  readonly repositories: readonly (string | null)[]
  /** The skills that come with the package. */
  readonly packaged: string
  readonly userHome: string
}

/** Where skills are looked for, in the order of precedence. */
export const skillFolders = ({ home, repositories, packaged, userHome }: SkillPlaces): readonly string[] => [
  ...new Set([
    ...repositories.filter((path) => path !== null).map((path) => join(path, '.yard', 'skills')),
    join(home, 'skills'),
    packaged,
    join(userHome, '.agents', 'skills'),
    join(userHome, '.claude', 'skills'),
  ]),
]

export function findSkill(name: string, folders: readonly string[]): Skill | null {
  // A name is a name: nothing outside of the folders is looked at.
  if (!/^[\p{L}\p{N}_][\p{L}\p{N}_.:-]*$/u.test(name)) return null
  const folder = folders
    .map((path) => join(path, name))
    .find((path) => statOf(join(path, 'SKILL.md'))?.isFile() === true)
  return folder === undefined ? null : { name, folder }
}

/** The skill at hand that this name is most likely a slip of. */
export function nearestSkill(name: string, folders: readonly string[]): string | null {
  const known = folders.flatMap(entriesOf).filter((entry) => findSkill(entry, folders) !== null)
  return nearest(name, known)
}

/** Those that are in none of the folders, each with the one that was probably meant. */
export const missingSkills = (
  names: readonly string[],
  folders: readonly string[],
): readonly { readonly name: string; readonly near: string | null }[] =>
  names
    .map((name) => name.trim())
    .filter((name) => name !== '' && findSkill(name, folders) === null)
    .map((name) => ({ name, near: nearestSkill(name, folders) }))

function entriesOf(folder: string): readonly string[] {
  try {
    return readdirSync(folder)
  } catch {
    return []
  }
}
