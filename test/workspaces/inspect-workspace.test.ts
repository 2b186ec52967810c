import { mkdir, readFile, rm, symlink, unlink } from 'node:fs/promises'
import { join } from 'node:path'
import { describe, expect, test } from 'vitest'
import { inspectWorkspace } from '../../src/workspaces/inspect-workspace.ts'
import { MARKER_NAME } from '../../src/workspaces/marker.ts'
import { folderSize } from '../../src/workspaces/walk.ts'
import { workspaceDiff } from '../../src/workspaces/workspace-diff.ts'
import { BOARD, commit, fingerprint, git, write, yard } from './support.ts'

const ours = { boardId: BOARD, taskId: 't_1' }

describe('inspecting a workspace', () => {
  test('tells whose it is', async () => {
    await using board = await yard()
    const { path } = await board.prepare({ taskId: 't_1', kind: 'scratch' })
    expect(await inspectWorkspace(path, ours)).toMatchObject({ exists: true, owner: 'ours', git: null })
    expect(await inspectWorkspace(path, { boardId: BOARD })).toMatchObject({ owner: 'ours' })
    expect(await inspectWorkspace(path, { boardId: BOARD, taskId: 't_2' })).toMatchObject({
      owner: 'other_task',
      marker: { taskId: 't_1' },
    })
    expect(await inspectWorkspace(path, { boardId: 'board-2', taskId: 't_1' })).toMatchObject({
      owner: 'other_board',
    })
    await unlink(join(path, MARKER_NAME))
    expect(await inspectWorkspace(path, ours)).toMatchObject({ owner: 'unmarked', marker: null })
    await rm(path, { recursive: true })
    expect(await inspectWorkspace(path, ours)).toMatchObject({ exists: false, owner: 'unmarked' })
  })

  test('does not take a scratch folder for a part of the repository around it', async () => {
    await using board = await yard()
    await git(board.folder, 'init', '--quiet')
    const { path } = await board.prepare({ taskId: 't_1', kind: 'scratch' })
    expect(await inspectWorkspace(path, ours)).toMatchObject({ owner: 'ours', git: null })
  })

  test('does not believe a marker that is a link or was committed into a repository (F07)', async () => {
    await using board = await yard()
    const { path } = await board.prepare({ taskId: 't_1', kind: 'scratch' })
    const marker = await readFile(join(path, MARKER_NAME), 'utf8')
    const linked = join(board.folder, 'linked')
    await mkdir(linked)
    await symlink(join(path, MARKER_NAME), join(linked, MARKER_NAME))
    expect(await inspectWorkspace(linked, ours)).toMatchObject({ owner: 'unmarked' })

    const repository = await board.repository()
    await write(join(repository, MARKER_NAME), marker)
    await commit(repository, 'Swallow a marker')
    const mine = join(board.folder, 'mine')
    await git(repository, 'worktree', 'add', '--quiet', '-b', 'mine', mine)
    expect(await inspectWorkspace(mine, ours)).toMatchObject({ owner: 'unmarked' })
  })

  test('tells a clean worktree from a dirty one and counts what is nowhere else (F54)', async () => {
    await using board = await yard()
    const repository = await board.repository()
    const { path } = await board.prepare({ taskId: 't_1', kind: 'worktree', path: repository })
    const look = async () => (await inspectWorkspace(path, ours)).git
    const clean = {
      repository,
      branch: 'yard/t_1',
      isDirty: false,
      changedFiles: 0,
      untrackedFiles: 0,
      unmergedCommits: 0,
      ahead: 0,
      hasSubmodules: false,
      isLocked: false,
    }
    expect(await look()).toMatchObject(clean)

    await write(join(path, 'README.md'), 'Changed\n')
    await write(join(path, 'new/file'), 'x')
    expect(await look()).toMatchObject({ ...clean, isDirty: true, changedFiles: 1, untrackedFiles: 1 })
    await git(path, 'add', 'README.md')
    expect(await look()).toMatchObject({ isDirty: true, changedFiles: 1, untrackedFiles: 1 })

    await commit(path, 'One')
    await commit(path, 'Two')
    expect(await look()).toMatchObject({ ...clean, unmergedCommits: 2, ahead: 2 })

    await git(path, 'switch', '--quiet', '--detach')
    await commit(path, 'On no branch at all')
    expect(await look()).toMatchObject({ branch: null, unmergedCommits: 3, ahead: 3 })

    await git(repository, 'merge', '--quiet', '--no-edit', 'yard/t_1')
    expect(await look()).toMatchObject({ unmergedCommits: 1 })
    await git(repository, 'update-ref', 'refs/remotes/origin/pushed', await git(path, 'rev-parse', 'HEAD'))
    expect(await look()).toMatchObject({ unmergedCommits: 0 })
  })

  test('changes nothing it looks at, not even the index', async () => {
    await using board = await yard()
    const repository = await board.repository()
    const { path } = await board.prepare({ taskId: 't_1', kind: 'worktree', path: repository })
    await write(join(path, 'README.md'), 'A project\n') // same content, other time: git would like to note that down
    await write(join(path, 'new'), 'x')
    const before = await fingerprint(board.folder)
    await inspectWorkspace(path, ours)
    await workspaceDiff(path)
    expect(await fingerprint(board.folder)).toEqual(before)
  })

  test('measures without following links, and says when it stopped counting', async () => {
    await using board = await yard()
    const folder = join(board.folder, 'measured')
    await write(join(folder, 'a'), 'x'.repeat(1000))
    await write(join(folder, 'deep/b'), 'x'.repeat(500))
    await write(join(board.folder, 'outside/huge'), 'x'.repeat(1_000_000))
    await symlink(join(board.folder, 'outside'), join(folder, 'link'))
    const size = await folderSize(folder)
    expect(size).toMatchObject({ files: 3, isComplete: true })
    expect(size.bytes).toBeLessThan(2000)
    expect(await folderSize(folder, 2)).toMatchObject({ isComplete: false })
  })
})

describe('the diff of a workspace', () => {
  test('shows commits, uncommitted changes and new files against the base of the card', async () => {
    await using board = await yard()
    const repository = await board.repository()
    const { path, baseCommit } = await board.prepare({ taskId: 't_1', kind: 'worktree', path: repository })
    await write(join(path, 'committed.txt'), 'committed line\n')
    await commit(path, 'One')
    await write(join(path, 'README.md'), 'changed line\n')
    await write(join(path, 'new.txt'), 'new line\n')
    await write(join(path, 'huge.log'), 'x'.repeat(300_000))

    const diff = await workspaceDiff(path)
    expect(diff).toMatchObject({ base: baseCommit, truncated: false, notShown: ['huge.log'] })
    expect(diff?.diff).toContain('+committed line')
    expect(diff?.diff).toContain('+changed line')
    expect(diff?.diff).toContain('+new line')
    expect(diff?.stat).toContain('3 files changed')
    expect(await workspaceDiff(path, { maxBytes: 100 })).toMatchObject({ truncated: true })
  })

  test('is absent outside git and starts from nothing before the first commit', async () => {
    await using board = await yard()
    const { path } = await board.prepare({ taskId: 't_1', kind: 'scratch' })
    expect(await workspaceDiff(path)).toBeNull()
    await git(path, 'init', '--quiet')
    await write(join(path, 'first.txt'), 'first line\n')
    expect(await workspaceDiff(path)).toMatchObject({
      base: null,
      diff: expect.stringContaining('+first line'),
    })
  })

  test('runs no program that the repository names for showing differences', async () => {
    await using board = await yard()
    const { path } = await board.prepare({ taskId: 't_1', kind: 'worktree', path: await board.repository() })
    const trace = join(board.folder, 'ran')
    for (const key of ['diff.external', 'diff.evil.command', 'diff.evil.textconv', 'core.fsmonitor']) {
      await git(path, 'config', key, `touch "${trace}" #`)
    }
    await write(join(path, '.gitattributes'), '* diff=evil\n')
    await write(join(path, 'README.md'), 'changed line\n')
    expect((await workspaceDiff(path))?.diff).toContain('+changed line')
    await inspectWorkspace(path, ours)
    await expect(readFile(trace)).rejects.toMatchObject({ code: 'ENOENT' })
  })
})
