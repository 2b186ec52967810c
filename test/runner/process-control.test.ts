import { type ChildProcess, execFileSync, spawn, spawnSync } from 'node:child_process'
import { randomUUID } from 'node:crypto'
import { copyFileSync, mkdtempSync, readdirSync, readFileSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterEach, describe, expect, test } from 'vitest'
import { systemClock } from '../../src/lib/clock.ts'
import {
  bootId,
  identify,
  liveness,
  ownIdentity,
  type ProcessIdentity,
} from '../../src/lib/process-identity.ts'
import { descendants, findMarked, groupMembers, terminateTree } from '../../src/lib/process-tree.ts'
import { eventually, isLive, liveWith, newTag } from './observer.ts'
import type { Question } from './process-probe.ts'

const started: ChildProcess[] = []
afterEach(() => {
  for (const child of started.splice(0)) {
    try {
      process.kill(-(child.pid as number), 'SIGKILL')
    } catch {
      // Gone already, as most tests intend.
    }
  }
})

const start = (program: string, args: string[], env: Record<string, string> = {}) => {
  const child = spawn(program, args, {
    detached: true,
    stdio: 'ignore',
    env: { PATH: process.env['PATH'], ...env },
  })
  started.push(child)
  return identify(child.pid as number) as ProcessIdentity
}

const newMarker = () => ({ name: 'YARD_TEST_MARK', value: randomUUID() })

describe('F20: which process is which', { timeout: 30_000 }, () => {
  test('this process is alive, and named by boot, pid and start', () => {
    const own = ownIdentity()
    expect(own.pid).toBe(process.pid)
    expect(own.bootId).toBe(bootId())
    expect(liveness(own)).toBe('alive')
  })

  test('the same pid with another start time is another process', () => {
    expect(liveness({ ...ownIdentity(), startTime: '1' })).toBe('gone')
  })

  test('nothing outlives its boot', () => {
    expect(liveness({ ...ownIdentity(), bootId: randomUUID() })).toBe('gone')
  })

  test('an ended process is gone, and so is a zombie', async () => {
    const tag = newTag()
    start('sh', ['-c', `true & exec sleep 1000.${tag}`])
    const [parent] = await eventually(() => (liveWith(tag).length > 0 ? liveWith(tag) : null))
    const zombie = await eventually(() => childrenOf(parent as number).find((pid) => !isLive(pid)))
    expect(liveness(identify(zombie) as ProcessIdentity)).toBe('gone')

    const sleeper = identify(parent as number) as ProcessIdentity
    process.kill(sleeper.pid, 'SIGKILL')
    await eventually(() => !isLive(sleeper.pid))
    expect(liveness(sleeper)).toBe('gone')
  })

  test('there is no identity for a pid that nobody has', () => {
    expect(identify(2 ** 22 + 1)).toBeNull()
  })

  test('a program may have any name', () => {
    const folder = mkdtempSync(join(tmpdir(), 'yard-test-'))
    try {
      const program = join(folder, 'a) Z 1 (b\n7')
      copyFileSync(execFileSync('sh', ['-c', 'command -v sleep'], { encoding: 'utf8' }).trim(), program)
      const identity = start(program, ['1000'])
      expect(liveness(identity)).toBe('alive')
      expect(groupMembers(identity.pid)).toEqual([identity.pid])
    } finally {
      rmSync(folder, { recursive: true, force: true })
    }
  })
})

describe('F11: who belongs to a tree', { timeout: 30_000 }, () => {
  test('the marker is found in any session and group, as a whole entry with its whole value', async () => {
    const marker = newMarker()
    const inGroup = start('sleep', ['1000'], { [marker.name]: marker.value })
    const [big, bigger] = ['x'.repeat(100_000), 'y'.repeat(100_000)]
    const behindMuch = start('sleep', ['1000'], { A: big, B: bigger, [marker.name]: marker.value })
    start('sleep', ['1000'], { [marker.name]: `${marker.value}0` })
    start('sleep', ['1000'], { [`X${marker.name}`]: marker.value })
    start('sleep', ['1000'], { OTHER: `${marker.name}=${marker.value}` })
    expect(sorted(findMarked(marker))).toEqual(sorted([inGroup.pid, behindMuch.pid]))
  })

  test('nobody finds himself', () => {
    const marker = newMarker()
    const identity = start('sleep', ['1000'])
    const answer = probe([process.execPath], { identity, marker }, { [marker.name]: marker.value })
    expect(answer.marked).toEqual([])
  })

  test('groups and families are told apart', async () => {
    const tag = newTag()
    const identity = start('sh', ['-c', `setsid sleep 1000.${tag} & sleep 2000.${tag} & wait`])
    const all = await eventually(() =>
      liveWith(`\u0000${1000}.${tag}`).length + liveWith(`\u0000${2000}.${tag}`).length === 2
        ? liveWith(tag)
        : null,
    )
    expect(sorted(descendants(identity.pid))).toEqual(sorted(all.filter((pid) => pid !== identity.pid)))
    expect(sorted(groupMembers(identity.pid))).toEqual(
      sorted([identity.pid, ...liveWith(`\u00002000.${tag}`)]),
    )
    await terminateTree({ leader: identity, marker: newMarker(), graceMs: 5000, clock: systemClock })
    expect(liveWith(tag)).toEqual([])
  })
})

describe('F01, F20: who is signalled', { timeout: 30_000 }, () => {
  test('a recycled pid, its group and its session are strangers', async () => {
    const tag = newTag()
    const stranger = start('sh', ['-c', `sleep 1000.${tag} & wait`])
    await eventually(() => liveWith(`\u00001000.${tag}`).length === 1)
    const recorded = { ...stranger, startTime: String(Number(stranger.startTime) - 1) }
    expect(
      await terminateTree({ leader: recorded, marker: newMarker(), graceMs: 50, clock: systemClock }),
    ).toEqual({ gone: true, killed: false, survivors: [] })
    expect(liveWith(tag)).toHaveLength(2)
  })

  test('a pid of an earlier boot is a stranger', async () => {
    const stranger = start('sleep', ['1000'])
    const ending = await terminateTree({
      leader: { ...stranger, bootId: randomUUID() },
      marker: newMarker(),
      graceMs: 50,
      clock: systemClock,
    })
    expect(ending.gone).toBe(true)
    expect(isLive(stranger.pid)).toBe(true)
  })

  test('what a dead leader left in its session is still its own, without any marker', async () => {
    const tag = newTag()
    const leader = start('sh', ['-c', `sleep 1000.${tag} & sleep 2000.${tag} & wait`])
    await eventually(() => liveWith(`\u00001000.${tag}`).length + liveWith(`\u00002000.${tag}`).length === 2)
    process.kill(leader.pid, 'SIGKILL')
    await eventually(() => liveness(leader) === 'gone')
    expect(
      await terminateTree({ leader, marker: newMarker(), graceMs: 5000, clock: systemClock }),
    ).toMatchObject({ gone: true, killed: false })
    expect(liveWith(tag)).toEqual([])
  })

  test('without a recorded leader the marker is enough', async () => {
    const marker = newMarker()
    const worker = start('sleep', ['1000'], { [marker.name]: marker.value })
    expect(await terminateTree({ leader: null, marker, graceMs: 5000, clock: systemClock })).toMatchObject({
      gone: true,
      killed: false,
    })
    await eventually(() => !isLive(worker.pid))
  })

  test('an aborted wait kills at once', async () => {
    const marker = newMarker()
    const tag = newTag()
    const leader = start('sh', ['-c', `trap '' TERM; while :; do sleep 1000.${tag}; done`], {
      [marker.name]: marker.value,
    })
    await eventually(() => liveWith(`\u00001000.${tag}`).length === 1)
    const hurry = new AbortController()
    const ending = terminateTree({
      leader,
      marker,
      graceMs: 3_600_000,
      clock: systemClock,
      signal: hurry.signal,
    })
    hurry.abort()
    expect(await ending).toEqual({ gone: true, killed: true, survivors: [] })
  })
})

const canUnshare = spawnSync('unshare', ['--mount', '--pid', '--fork', 'true']).status === 0
const isRoot = process.getuid?.() === 0

describe('F20: cannot tell is never dead', { timeout: 30_000 }, () => {
  const question = () => ({ identity: start('sleep', ['1000']), marker: newMarker() })

  test.runIf(canUnshare)('an empty process table proves nothing', () => {
    const asked = question()
    const answer = probe(
      ['unshare', '--mount', 'sh', '-c', 'mount -t tmpfs none /proc && exec "$0" "$@"', process.execPath],
      asked,
    )
    expect(answer).toMatchObject({
      own: null,
      liveness: 'unknown',
      marked: 'unknown',
      ending: { gone: false, killed: false, survivors: [] },
    })
    expect(isLive(asked.identity.pid)).toBe(true)
  })

  test.runIf(canUnshare)('a process table of another PID namespace proves nothing', () => {
    const asked = question()
    const answer = probe(['unshare', '--pid', '--fork', process.execPath], asked)
    expect(answer).toMatchObject({
      own: null,
      liveness: 'unknown',
      marked: 'unknown',
      ending: { gone: false },
    })
    expect(isLive(asked.identity.pid)).toBe(true)
  })

  test.runIf(canUnshare)('a client in another PID namespace neither judges nor signals', () => {
    const asked = question()
    const answer = probe(['unshare', '--mount', '--pid', '--fork', '--mount-proc', process.execPath], asked)
    expect(answer.liveness).toBe('unknown')
    expect(answer.own?.bootId).not.toBe(asked.identity.bootId)
    expect(isLive(asked.identity.pid)).toBe(true)
  })

  test.runIf(isRoot)('what may not be signalled is a survivor, not gone', () => {
    const asked = question()
    const answer = probe(['setpriv', '--reuid', '65534', '--clear-groups', process.execPath], asked)
    expect(answer).toMatchObject({
      liveness: 'alive',
      ending: { gone: false, survivors: [asked.identity.pid] },
    })
    expect(isLive(asked.identity.pid)).toBe(true)
  })
})

interface Answer {
  readonly own: ProcessIdentity | null
  readonly liveness: string
  readonly marked: number[] | 'unknown'
  readonly ending: { readonly gone: boolean }
}

const probe = (command: readonly string[], question: Question, env: Record<string, string> = {}): Answer => {
  const [program, ...args] = [
    ...command,
    join(import.meta.dirname, 'process-probe.ts'),
    JSON.stringify(question),
  ]
  return JSON.parse(
    execFileSync(program, args, { encoding: 'utf8', env: { PATH: process.env['PATH'], ...env } }),
  ) as Answer
}

const childrenOf = (parent: number): number[] =>
  readdirSync('/proc')
    .map(Number)
    .filter((pid) => Number.isInteger(pid))
    .filter((pid) => {
      try {
        return readFileSync(`/proc/${pid}/status`, 'latin1').includes(`PPid:\t${parent}\n`)
      } catch {
        return false
      }
    })

const sorted = (pids: readonly number[] | 'unknown') =>
  pids === 'unknown' ? pids : pids.toSorted((a, b) => a - b)
