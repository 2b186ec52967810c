import { appendFileSync, mkdtempSync, renameSync, rmSync, symlinkSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { dirname, join } from 'node:path'
import { describe, expect, test } from 'vitest'
import { followLog, readLog, type LogFile } from './run-log.ts'

function logFile(): Disposable & LogFile {
  const folder = mkdtempSync(join(tmpdir(), 'yard-log-'))
  return {
    path: join(folder, 'run.log'),
    folder: null,
    [Symbol.dispose]: () => rmSync(folder, { recursive: true, force: true }),
  }
}

describe('the log of a run', () => {
  test('is read across its two files', async () => {
    using log = logFile()
    expect(await readLog(log, null)).toMatchObject({ exists: false, size: 0, content: '', isCut: false })
    writeFileSync(`${log.path}.1`, 'old 1\nold 2\n')
    writeFileSync(log.path, 'new 1\nnew 2\n')
    expect(await readLog(log, null)).toMatchObject({
      exists: true,
      size: 24,
      content: 'old 1\nold 2\nnew 1\nnew 2\n',
      isCut: false,
    })
    expect(await readLog(log, 12)).toMatchObject({ content: 'new 1\nnew 2\n', isCut: true })
    expect(await readLog(log, 15)).toMatchObject({ content: ' 2\nnew 1\nnew 2\n', isCut: true })
    expect(await readLog(log, 1_000)).toMatchObject({ size: 24, isCut: false })
    rmSync(`${log.path}.1`)
    expect(await readLog(log, 6)).toMatchObject({ size: 12, content: 'new 2\n', isCut: true })
  })

  test('is cut between characters, never inside of one', async () => {
    using log = logFile()
    writeFileSync(log.path, 'a🦊b')
    for (const bytes of [1, 2, 3, 4]) expect((await readLog(log, bytes)).content).toBe('b')
    expect((await readLog(log, 5)).content).toBe('🦊b')
  })

  test('is followed in whole lines, through a rotation, to the end of the run', async () => {
    using log = logFile()
    writeFileSync(log.path, 'before\n')
    const { end } = await readLog(log, null)
    let isOver = false
    const lines = followLog({
      log,
      from: end,
      signal: new AbortController().signal,
      hasEnded: () => Promise.resolve(isOver),
    })[Symbol.asyncIterator]()
    appendFileSync(log.path, 'one\ntw')
    expect(await lines.next()).toMatchObject({ value: 'one\n' })
    appendFileSync(log.path, 'o\nthree\n')
    renameSync(log.path, `${log.path}.1`)
    writeFileSync(log.path, 'four\n')
    expect(await lines.next()).toMatchObject({ value: 'two\nthree\n' })
    expect(await lines.next()).toMatchObject({ value: 'four\n' })
    appendFileSync(log.path, 'five\nno line end')
    isOver = true
    expect(await lines.next()).toMatchObject({ value: 'five\n' })
    expect(await lines.next()).toMatchObject({ value: 'no line end' })
    expect(await lines.next()).toMatchObject({ done: true })
  })

  test('that does not exist yet is waited for, until somebody has seen enough', async () => {
    using log = logFile()
    const seen = new AbortController()
    const lines = followLog({
      log,
      from: { file: null, offset: 0 },
      signal: seen.signal,
      hasEnded: () => Promise.resolve(false),
    })[Symbol.asyncIterator]()
    const first = lines.next()
    writeFileSync(log.path, 'hello\n')
    expect(await first).toMatchObject({ value: 'hello\n' })
    const next = lines.next()
    seen.abort()
    expect(await next).toMatchObject({ done: true })
  })

  test('is followed to the end by a reader who is slower than its rotation', async () => {
    using log = logFile()
    writeFileSync(log.path, 'a'.repeat(200_000) + '\n')
    let isOver = false
    const lines = followLog({
      log,
      from: { file: null, offset: 0 },
      signal: new AbortController().signal,
      hasEnded: () => Promise.resolve(isOver),
    })
    // Rotated away twice while the first of it is read.
    const first = lines.next()
    renameSync(log.path, `${log.path}.1`)
    rmSync(`${log.path}.1`)
    writeFileSync(log.path, 'newest\n')
    isOver = true
    let all = String((await first).value)
    for await (const line of lines) all += line
    expect(all.endsWith('newest\n')).toBe(true)
  })

  test('is passed on in parts where a line does not end', async () => {
    using log = logFile()
    writeFileSync(log.path, 'x'.repeat(2_500_000))
    const parts = []
    for await (const part of followLog({
      log,
      from: { file: null, offset: 0 },
      signal: new AbortController().signal,
      hasEnded: () => Promise.resolve(true),
    }))
      parts.push(part.length)
    expect(parts.length).toBeGreaterThan(2)
    expect(parts.reduce((sum, length) => sum + length, 0)).toBe(2_500_000)
  })

  test('outside of the folder of logs is as good as none', async () => {
    using log = logFile()
    using other = logFile()
    writeFileSync(log.path, 'secret\n')
    const confined = { path: log.path, folder: dirname(other.path) }
    expect(await readLog(confined, null)).toMatchObject({ exists: false, content: '' })
    const follow = followLog({
      log: confined,
      from: { file: null, offset: 0 },
      signal: new AbortController().signal,
      hasEnded: () => Promise.resolve(true),
    })
    expect(await follow.next()).toMatchObject({ done: true })
    symlinkSync(log.path, other.path)
    expect(await readLog({ path: other.path, folder: dirname(other.path) }, null)).toMatchObject({
      exists: false,
      content: '',
    })
  })
})
