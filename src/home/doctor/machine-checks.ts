/** The machine: its Node, the folder everything is in, and what is free. */
import { accessSync, constants, existsSync, statfsSync, statSync } from 'node:fs'
import { dirname } from 'node:path'
import { byteSize } from '../../lib/amounts.ts'
import { fail, ok, warn, type Check } from './check.ts'

const OLDEST_NODE = 24
/** Older ones can corrupt a write-ahead log. */
const OLDEST_SQLITE = [3, 51, 3]

export const runtime: Check = {
  name: 'runtime',
  look() {
    const { node, sqlite = '0' } = process.versions
    if (Number(node.split('.')[0]) < OLDEST_NODE)
      return [fail(`Node.js ${node} is too old`, `install Node.js ${OLDEST_NODE} or newer`)]
    if (isOlder(sqlite.split('.').map(Number), OLDEST_SQLITE))
      return [
        fail(
          `SQLite ${sqlite} can corrupt boards; ${OLDEST_SQLITE.join('.')} or newer is needed`,
          `install a newer Node.js ${OLDEST_NODE}`,
        ),
      ]
    return [ok(`Node.js ${node}, SQLite ${sqlite}`)]
  },
}

function isOlder(version: readonly number[], least: readonly number[]): boolean {
  const index = least.findIndex((part, place) => (version[place] ?? 0) !== part)
  return index !== -1 && (version[index] ?? 0) < (least[index] ?? 0)
}

export const home: Check = {
  name: 'home',
  look({ paths }) {
    const stat = statSync(paths.home, { throwIfNoEntry: false })
    if (stat === undefined) return [warn(`${paths.home} is not there yet`, 'yard init')]
    if (!stat.isDirectory()) return [fail(`${paths.home} is not a folder`, 'set YARD_HOME to another place')]
    try {
      accessSync(paths.home, constants.R_OK | constants.W_OK | constants.X_OK)
    } catch {
      return [fail(`${paths.home} cannot be written by this user`, `chown -R "$(id -un)" ${paths.home}`)]
    }
    if ((stat.mode & 0o077) !== 0)
      return [warn(`${paths.home} can be read by other users of this machine`, `chmod 700 ${paths.home}`)]
    return [ok(paths.home)]
  },
}

const LOW_DISK = 1_000_000_000
const NO_DISK = 100_000_000

export const disk: Check = {
  name: 'disk',
  look({ paths }) {
    const { bavail, bsize } = statfsSync(existsSync(paths.home) ? paths.home : dirname(paths.home))
    const free = bavail * bsize
    const message = `${byteSize(free)} free for ${paths.home}`
    if (free < NO_DISK) return [fail(message, 'yard gc')]
    return [free < LOW_DISK ? warn(message, 'yard gc') : ok(message)]
  },
}

export const memory: Check = {
  name: 'memory',
  async look({ services }) {
    const floor = (await services.config()).settings.kanban.min_free_memory_mb * 2 ** 20
    const free = process.availableMemory()
    const message = `${byteSize(free)} of memory available`
    return [
      free < floor
        ? warn(
            `${message}, and no worker starts below ${byteSize(floor)}`,
            'close something, or: yard config set kanban.min_free_memory_mb <less>',
          )
        : ok(message),
    ]
  },
}
