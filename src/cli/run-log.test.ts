import { appendFileSync, mkdtempSync, renameSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { describe, expect, test } from 'vitest'
import { followLog, readLog } from './run-log.ts'

function logFile(): Disposable & { readonly path: string } {
  const folder = mkdtempSync(join(tmpdir(), 'yard-log-'))
  return {
    path: join(folder, 'run.log'),
    [Symbol.dispose]: () => rmSync(folder, { recursive: true, force: true }),
  }
}

describe('the log of a run', () => {
  test('is read across its two files', () => {
    using log = logFile()
    expect(readLog(log.path, null)).toMatchObject({ exists: false, size: 0, content: '', isCut: false })
    writeFileSync(`${log.path}.1`, 'old 1\nold 2\n')
    writeFileSync(log.path, 'new 1\nnew 2\n')
    expect(readLog(log.path, null)).toMatchObject({
      exists: true,
      size: 24,
      content: 'old 1\nold 2\nnew 1\nnew 2\n',
      isCut: false,
    })
    expect(readLog(log.path, 12)).toMatchObject({ content: 'new 1\nnew 2\n', isCut: true })
    expect(readLog(log.path, 15)).toMatchObject({ content: ' 2\nnew 1\nnew 2\n', isCut: true })
    expect(readLog(log.path, 1_000)).toMatchObject({ size: 24, isCut: false })
    rmSync(`${log.path}.1`)
    expect(readLog(log.path, 6)).toMatchObject({ size: 12, content: 'new 2\n', isCut: true })
  })

  test('is cut between characters, never inside of one', () => {
    using log = logFile()
    writeFileSync(log.path, 'a🦊b')
    for (const bytes of [1, 2, 3, 4]) expect(readLog(log.path, bytes).content).toBe('b')
    expect(readLog(log.path, 5).content).toBe('🦊b')
  })

  test('is followed in whole lines, through a rotation, to the end of the run', async () => {
    using log = logFile()
    writeFileSync(log.path, 'before\n')
    const { end } = readLog(log.path, null)
    let isOver = false
    const lines = followLog({
      path: log.path,
      from: end,
      signal: new AbortController().signal,
      hasEnded: () => Promise.resolve(isOver),
    })[Symbol.asyncIterator]()
    appendFileSync(log.path, 'one\ntw')
    expect(await lines.next()).toMatchObject({ value: 'one\n' })
    appendFileSync(log.path, 'o\nthree\n')
    renameSync(log.path, `${log.path}.1`)
    writeFileSync(log.path, 'four\n')
    expect(await lines.next()).toMatchObject({ value: 'two\nthree\nfour\n' })
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
      path: log.path,
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
})
