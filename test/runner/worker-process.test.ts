import { chmodSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { describe, expect, test } from 'vitest'
import { liveness } from '../../src/lib/process-identity.ts'
import { WorkerProcess } from '../../src/runner/worker-process.ts'
import { commandOf, eventually, isLive, liveWith, newTag } from './observer.ts'
import { fixture, openScene } from './worker-fixture.ts'

describe('how a worker starts', { timeout: 30_000 }, () => {
  test('its identity is known, and it leads a session of its own', async () => {
    using scene = openScene()
    await using worker = await scene.start(['sleep', `1000.${newTag()}`])
    expect(liveness(worker.identity)).toBe('alive')
    expect(worker.identity.pid).not.toBe(process.pid)
  })

  test('F36: each way of not starting has its own words and is no exit', async () => {
    using scene = openScene()
    const notExecutable = join(scene.folder, 'plain')
    writeFileSync(notExecutable, 'text')
    const badInterpreter = join(scene.folder, 'script')
    writeFileSync(badInterpreter, '#!/no/such/shell\n')
    chmodSync(badInterpreter, 0o755)
    const code = async (...[argv, more]: Parameters<typeof scene.options>) => {
      const outcome = await WorkerProcess.start(scene.options(argv, more))
      return outcome.started ? 'started' : `${outcome.failure.code}: ${outcome.failure.message}`
    }
    expect(await code(['no-such-program'])).toMatch(/^program_not_found: .*no-such-program.*PATH/)
    expect(await code(['/no/such/program'])).toMatch(/^program_not_found/)
    expect(await code([notExecutable])).toMatch(/^not_executable/)
    expect(await code([badInterpreter])).toMatch(/^not_executable: .*interpreter/)
    expect(await code(['true'], { cwd: '/no/such/folder' })).toMatch(/^folder_missing: .*\/no\/such\/folder/)
    expect(await code(['true', 'x'.repeat(3_000_000)])).toMatch(/^arguments_too_long/)
  })

  test('it gets the given environment, the marker and nothing else', async () => {
    using scene = openScene()
    const worker = await scene.start(['env'], {
      env: { PATH: '/usr/bin:/bin', ONE: '1' },
      marker: { name: 'MARK', value: 'm' },
    })
    await worker.ended
    expect(scene.output().trim().split('\n').toSorted()).toEqual(['MARK=m', 'ONE=1', 'PATH=/usr/bin:/bin'])
  })

  test('it reads its input to the end, and its streams have names in /dev', async () => {
    using scene = openScene()
    const worker = await scene.start([fixture('device-files.sh')], { stdin: 'from input\n' })
    await worker.ended
    expect(scene.output().split('\n').toSorted()).toEqual(['', 'from input', 'to stderr', 'to stdout'])
  })

  test('without an input it reads an end of file', async () => {
    using scene = openScene()
    const worker = await scene.start(['cat'])
    expect(await worker.ended).toMatchObject({ exitCode: 0, because: null })
  })

  test('an input of megabytes that nobody reads disturbs nobody', async () => {
    using scene = openScene()
    const worker = await scene.start(['true'], { stdin: 'x'.repeat(5_000_000) })
    expect(await worker.ended).toMatchObject({ exitCode: 0, signal: null })
  })
})

describe('how a worker ends', { timeout: 30_000 }, () => {
  test.each([0, 3, 145])('F36: exit code %i is reported with its last words', async (code) => {
    using scene = openScene()
    const worker = await scene.start([fixture('exits.sh'), String(code)])
    expect(await worker.ended).toMatchObject({
      exitCode: code,
      signal: null,
      because: null,
      gone: true,
      killed: false,
    })
    expect(scene.log.lastLines(5, 1000)).toBe(`leaving with ${code}`)
  })

  test.each(['KILL', 'SEGV', 'TERM'])('F36: death by SIG%s is reported as that', async (signal) => {
    using scene = openScene()
    const worker = await scene.start([fixture('dies.sh'), signal])
    expect(await worker.ended).toMatchObject({ exitCode: null, signal: `SIG${signal}`, because: null })
    expect(scene.log.lastLines(5, 1000)).toBe(`dying by ${signal}`)
  })

  test('one that cleans up when asked keeps its own exit code', async () => {
    using scene = openScene()
    const tag = newTag()
    const worker = await scene.start([fixture('cleans-up.sh'), tag])
    // Its helper too is there to hear the request: between fork and exec it would be lost on it.
    await eventually(() => liveWith(tag).some((pid) => commandOf(pid)[0] === 'sleep'))
    await worker.terminate({ because: 'stop', graceMs: 20_000 })
    expect(await worker.ended).toMatchObject({ exitCode: 5, because: 'stop', gone: true, killed: false })
    expect(scene.log.lastLines(1, 100)).toBe('cleaned up')
  })

  test('the first reason wins, and a second call shortens the grace', async () => {
    using scene = openScene()
    const worker = await scene.start([fixture('ignores-term.sh'), newTag()])
    await eventually(() => scene.log.bytesSeen)
    const patient = worker.terminate({ because: 'timed out', graceMs: 3_600_000 })
    await worker.terminate({ because: 'stopped by a person', graceMs: 0 })
    expect(await patient).toMatchObject({ gone: true, killed: true })
    expect(await worker.ended).toMatchObject({ because: 'timed out', signal: 'SIGKILL' })
  })

  test('F11: a grandchild that holds the output open delays no ending', async () => {
    using scene = openScene()
    const tag = newTag()
    const worker = await scene.start([fixture('holds-stdout.sh'), tag])
    expect(await worker.ended).toMatchObject({ exitCode: 0, gone: true, killed: true, because: null })
    expect(liveWith(tag)).toEqual([])
    expect(scene.output()).toBe('done\n')
  })

  test('everything that was printed before the end is in the log', async () => {
    using scene = openScene()
    const worker = await scene.start([fixture('floods.sh'), '200000'])
    await worker.ended
    expect(scene.log.lastLines(2, 100)).toBe('199999\n200000')
    expect(scene.log.bytesSeen).toBe(1_288_895)
  })
})

describe('F01, F11: no ending leaves a process behind', () => {
  const endings = {
    'a polite stop': (worker: WorkerProcess) => worker.terminate({ because: 'stop', graceMs: 300 }),
    'a kill': (worker: WorkerProcess) => worker.terminate({ because: 'stop', graceMs: 0 }),
    'a killed leader': (worker: WorkerProcess) => process.kill(worker.identity.pid, 'SIGKILL'),
  }
  const workers = [
    'ignores-term',
    'forks-grandchild',
    'double-forks',
    'respawns',
    'stops-itself',
    'drops-marker',
    'daemon',
    'chain',
  ]
  for (const [ending, end] of Object.entries(endings)) {
    test.each(workers)(`%s, ended by ${ending}`, { timeout: 30_000 }, async (name) => {
      using scene = openScene()
      const tag = newTag()
      const worker = await scene.start([fixture(`${name}.sh`), tag, 'stay'])
      await eventually(
        () => scene.log.bytesSeen > 0 && liveWith(name === 'stops-itself' ? tag : `1000.${tag}`).length > 0,
      )
      await end(worker)
      expect(await worker.ended).toMatchObject({ gone: true, survivors: [] })
      // More than one look: one of them is never the same process for long.
      for (let look = 0; look < 10; look++) expect(liveWith(tag)).toEqual([])
      expect(isLive(worker.identity.pid)).toBe(false)
    })
  }

  test.each(['daemon', 'drops-marker', 'chain'])(
    '%s, succeeding by itself',
    { timeout: 30_000 },
    async (name) => {
      using scene = openScene()
      const tag = newTag()
      const worker = await scene.start([fixture(`${name}.sh`), tag])
      expect(await worker.ended).toMatchObject({ exitCode: 0, gone: true, because: null })
      for (let look = 0; look < 10; look++) expect(liveWith(tag)).toEqual([])
    },
  )

  test(
    'a helper without environment in its own session goes with its living parent',
    { timeout: 30_000 },
    async () => {
      using scene = openScene()
      const tag = newTag()
      const worker = await scene.start([fixture('drops-everything.sh'), tag])
      await eventually(() => liveWith(`1000.${tag}`).length)
      await worker.terminate({ because: 'stop', graceMs: 5000 })
      expect((await worker.ended).gone).toBe(true)
      expect(liveWith(tag)).toEqual([])
    },
  )

  test('a stopped worker is continued so that it can hear the request', { timeout: 30_000 }, async () => {
    using scene = openScene()
    const worker = await scene.start([fixture('stops-itself.sh'), newTag()])
    await eventually(() => scene.log.bytesSeen)
    await worker.terminate({ because: 'stop', graceMs: 20_000 })
    expect(await worker.ended).toMatchObject({ exitCode: 3, killed: false })
  })

  test(
    'F42: a run that was started from inside another run stays, when the outer one ends',
    { timeout: 30_000 },
    async () => {
      using scene = openScene()
      const tag = newTag()
      const command = `setsid env YARD_TEST_MARK=inner sleep 1000.${tag} >/dev/null 2>&1 & echo ready; wait`
      const worker = await scene.start(['sh', '-c', command])
      const inner = await eventually(() => liveWith(tag).find((pid) => commandOf(pid)[0] === 'sleep'))
      await worker.terminate({ because: 'stop', graceMs: 5000 })
      await worker.ended
      expect(liveWith(tag)).toEqual([inner])
      process.kill(inner, 'SIGKILL')
    },
  )
})
