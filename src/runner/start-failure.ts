/** Why a program could not be started, told so that its owner can repair it. Not to be mixed up with a program that ran and failed. */
import { accessSync, constants, existsSync, statSync } from 'node:fs'
import { delimiter, isAbsolute, join } from 'node:path'

export interface StartFailure {
  readonly code:
    | 'folder_missing'
    | 'program_not_found'
    | 'not_executable'
    | 'arguments_too_long'
    | 'out_of_resources'
    | 'not_started'
  readonly message: string
}

export interface StartAttempt {
  readonly program: string
  readonly cwd: string
  readonly env: Readonly<Record<string, string>>
}

/** The system blames the program for a missing folder, so the folder is looked at first. */
export const folderFailure = ({ cwd, program }: StartAttempt): StartFailure | null => {
  if (!isFolder(cwd))
    return { code: 'folder_missing', message: `cannot start ${program}: its folder ${cwd} does not exist` }
  if (!isUsable(cwd))
    return {
      code: 'folder_missing',
      message: `cannot start ${program}: its folder ${cwd} may not be entered by this user`,
    }
  return null
}

export const startFailure = (attempt: StartAttempt, error: unknown): StartFailure => {
  const { program, env } = attempt
  const { code, message } = error as NodeJS.ErrnoException
  const folder = folderFailure(attempt)
  if (folder) return folder
  switch (code) {
    case 'ENOENT':
    case 'ENOTDIR': {
      const place = findProgram(attempt)
      if (place !== null)
        return {
          code: 'not_executable',
          message: `cannot start ${place}: the interpreter named in its first line does not exist`,
        }
      const looked = program.includes('/') ? '' : ` on PATH (${env['PATH'] ?? 'not set'})`
      return { code: 'program_not_found', message: `cannot start ${program}: not found${looked}` }
    }
    case 'EACCES':
    case 'EPERM':
      return {
        code: 'not_executable',
        message: `cannot start ${findProgram(attempt) ?? program}: it may not be executed by this user`,
      }
    case 'ENOEXEC':
      return {
        code: 'not_executable',
        message: `cannot start ${findProgram(attempt) ?? program}: it is not a program for this machine`,
      }
    case 'E2BIG':
      return {
        code: 'arguments_too_long',
        message: `cannot start ${program}: its arguments and environment are longer than the system allows`,
      }
    case 'EAGAIN':
    case 'ENOMEM':
    case 'EMFILE':
    case 'ENFILE':
    case 'ENOSPC':
      return {
        code: 'out_of_resources',
        message: `cannot start ${program} now: the system is out of processes, memory, files or disk (${code})`,
      }
    default:
      return { code: 'not_started', message: `cannot start ${program}: ${message}` }
  }
}

/** Where the system would have found it; null when nowhere. */
const findProgram = ({ program, cwd, env }: StartAttempt): string | null => {
  const places = program.includes('/')
    ? [isAbsolute(program) ? program : join(cwd, program)]
    : (env['PATH'] ?? '').split(delimiter).map((folder) => join(folder || cwd, program))
  return places.find((place) => existsSync(place)) ?? null
}

const isFolder = (path: string): boolean => {
  try {
    return statSync(path).isDirectory()
  } catch {
    return false
  }
}

const isUsable = (folder: string): boolean => {
  try {
    accessSync(folder, constants.X_OK)
    return true
  } catch {
    return false
  }
}
