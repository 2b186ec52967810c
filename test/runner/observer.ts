/** Looks at /proc with its own eyes, so that a test does not ask the code under test whether it did its work. */
import { randomInt } from 'node:crypto'
import { readdirSync, readFileSync } from 'node:fs'
import { setTimeout as pause } from 'node:timers/promises'

/** Digits that a fixture puts on the command lines of everything it starts. */
export const newTag = (): string => String(randomInt(1e11, 9e11))

/** Live processes with the tag on their command line. */
export const liveWith = (tag: string): number[] =>
  readdirSync('/proc')
    .map(Number)
    .filter(
      (pid) =>
        Number.isInteger(pid) &&
        pid !== process.pid &&
        read(`/proc/${pid}/cmdline`).includes(tag) &&
        isLive(pid),
    )

/** What a process was started as, word by word. */
export const commandOf = (pid: number): string[] => read(`/proc/${pid}/cmdline`).split('\0')

export const isLive = (pid: number): boolean => /^State:\s+[^ZX]/m.test(read(`/proc/${pid}/status`))

/** Resolves with the first truthy answer; the test's own timeout bounds the waiting. */
export const eventually = async <T>(look: () => T): Promise<NonNullable<T>> => {
  for (;;) {
    const answer = look()
    if (answer) return answer
    await pause(5)
  }
}

const read = (path: string): string => {
  try {
    return readFileSync(path, 'latin1')
  } catch {
    return ''
  }
}
