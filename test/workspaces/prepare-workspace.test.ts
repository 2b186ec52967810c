import { execFile } from 'node:child_process'
import { chmod, lstat, mkdir, readdir, readFile, rename, rm, stat, symlink } from 'node:fs/promises'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { promisify } from 'node:util'
import { describe, expect, test } from 'vitest'
import { MARKER_NAME, readMarker } from '../../src/workspaces/marker.ts'
import { BOARD, commit, fingerprint, git, logGit, repositoryFingerprint, write, yard } from './support.ts'

const run = promisify(execFile)

describe('a scratch workspace', () => {
  test('is made private to its owner and carries our marker', async () => {
    await using board = await yard()
    const { path, created } = await board.prepare({ taskId: 't_1', kind: 'scratch' })
    expect(created).toBe(true)
    expect((await stat(path)).mode & 0o777).toBe(0o700)
    expect(await readMarker(path)).toMatchObject({ boardId: BOARD, taskId: 't_1', kind: 'scratch' })
    expect(JSON.parse(await readFile(join(path, MARKER_NAME), 'utf8'))).toMatchObject({
      board: BOARD,
      task: 't_1',
      kind: 'scratch',
      created_at: expect.any(Number),
    })
    expect(await readdir(board.workspacesRoot)).toEqual(['t_1'])
  })

  test('is continued in by a retry', async () => {
    await using board = await yard()
    const { path } = await board.prepare({ taskId: 't_1', kind: 'scratch' })
    await write(join(path, 'notes.md'), 'half done')
    expect(await board.prepare({ taskId: 't_1', kind: 'scratch' })).toEqual({ path, created: false })
    expect(await readFile(join(path, 'notes.md'), 'utf8')).toBe('half done')
  })

  test('is never made over something we did not make for this card (F07)', async () => {
    await using board = await yard()
    const path = join(board.workspacesRoot, 't_1')
    const taken = { code: 'workspace_taken', kind: 'conflict' }

    await write(join(path, 'thesis.tex'), 'years of work')
    const before = await fingerprint(board.folder)
    await expect(board.prepare({ taskId: 't_1', kind: 'scratch' })).rejects.toMatchObject(taken)
    expect(await fingerprint(board.folder)).toEqual(before)

    await rename(path, join(board.folder, 'theirs'))
    await symlink(join(board.folder, 'theirs'), path)
    await expect(board.prepare({ taskId: 't_1', kind: 'scratch' })).rejects.toMatchObject(taken)
    await rm(path)
    await write(path, 'a file')
    await expect(board.prepare({ taskId: 't_1', kind: 'scratch' })).rejects.toMatchObject(taken)
    await rm(path)

    await board.prepare({ taskId: 't_1', kind: 'scratch' })
    await expect(board.prepare({ taskId: 't_1', kind: 'scratch' }, 'board-2')).rejects.toMatchObject(taken)
    await expect(
      board.prepare({ taskId: 't_1', kind: 'worktree', path: await board.repository() }),
    ).rejects.toMatchObject(taken)
    await rename(path, join(board.workspacesRoot, 't_2'))
    await expect(board.prepare({ taskId: 't_2', kind: 'scratch' })).rejects.toMatchObject(taken)
  })

  test('takes over an empty folder and what a crash left of making it', async () => {
    await using board = await yard()
    await mkdir(join(board.workspacesRoot, 't_1'), { recursive: true })
    await write(join(board.workspacesRoot, '.making-t_1', MARKER_NAME), '{"form')
    const { path, created } = await board.prepare({ taskId: 't_1', kind: 'scratch' })
    expect(created).toBe(true)
    expect(await readMarker(path)).not.toBeNull()
    expect(await readdir(board.workspacesRoot)).toEqual(['t_1'])
  })
})

describe('a folder of the user’s', () => {
  test('is used as it is and gets no marker (F07)', async () => {
    await using board = await yard()
    const project = join(board.folder, 'project')
    await write(join(project, 'canary'), 'alive')
    const before = await fingerprint(project)
    expect(await board.prepare({ taskId: 't_1', kind: 'dir', path: project })).toEqual({
      path: project,
      created: false,
    })
    expect(await fingerprint(project)).toEqual(before)
  })

  test('tells the commit it stands on when it is in git', async () => {
    await using board = await yard()
    const repository = await board.repository()
    const baseCommit = await git(repository, 'rev-parse', 'HEAD')
    expect(await board.prepare({ taskId: 't_1', kind: 'dir', path: repository })).toEqual({
      path: repository,
      created: false,
      baseCommit,
    })
  })
})

describe('a worktree', () => {
  test('is a checkout of its own on a branch of its own, and git status of the user’s repository says nothing of it', async () => {
    await using board = await yard()
    const repository = await board.repository()
    await write(join(repository, 'README.md'), 'edited by its owner\n')
    await write(join(repository, 'untracked'), 'x')
    const before = await repositoryFingerprint(repository)
    const statusBefore = await git(repository, 'status', '--porcelain=v2', '--branch')
    const indexBefore = await readFile(join(repository, '.git/index'))

    const { path, created, baseCommit } = await board.prepare({
      taskId: 't_1',
      kind: 'worktree',
      path: repository,
    })
    expect(created).toBe(true)
    expect(baseCommit).toBe(await git(repository, 'rev-parse', 'HEAD'))
    expect(await git(path, 'branch', '--show-current')).toBe('yard/t_1')
    expect(await git(path, 'status', '--porcelain', '--ignored')).toBe('')
    expect((await readdir(path)).toSorted()).toEqual(['.git', 'README.md'])
    expect(await readFile(join(path, 'README.md'), 'utf8')).toBe('A project\n')
    expect(await readMarker(path)).toMatchObject({
      boardId: BOARD,
      taskId: 't_1',
      kind: 'worktree',
      worktree: { repository, branch: 'yard/t_1', baseCommit, baseBranch: 'main' },
    })

    expect(await repositoryFingerprint(repository)).toEqual(before)
    expect(await readFile(join(repository, '.git/index'))).toEqual(indexBefore)
    expect(await git(repository, 'status', '--porcelain=v2', '--branch')).toBe(statusBefore)
  })

  test('ten sibling cards on one repository at once each end with exactly their own commits on their own branch (F21)', async () => {
    await using board = await yard()
    const repository = await board.repository()
    const before = await repositoryFingerprint(repository)
    const base = await git(repository, 'rev-parse', 'HEAD')
    const cards = Array.from({ length: 10 }, (_, number) => `t_${number}`)

    const paths = await Promise.all(
      cards.map(async (taskId) => {
        const { path } = await board.prepare({ taskId, kind: 'worktree', path: repository })
        await write(join(path, `${taskId}.txt`), taskId)
        await commit(path, `Work of ${taskId}`)
        await write(join(path, 'README.md'), `A project, by ${taskId}\n`)
        await commit(path, `More work of ${taskId}`)
        return path
      }),
    )

    expect(new Set(paths).size).toBe(10)
    for (const taskId of cards) {
      expect(await git(repository, 'log', '--reverse', '--format=%s', `${base}..yard/${taskId}`)).toBe(
        `Work of ${taskId}\nMore work of ${taskId}`,
      )
      expect(await git(repository, 'ls-tree', '--name-only', `yard/${taskId}`)).toBe(
        `README.md\n${taskId}.txt`,
      )
    }
    expect(await git(repository, 'branch', '--show-current')).toBe('main')
    const unchanged = (all: Record<string, string>) =>
      Object.fromEntries(Object.entries(all).filter(([name]) => !name.startsWith('.git/objects')))
    expect(unchanged(await repositoryFingerprint(repository))).toEqual(unchanged(before))
  })

  test('several processes at once do not trip over each other (F21)', async () => {
    await using board = await yard()
    const repository = await board.repository()
    const program = fileURLToPath(new URL('fixtures/prepare-worktrees.ts', import.meta.url))
    const processes = ['a', 'b', 'c', 'd'].map((name) =>
      run(process.execPath, [
        program,
        repository,
        board.workspacesRoot,
        ...[1, 2, 3, 4].map((number) => `t_${name}${number}`),
      ]),
    )
    const results = (await Promise.all(processes)).flatMap(
      ({ stdout }) => JSON.parse(stdout) as { path: string; created: boolean }[],
    )
    expect(results).toHaveLength(16)
    for (const { path, created } of results) {
      expect(created).toBe(true)
      expect(await git(path, 'status', '--porcelain', '--branch')).toBe(
        `## yard/${path.slice(path.lastIndexOf('/') + 1)}`,
      )
    }
  })

  test('waits for another git to let go of the repository', async () => {
    await using board = await yard()
    const repository = await board.repository()
    const lock = join(repository, '.git/refs/heads/yard/t_1.lock')
    await write(lock, '')
    await using log = await logGit(board.folder)
    const prepared = board.prepare({ taskId: 't_1', kind: 'worktree', path: repository })
    await log.until((lines) => lines.filter((line) => line.includes('branch --no-track')).length >= 2)
    await rm(lock)
    expect(await prepared).toMatchObject({ created: true })
  })

  test('is continued in by a retry, uncommitted work included, though the repository moved on', async () => {
    await using board = await yard()
    const repository = await board.repository()
    const first = await board.prepare({ taskId: 't_1', kind: 'worktree', path: repository })
    await commit(first.path, 'Done so far')
    await write(join(first.path, 'half'), 'half')
    await commit(repository, 'The owner goes on')
    expect(await board.prepare({ taskId: 't_1', kind: 'worktree', path: repository })).toEqual({
      ...first,
      created: false,
    })
    // The same when the card names the place its earlier run was given.
    expect(await board.prepare({ taskId: 't_1', kind: 'worktree', path: first.path })).toEqual({
      ...first,
      created: false,
    })
    expect(await readFile(join(first.path, 'half'), 'utf8')).toBe('half')
  })

  test('comes back on its branch when only its folder is gone, and other stale records stay', async () => {
    await using board = await yard()
    const repository = await board.repository()
    const base = await git(repository, 'rev-parse', 'HEAD')
    const onUnmountedDisk = join(board.folder, 'usb')
    await git(repository, 'worktree', 'add', '--quiet', '-b', 'elsewhere', onUnmountedDisk)
    await rm(onUnmountedDisk, { recursive: true })
    const { path } = await board.prepare({ taskId: 't_1', kind: 'worktree', path: repository })
    const tip = await commit(path, 'Done so far')
    await rm(path, { recursive: true })
    await commit(repository, 'The owner goes on')

    expect(await board.prepare({ taskId: 't_1', kind: 'worktree', path: repository })).toEqual({
      path,
      created: true,
      baseCommit: base,
    })
    expect(await git(path, 'rev-parse', 'HEAD')).toBe(tip)
    expect(await git(repository, 'worktree', 'list', '--porcelain')).toContain(onUnmountedDisk)
  })

  test('is made again when we were cut off before the marker was written', async () => {
    await using board = await yard()
    const repository = await board.repository()
    const path = join(board.workspacesRoot, 't_1')
    await write(
      join(board.workspacesRoot, '.making-t_1.json'),
      JSON.stringify({ taskId: 't_1', boardId: BOARD, commonDir: join(repository, '.git') }),
    )
    await git(repository, 'worktree', 'add', '--quiet', '-b', 'yard/t_1', path)
    expect(await board.prepare({ taskId: 't_1', kind: 'worktree', path: repository })).toMatchObject({
      created: true,
    })
    expect(await readMarker(path)).not.toBeNull()
    expect(await readdir(board.workspacesRoot)).toEqual(['t_1'])
  })

  test('is not made over a checkout somebody else made there (F07)', async () => {
    await using board = await yard()
    const repository = await board.repository()
    const path = join(board.workspacesRoot, 't_1')
    await git(repository, 'worktree', 'add', '--quiet', '-b', 'mine', path)
    await expect(board.prepare({ taskId: 't_1', kind: 'worktree', path: repository })).rejects.toMatchObject({
      code: 'workspace_taken',
    })
    expect(await git(path, 'branch', '--show-current')).toBe('mine')
  })

  test('of a repository that the card no longer names is not continued in', async () => {
    await using board = await yard()
    await board.prepare({ taskId: 't_1', kind: 'worktree', path: await board.repository() })
    await expect(
      board.prepare({ taskId: 't_1', kind: 'worktree', path: await board.repository('other') }),
    ).rejects.toMatchObject({
      code: 'workspace_taken',
      message: expect.stringContaining('is a checkout of'),
    })
  })

  test('works from a bare repository', async () => {
    await using board = await yard()
    const bare = join(board.folder, 'bare.git')
    await git(board.folder, 'clone', '--quiet', '--bare', await board.repository(), bare)
    const { path } = await board.prepare({ taskId: 't_1', kind: 'worktree', path: bare })
    expect(await git(path, 'status', '--porcelain', '--branch')).toBe('## yard/t_1')
  })

  test('runs none of the hooks of the repository', async () => {
    await using board = await yard()
    const repository = await board.repository()
    const trace = join(board.folder, 'hook-ran')
    const hook = join(repository, '.git/hooks/post-checkout')
    await write(hook, `#!/bin/sh\ntouch "${trace}"\n`)
    await chmod(hook, 0o755)
    await board.prepare({ taskId: 't_1', kind: 'worktree', path: repository })
    await expect(lstat(trace)).rejects.toMatchObject({ code: 'ENOENT' })
  })

  test('says what git said when git cannot make it, and succeeds once the cause is gone', async () => {
    await using board = await yard()
    const repository = await board.repository()
    await write(join(repository, '.gitattributes'), '* filter=broken\n')
    await commit(repository, 'Filter')
    await git(repository, 'config', 'filter.broken.smudge', 'false')
    await git(repository, 'config', 'filter.broken.required', 'true')
    await expect(board.prepare({ taskId: 't_1', kind: 'worktree', path: repository })).rejects.toMatchObject({
      code: 'worktree_not_made',
      message: expect.stringMatching(/smudge filter broken failed/),
    })
    await git(repository, 'config', '--unset', 'filter.broken.smudge')
    await git(repository, 'config', '--unset', 'filter.broken.required')
    expect(await board.prepare({ taskId: 't_1', kind: 'worktree', path: repository })).toMatchObject({
      created: true,
    })
  })
})
