import { execFileSync, spawnSync } from 'node:child_process'
import {
  existsSync,
  mkdirSync,
  readdirSync,
  readFileSync,
  rmSync,
  statSync,
  symlinkSync,
  writeFileSync,
} from 'node:fs'
import { dirname, join } from 'node:path'
import { describe, expect, test } from 'vitest'
import { RunLog } from '../../src/runner/run-log.ts'
import { SecretMask } from '../../src/runner/secret-mask.ts'
import { eventually } from './observer.ts'
import { fixture, openScene } from './worker-fixture.ts'

const MAX_BYTES = 2 * 1024 * 1024
const clock = { monotonicMs: () => 7 }

describe('the log of a run', { timeout: 30_000 }, () => {
  test('is readable by its owner only', () => {
    using scene = openScene()
    scene.log.append('stdout', Buffer.from('x\n'))
    expect(statSync(scene.logPath).mode & 0o777).toBe(0o600)
    expect(statSync(dirname(scene.logPath)).mode & 0o777).toBe(0o700)
  })

  test('takes away what others may read of a file that was there before', () => {
    using scene = openScene()
    const path = join(scene.folder, 'old.log')
    writeFileSync(path, 'old\n', { mode: 0o644 })
    RunLog.open(path, { mask: new SecretMask([]), clock }).close()
    expect(statSync(path).mode & 0o777).toBe(0o600)
    expect(readFileSync(path, 'utf8')).toBe('old\n')
  })

  test('is not written through a planted link', () => {
    using scene = openScene()
    const target = join(scene.folder, 'target')
    writeFileSync(target, 'precious')
    symlinkSync(target, join(scene.folder, 'link.log'))
    const log = RunLog.open(join(scene.folder, 'link.log'), { mask: new SecretMask([]), clock })
    log.append('stdout', Buffer.from('x\n'))
    expect(log.fault).toMatch(/ELOOP/)
    log.close()
    expect(readFileSync(target, 'utf8')).toBe('precious')
  })

  test('keeps lines of the two streams whole, however they arrive', () => {
    using scene = openScene()
    scene.log.append('stdout', Buffer.from('out '))
    scene.log.append('stderr', Buffer.from('err '))
    scene.log.append('stdout', Buffer.from('line\n'))
    scene.log.append('stderr', Buffer.from('line\nend of err'))
    scene.log.append('stdout', Buffer.from('end of out'))
    scene.log.note('stopped')
    scene.log.close()
    expect(scene.output()).toBe('out line\nerr line\n[yard] stopped\nend of out\nend of err')
  })

  test('counts what was printed, and when last', () => {
    using scene = openScene()
    let ms = 100
    const log = RunLog.open(join(scene.folder, 'x.log'), {
      mask: new SecretMask(['secret-value']),
      clock: { monotonicMs: () => ms },
    })
    expect(log.lastOutputAt).toBe(100)
    ms = 250
    log.append('stderr', Buffer.from('secret-value é'))
    expect(log.bytesSeen).toBe(15)
    expect(log.lastOutputAt).toBe(250)
    log.close()
  })
})

describe('F36: its last lines', { timeout: 30_000 }, () => {
  const lines = (text: string, count = 100, maxBytes = 10_000) => {
    using scene = openScene(['hunter2-secret'])
    scene.log.append('stdout', Buffer.from(text))
    return scene.log.lastLines(count, maxBytes)
  }

  test('are the last ones, without colours and empty ends', () =>
    expect(lines('a\n\u001b[31mb\u001b[0m\nc\n\n  \n', 2)).toBe('b\nc'))
  test('include the unfinished one, masked', () => expect(lines('a\nb hunter2-secret')).toBe('a\nb [masked]'))
  test('show of a progress bar what was last to be seen', () =>
    expect(lines('10%\r20%\r100%\ndone\r\n')).toBe('100%\ndone'))
  test('fit into the given bytes by whole lines', () =>
    expect(lines('aaaa\nbbbb\ncccc\n', 9, 9)).toBe('bbbb\ncccc'))
  test('or by the end of one line, cut between characters', () =>
    expect(lines(`x\n${'é'.repeat(50)}`, 9, 9)).toBe('éééé'))
  test('of nothing are nothing', () => expect(lines('')).toBe(''))

  test('include the unfinished ones of both streams', () => {
    using scene = openScene()
    scene.log.append('stdout', Buffer.from('one\nout'))
    scene.log.append('stderr', Buffer.from('err'))
    expect(scene.log.lastLines(9, 100)).toBe('one\nout\nerr')
  })

  test('of dots for ever are dots', async () => {
    using scene = openScene()
    await using worker = await scene.start([fixture('dots.sh')])
    await eventually(() => scene.log.bytesSeen > 20)
    expect(scene.log.lastLines(1, 10)).toBe('..........')
    await worker.terminate({ because: 'stop', graceMs: 5000 })
  })
})

describe('F39: however much is printed', { timeout: 30_000 }, () => {
  test(
    '50 MB leave two generations within their size, with the end of the output',
    { timeout: 60_000 },
    async () => {
      using scene = openScene()
      const worker = await scene.start([fixture('floods.sh'), '6500000'])
      let largest = 0
      const watch = setInterval(
        () => (largest = Math.max(largest, sizeOf(scene.logPath) + sizeOf(`${scene.logPath}.1`))),
        1,
      )
      await worker.ended
      clearInterval(watch)
      expect(scene.log.bytesSeen).toBeGreaterThan(50_000_000)
      expect(largest).toBeLessThanOrEqual(2 * MAX_BYTES)
      expect(readdirSync(dirname(scene.logPath)).toSorted()).toEqual(['run.log', 'run.log.1'])
      expect(scene.log.lastLines(3, 1000)).toBe('6499998\n6499999\n6500000')
      const kept = `${readFileSync(`${scene.logPath}.1`, 'utf8')}${scene.output()}`
        .trim()
        .split('\n')
        .map(Number)
      expect(kept.length).toBeGreaterThan(250_000)
      expect(kept.every((number, index) => number === 6_500_000 - kept.length + 1 + index)).toBe(true)
    },
  )

  test('a line longer than a generation is cut, not kept whole', () => {
    using scene = openScene()
    const path = join(scene.folder, 'x.log')
    const log = RunLog.open(path, { mask: new SecretMask([]), clock, maxBytes: 1000 })
    log.append('stdout', Buffer.from(`${'x'.repeat(5500)}\nend\n`))
    log.close()
    expect(statSync(path).size).toBeLessThanOrEqual(1000)
    expect(statSync(`${path}.1`).size).toBeLessThanOrEqual(1000)
    expect(readFileSync(path, 'utf8')).toMatch(/x\nend\n$/)
  })

  test('a file that somebody removed is begun again', () => {
    using scene = openScene()
    const path = join(scene.folder, 'gone', 'x.log')
    const log = RunLog.open(path, { mask: new SecretMask([]), clock, maxBytes: 100 })
    log.append('stdout', Buffer.from(`${'x'.repeat(80)}\n`))
    rmSync(dirname(path), { recursive: true })
    log.append('stdout', Buffer.from(`${'y'.repeat(80)}\n`))
    log.close()
    expect(readFileSync(path, 'utf8')).toMatch(/^y+\n$/)
    expect(existsSync(`${path}.1`)).toBe(false)
  })

  test.runIf(spawnSync('unshare', ['--mount', 'true']).status === 0)(
    'a full disk loses output and says so in the log when there is room again',
    () => {
      using scene = openScene()
      const mount = join(scene.folder, 'small')
      mkdirSync(mount)
      const command = 'mount -t tmpfs -o size=128k none "$2" && exec "$0" "$1" "$2"'
      const probe = join(import.meta.dirname, 'full-disk-probe.ts')
      const answer = JSON.parse(
        execFileSync('unshare', ['--mount', 'sh', '-c', command, process.execPath, probe, mount], {
          encoding: 'utf8',
        }),
      )
      expect(answer.faultWhileFull).toMatch(/ENOSPC/)
      expect(answer.lastWhileFull).toBe('lost 19999')
      expect(answer.faultAfter).toBeNull()
      expect(answer.text).toMatch(
        /^before\n(lost \d+\n)*(lost? ?\d*\n)?\[yard\] \d+ bytes of output are missing here: ENOSPC.*\nafter\n$/,
      )
      const missing = Number(/(\d+) bytes of output are missing/.exec(answer.text)?.[1])
      const kept = Buffer.byteLength(answer.text.replace(/\n?\[yard\].*\n/, ''))
      expect(missing + kept).toBe(answer.bytesSeen)
    },
  )
})

describe('F18: nothing secret is on disk', { timeout: 30_000 }, () => {
  test('whatever way a worker prints it', async () => {
    const secret = 'Pa55/word+with=everything&more'
    using scene = openScene([secret])
    const worker = await scene.start([process.execPath, fixture('splits-secret.mjs')], {
      env: { SECRET: secret },
    })
    expect(await worker.ended).toMatchObject({ exitCode: 0 })
    const text = scene.output()
    for (const form of [
      secret,
      Buffer.from(secret).toString('base64'),
      Buffer.from(secret).toString('hex'),
      encodeURIComponent(secret),
      'Pa55',
      'everything',
    ])
      expect(text).not.toContain(form)
    expect(text.split('[masked]').length).toBeGreaterThan(8)
    expect(text).toMatch(/page=2/)
    expect(text).toContain('\u001b[31mend\u001b[0m')
  })
})

const sizeOf = (path: string): number => statSync(path, { throwIfNoEntry: false })?.size ?? 0
