import { readFile } from 'node:fs/promises'
import { join } from 'node:path'
import { describe, expect, test } from 'vitest'
import { git, tryGit } from '../../src/workspaces/git.ts'
import { oneAtATime } from '../../src/workspaces/one-at-a-time.ts'
import { wrapGit, yard } from './support.ts'

describe('running git', () => {
  test('ends one that hangs, and says so', async () => {
    await using board = await yard()
    await using _slow = await wrapGit(board.folder, 'exec sleep 600')
    await expect(tryGit(['status'], { cwd: board.folder, timeoutMs: 50 })).rejects.toThrow(
      'git status did not finish within 0.05 s',
    )
  })

  test('stops when the caller does, with everything it started', async () => {
    await using board = await yard()
    const pidFile = join(board.folder, 'pid')
    await using _slow = await wrapGit(
      board.folder,
      `sleep 600 & echo $! > "${pidFile}.part"; mv "${pidFile}.part" "${pidFile}"; wait`,
    )
    const caller = new AbortController()
    const waiting = tryGit(['status'], { cwd: board.folder, signal: caller.signal })
    waiting.catch(() => {})
    const started = await untilWritten(pidFile)
    caller.abort(new Error('shutting down'))
    await expect(waiting).rejects.toThrow('shutting down')
    await untilGone(Number(started))
    await expect(tryGit(['status'], { cwd: board.folder, signal: caller.signal })).rejects.toThrow(
      'shutting down',
    )
  })

  test('gives it nothing of our environment but what it needs', async () => {
    await using board = await yard()
    process.env['YARD_TEST_SECRET'] = 'hunter2'
    try {
      await using _wrapped = await wrapGit(board.folder, `env > "${board.folder}/env"`)
      await git(['--version'], { cwd: board.folder })
    } finally {
      delete process.env['YARD_TEST_SECRET']
    }
    const environment = await readFile(join(board.folder, 'env'), 'utf8')
    expect(environment).toContain('GIT_TERMINAL_PROMPT=0')
    expect(environment).not.toContain('hunter2')
  })

  test('cuts output that is longer than asked for', async () => {
    await using board = await yard()
    await using _endless = await wrapGit(board.folder, 'exec yes')
    const result = await tryGit(['log'], { cwd: board.folder, maxBytes: 1000 })
    expect(result).toMatchObject({ truncated: true, code: 0 })
    expect(result.stdout).toHaveLength(1000)
  })
})

test('work on one key is done in order, failures included, and other keys do not wait', async () => {
  const inTurn = oneAtATime()
  const done: string[] = []
  const gate = Promise.withResolvers<void>()
  const first = inTurn('a', async () => {
    await gate.promise
    done.push('a1')
    throw new Error('a1 failed')
  })
  const second = inTurn('a', async () => done.push('a2'))
  await inTurn('b', async () => done.push('b1'))
  gate.resolve()
  await expect(first).rejects.toThrow('a1 failed')
  await second
  expect(done).toEqual(['b1', 'a1', 'a2'])
})

async function untilWritten(path: string): Promise<string> {
  for (;;) {
    const text = await readFile(path, 'utf8').catch(() => null)
    if (text !== null) return text
    await new Promise((resolve) => setImmediate(resolve))
  }
}

/** Waits until a process has ended; a zombie that nobody has reaped yet counts as ended. */
async function untilGone(pid: number): Promise<void> {
  for (;;) {
    const state = await readFile(`/proc/${pid}/stat`, 'utf8').catch(() => null)
    if (state === null || /\) Z /.test(state)) return
    await new Promise((resolve) => setImmediate(resolve))
  }
}
