/** Small files that must be whole after a crash: written beside their place, flushed, then renamed into it. */
import { closeSync, fsyncSync, openSync, renameSync, rmSync, writeFileSync } from 'node:fs'
import { dirname } from 'node:path'
import { newSecret } from './ids.ts'

/** A name in the same folder that nobody else uses; files of these names may be removed when they are old. */
export const besideName = (file: string): string => `${file}.${newSecret().slice(0, 8)}.tmp`

/** Replaces `file` in one step; readable by its owner only unless `mode` says otherwise. */
export function writeFileDurably(file: string, content: string | Uint8Array, mode = 0o600): void {
  const beside = besideName(file)
  try {
    const fd = openSync(beside, 'wx', mode)
    try {
      writeFileSync(fd, content)
      fsyncSync(fd)
    } finally {
      closeSync(fd)
    }
    renameSync(beside, file)
  } catch (error) {
    rmSync(beside, { force: true })
    throw error
  }
  flushFolder(dirname(file))
}

/** Makes what was written to `file` outlast a power cut. */
export function flushFile(file: string): void {
  const fd = openSync(file, 'r+')
  try {
    fsyncSync(fd)
  } finally {
    closeSync(fd)
  }
}

/** Makes a rename or a new name in `folder` outlast a power cut. */
export function flushFolder(folder: string): void {
  const fd = openSync(folder, 'r')
  try {
    fsyncSync(fd)
  } finally {
    closeSync(fd)
  }
}
