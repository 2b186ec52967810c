import { chmod, cp, lstat, mkdir, readdir, readFile, rename, rm, symlink, unlink } from 'node:fs/promises'
import { dirname, join } from 'node:path'
import { describe, expect, test } from 'vitest'
import type { WorkspaceKind } from '../../src/domain/task.ts'
import { listTaskBranches, listWorkspaces } from '../../src/workspaces/list-workspaces.ts'
import { MARKER_NAME, readMarker } from '../../src/workspaces/marker.ts'
import { removable } from '../../src/workspaces/removable.ts'
import { isWorkspaceProblem } from '../../src/workspaces/resolve-workspace.ts'
import { emptyTrash, moveToTrash, restoreFromTrash } from '../../src/workspaces/trash.ts'
import { listTrash } from '../../src/workspaces/trash-entry.ts'
import { prepareWorkspace } from '../../src/workspaces/prepare-workspace.ts'
import {
  BOARD,
  bindMount,
  canMount,
  commit,
  fingerprint,
  git,
  repositoryFingerprint,
  wrapGit,
  write,
  yard,
  type Yard,
} from './support.ts'

const NOW = 1_700_000_000
const DAY = 24 * 3600

const discard = (
  board: Yard,
  path: string,
  more: { taskId?: string; boardId?: string; forcedBy?: string } = {},
) =>
  moveToTrash({
    path,
    workspacesRoot: board.workspacesRoot,
    trashRoot: board.trashRoot,
    boardId: BOARD,
    reason: 'The card is archived.',
    now: NOW,
    ...more,
  })

const empty = (board: Yard, now = NOW + 8 * DAY) =>
  emptyTrash({ trashRoot: board.trashRoot, boardId: BOARD, retentionSeconds: 7 * DAY, now })

/** Whatever the collector may come up with: everything is asked for, and the trash emptied long after. */
async function collectEverything(board: Yard, paths: readonly string[]): Promise<void> {
  for (const path of [...paths, ...(await listWorkspaces(board.workspacesRoot)).map((each) => each.path)]) {
    await discard(board, path)
    await discard(board, path, { forcedBy: 'ada' })
  }
  await empty(board, NOW + 1000 * DAY)
}

describe('whatever a card names, the user’s own files survive (F07)', () => {
  interface Case {
    readonly name: string
    readonly kind: WorkspaceKind
    /** Gives the path the card names; the canary lies in `precious`. */
    readonly path: (board: Yard, precious: string) => Promise<string> | string
    readonly needs?: 'mount'
  }
  const cases: Case[] = [
    { name: 'dir', kind: 'dir', path: (_, precious) => precious },
    {
      name: 'dir by a link',
      kind: 'dir',
      path: (board, precious) => link(precious, join(board.folder, 'link')),
    },
    { name: 'dir with ..', kind: 'dir', path: (_, precious) => `${precious}/deep/..` },
    { name: 'dir at its parent', kind: 'dir', path: (_, precious) => dirname(precious) },
    { name: 'scratch with a path', kind: 'scratch', path: (_, precious) => precious },
    {
      name: 'scratch with a path that ends in the task id',
      kind: 'scratch',
      path: async (board, precious) => move(precious, join(board.folder, 't_1')),
    },
    {
      name: 'scratch whose place is a link to it',
      kind: 'scratch',
      path: async (board, precious) => link(precious, join(board.workspacesRoot, 't_1')),
    },
    {
      name: 'scratch whose place holds it',
      kind: 'scratch',
      path: async (board, precious) => move(precious, join(board.workspacesRoot, 't_1')),
    },
    {
      name: 'scratch whose place is it, mounted',
      kind: 'scratch',
      needs: 'mount',
      path: (board) => join(board.workspacesRoot, 't_1'),
    },
    { name: 'worktree of a repository', kind: 'worktree', path: (_, precious) => precious },
    {
      name: 'worktree of a repository, by a link',
      kind: 'worktree',
      path: (board, precious) => link(precious, join(board.folder, 'link')),
    },
    {
      name: 'worktree of a folder inside it',
      kind: 'worktree',
      path: (_, precious) => join(precious, 'deep'),
    },
  ]

  async function link(target: string, at: string): Promise<string> {
    await mkdir(dirname(at), { recursive: true })
    await symlink(target, at)
    return at
  }
  async function move(from: string, to: string): Promise<string> {
    await mkdir(dirname(to), { recursive: true })
    await rename(from, to)
    return to
  }

  test.each(cases)('$name', async ({ kind, path, needs }) => {
    if (needs === 'mount' && !canMount) return
    await using board = await yard()
    const precious = await board.repository('people/precious')
    await write(join(precious, 'deep/canary'), 'alive')
    await write(join(precious, '.gitignore'), 'secret\n')
    await write(join(precious, 'secret'), 'ignored, and alive')
    const named = await path(board, precious)
    await using _mount = needs === 'mount' ? await bindMount(precious, named) : undefined
    const home = (await lstat(precious).catch(() => null)) ? precious : named
    const before = await repositoryFingerprint(home)

    const resolved = await board.resolve({ taskId: 't_1', kind, path: named })
    const places = [
      named,
      precious,
      home,
      dirname(home),
      join(home, 'deep'),
      board.folder,
      board.home,
      board.workspacesRoot,
      '/',
      `${board.workspacesRoot}/../..`,
    ]
    if (!isWorkspaceProblem(resolved)) {
      await prepareWorkspace(resolved, { taskId: 't_1', boardId: BOARD }).catch(() => {})
      if (kind !== 'dir') places.push(resolved.path)
      // A worker that leaves links to the user's files in its own folder.
      if (kind !== 'dir' && (await readMarker(resolved.path)))
        await symlink(home, join(resolved.path, 'shortcut'))
    }
    await collectEverything(board, places)

    expect(await repositoryFingerprint(home)).toEqual(before)
    expect(await git(home, 'fsck', '--no-progress')).toBe('')
  })

  test('a workspaces folder that lies inside the user’s project, or holds one', async () => {
    await using board = await yard()
    const project = join(board.folder, 'project')
    await write(join(project, 'canary'), 'alive')
    const nested: Yard = {
      ...board,
      workspacesRoot: join(project, '.yard/workspaces'),
      trashRoot: join(project, '.yard/trash'),
    }
    await board.prepare({ taskId: 't_1', kind: 'scratch', workspacesRoot: nested.workspacesRoot })
    await write(join(nested.workspacesRoot, 'mine/canary'), 'alive')
    await write(join(nested.workspacesRoot, 't_2/canary'), 'alive')
    await write(join(nested.trashRoot, 'old/canary'), 'alive')
    await collectEverything(nested, [
      project,
      join(project, '.yard'),
      nested.workspacesRoot,
      nested.trashRoot,
      join(nested.workspacesRoot, 't_1', '..'),
    ])
    expect(Object.keys(await fingerprint(project)).filter((name) => name.endsWith('canary'))).toEqual([
      '.yard/trash/old/canary',
      '.yard/workspaces/mine/canary',
      '.yard/workspaces/t_2/canary',
      'canary',
    ])
    expect(await readdir(nested.workspacesRoot)).not.toContain('t_1')
  })

  test('a marker that was copied elsewhere gives no right to anything', async () => {
    await using board = await yard()
    const { path } = await board.prepare({ taskId: 't_1', kind: 'scratch' })
    const stolen = [
      join(board.folder, 't_1'),
      join(board.workspacesRoot, 't_2'),
      join(path, 't_1'),
      join(board.workspacesRoot, 'deep/t_1'),
    ]
    for (const folder of stolen) {
      await write(join(folder, 'canary'), 'alive')
      await cp(join(path, MARKER_NAME), join(folder, MARKER_NAME))
      expect(await discard(board, folder, { forcedBy: 'ada' })).toMatchObject({
        moved: false,
        needsPerson: false,
      })
    }
    expect(await discard(board, path, { boardId: 'board-2', forcedBy: 'ada' })).toMatchObject({
      moved: false,
    })
    expect(await discard(board, path, { taskId: 't_2', forcedBy: 'ada' })).toMatchObject({ moved: false })
    expect(await discard(board, path)).toMatchObject({ moved: true })
  })

  test('emptying the trash takes only what this board put there, and never through a link', async () => {
    await using board = await yard()
    await write(join(board.folder, 'precious/canary'), 'alive')
    const { path } = await board.prepare({ taskId: 't_1', kind: 'scratch' })
    await symlink(join(board.folder, 'precious'), join(path, 'link'))
    await write(join(path, 'deep/file'), 'x'.repeat(1000))
    await chmod(join(path, 'deep'), 0o500) // as package caches leave it
    const moved = await discard(board, path)
    if (!moved.moved) throw new Error(moved.reason)

    await write(join(board.trashRoot, 'by-hand/canary'), 'alive')
    await symlink(join(board.folder, 'precious'), join(board.trashRoot, 'link'))
    await write(join(board.trashRoot, 'file'), 'alive')
    await cp(moved.entry.path, join(board.trashRoot, 'other'), { recursive: true, verbatimSymlinks: true })
    await chmod(join(board.trashRoot, 'other/workspace/deep'), 0o700)
    const foreign = join(board.trashRoot, 'other/entry.json')
    await write(foreign, (await readFile(foreign, 'utf8')).replace(BOARD, 'board-2'))

    expect(await empty(board, NOW + DAY)).toMatchObject({ removed: 0, bytes: 0, kept: 1 })
    const result = await empty(board)
    expect(result).toMatchObject({ removed: 1, kept: 0 })
    expect(result.bytes).toBeGreaterThanOrEqual(1000)
    expect(result.refused.map(({ name }) => name)).toEqual(['by-hand', 'file', 'link', 'other'])
    expect((await readdir(board.trashRoot)).toSorted()).toEqual(['by-hand', 'file', 'link', 'other'])
    expect(await readFile(join(board.folder, 'precious/canary'), 'utf8')).toBe('alive')
  })

  test.runIf(canMount)('a folder of the user’s mounted into a workspace is not deleted with it', async () => {
    await using board = await yard()
    await write(join(board.folder, 'precious/canary'), 'alive')
    const { path } = await board.prepare({ taskId: 't_1', kind: 'scratch' })
    {
      await using _mount = await bindMount(join(board.folder, 'precious'), join(path, 'mounted here'))
      expect(await discard(board, path, { forcedBy: 'ada' })).toMatchObject({
        moved: false,
        reason: expect.stringContaining('is mounted from elsewhere'),
      })
    }
    const moved = await discard(board, path)
    if (!moved.moved) throw new Error(moved.reason)
    {
      await using _mount = await bindMount(
        join(board.folder, 'precious'),
        join(moved.entry.path, 'workspace/mounted here'),
      )
      expect(await empty(board)).toMatchObject({
        removed: 0,
        refused: [{ reason: expect.stringContaining('umount') }],
      })
    }
    expect(await readFile(join(board.folder, 'precious/canary'), 'utf8')).toBe('alive')
    expect(await empty(board)).toMatchObject({ removed: 1, refused: [] })
    expect(await readFile(join(board.folder, 'precious/canary'), 'utf8')).toBe('alive')
  })
})

describe('a scratch folder', () => {
  test('goes to the trash whole and comes back whole', async () => {
    await using board = await yard()
    const { path } = await board.prepare({ taskId: 't_1', kind: 'scratch' })
    await write(join(path, 'report.md'), 'result')
    const before = await fingerprint(path)
    const moved = await discard(board, path)
    expect(moved).toMatchObject({
      moved: true,
      unfinished: null,
      branch: null,
      entry: {
        name: '20231114T221320Z-t_1',
        taskId: 't_1',
        from: path,
        reason: 'The card is archived.',
        forcedBy: null,
      },
    })
    expect(await listWorkspaces(board.workspacesRoot)).toEqual([])
    expect((await listTrash(board.trashRoot)).map(({ name, entry }) => [name, entry?.taskId])).toEqual([
      ['20231114T221320Z-t_1', 't_1'],
    ])

    expect(
      await restoreFromTrash({ trashRoot: board.trashRoot, boardId: BOARD, name: '20231114T221320Z-t_1' }),
    ).toEqual({ path })
    expect(await fingerprint(path)).toEqual(before)
    expect(await readdir(board.trashRoot)).toEqual([])
    expect(await board.prepare({ taskId: 't_1', kind: 'scratch' })).toMatchObject({ created: false })
  })

  test('can be trashed again in the same second, and is not restored over its successor', async () => {
    await using board = await yard()
    for (const name of ['20231114T221320Z-t_1', '20231114T221320Z-t_1-2']) {
      const { path } = await board.prepare({ taskId: 't_1', kind: 'scratch' })
      expect(await discard(board, path)).toMatchObject({ entry: { name } })
    }
    await board.prepare({ taskId: 't_1', kind: 'scratch' })
    await expect(
      restoreFromTrash({ trashRoot: board.trashRoot, boardId: BOARD, name: '20231114T221320Z-t_1' }),
    ).rejects.toMatchObject({ code: 'workspace_taken' })
    for (const name of ['no-such', '../workspaces', '..', '']) {
      await expect(
        restoreFromTrash({ trashRoot: board.trashRoot, boardId: BOARD, name }),
      ).rejects.toMatchObject({ code: 'trash_entry_not_found' })
    }
    expect(await empty(board)).toMatchObject({ removed: 2 })
  })
})

describe('a worktree', () => {
  const inspectRequest = (board: Yard, path: string) => ({
    path,
    workspacesRoot: board.workspacesRoot,
    boardId: BOARD,
  })

  test.each<[string, RegExp, (path: string) => Promise<unknown>]>([
    [
      'a changed file',
      /1 file with uncommitted changes/,
      (path) => write(join(path, 'README.md'), 'changed'),
    ],
    [
      'a staged file',
      /1 file with uncommitted changes/,
      async (path) => (await write(join(path, 'new'), 'x'), await git(path, 'add', 'new')),
    ],
    ['an untracked file', /1 untracked file/, (path) => write(join(path, 'new'), 'x')],
    ['a commit of its own', /1 commit that no other branch contains/, (path) => commit(path, 'Work')],
    [
      'a commit on no branch',
      /1 commit that no other branch contains/,
      async (path) => (await git(path, 'switch', '--quiet', '--detach'), await commit(path, 'Work')),
    ],
    ['a lock of its owner', /git worktree lock/, (path) => git(path, 'worktree', 'lock', path)],
    [
      'a broken index',
      /cannot be seen what would be lost/,
      async (path) => write(join(await git(path, 'rev-parse', '--absolute-git-dir'), 'index'), 'broken'),
    ],
  ])('with %s is never removed without a person (F54)', async (_, reason, change) => {
    await using board = await yard()
    const repository = await board.repository()
    const { path } = await board.prepare({ taskId: 't_1', kind: 'worktree', path: repository })
    expect(await removable(inspectRequest(board, path))).toMatchObject({ removable: true })
    await change(path)
    const before = await fingerprint(board.folder)
    expect(await discard(board, path)).toMatchObject({
      moved: false,
      reason: expect.stringMatching(reason),
      needsPerson: true,
    })
    expect(await fingerprint(board.folder)).toEqual(before)
    expect(await discard(board, path, { forcedBy: 'ada' })).toMatchObject({
      moved: true,
      entry: { forcedBy: 'ada' },
    })
    expect(await git(repository, 'worktree', 'list')).not.toContain('t_1')
  })

  test('that is merged leaves the repository as it was before the card', async () => {
    await using board = await yard()
    const repository = await board.repository()
    const before = await fingerprint(repository)
    const { path } = await board.prepare({ taskId: 't_1', kind: 'worktree', path: repository })
    expect(await discard(board, path)).toMatchObject({
      moved: true,
      unfinished: null,
      rescuedAs: null,
      branch: { name: 'yard/t_1', fate: 'deleted' },
    })
    expect(await listTaskBranches(repository)).toEqual([])
    const isLeftover = (name: string) => !/^\.git\/(logs\/)?refs\/heads\/yard$/.test(name) // an empty folder
    expect(await fingerprint(repository, (name) => !isLeftover(name))).toEqual(before)
  })

  test('whose branch was pushed under its own name loses only what it configured', async () => {
    await using board = await yard()
    const repository = await board.repository()
    await git(board.folder, 'clone', '--quiet', '--bare', repository, 'origin.git')
    await git(repository, 'remote', 'add', 'origin', join(board.folder, 'origin.git'))
    const config = await readFile(join(repository, '.git/config'))
    const { path } = await board.prepare({ taskId: 't_1', kind: 'worktree', path: repository })
    await commit(path, 'Work')
    await git(path, 'push', '--quiet', '--set-upstream', 'origin', 'yard/t_1')
    expect(await discard(board, path)).toMatchObject({ moved: true, branch: { fate: 'deleted' } })
    expect(await readFile(join(repository, '.git/config'))).toEqual(config)
    expect(await git(repository, 'branch', '--list', '--all')).toContain('remotes/origin/yard/t_1')
  })

  test('keeps its branch while commits are in no other one, and accounts for it (F54)', async () => {
    await using board = await yard()
    const repository = await board.repository()
    const { path } = await board.prepare({ taskId: 't_1', kind: 'worktree', path: repository })
    const tip = await commit(path, 'Work')
    expect(await listTaskBranches(repository)).toEqual([
      { branch: 'yard/t_1', taskId: 't_1', tip, unmergedCommits: 1, checkout: path },
    ])
    expect(await discard(board, path, { forcedBy: 'ada' })).toMatchObject({
      moved: true,
      branch: { fate: 'kept', because: '1 of its commits are in no other branch.' },
    })
    expect(await listTaskBranches(repository)).toEqual([
      { branch: 'yard/t_1', taskId: 't_1', tip, unmergedCommits: 1, checkout: null },
    ])
    await empty(board)
    expect(await git(repository, 'rev-parse', 'yard/t_1')).toBe(tip)
  })

  test('leaves commits of a detached head on a branch, once', async () => {
    await using board = await yard()
    const repository = await board.repository()
    const { path } = await board.prepare({ taskId: 't_1', kind: 'worktree', path: repository })
    await git(path, 'switch', '--quiet', '--detach')
    const head = await commit(path, 'Work on no branch')
    const name = `yard/t_1-detached-${head.slice(0, 10)}`
    expect(await discard(board, path, { forcedBy: 'ada' })).toMatchObject({ moved: true, rescuedAs: name })
    expect(await git(repository, 'rev-parse', name)).toBe(head)

    await git(repository, 'branch', '--quiet', '-D', name) // its owner does not want it
    await empty(board)
    expect(await git(repository, 'branch', '--list', name)).toBe('')
  })

  test('comes back from the trash as it was: branch, changes, ignored files (F54)', async () => {
    await using board = await yard()
    const repository = await board.repository()
    await write(join(repository, '.gitignore'), 'cache/\n')
    await commit(repository, 'Ignore')
    const { path } = await board.prepare({ taskId: 't_1', kind: 'worktree', path: repository })
    const tip = await commit(path, 'Work')
    await write(join(path, 'README.md'), 'changed\n')
    await write(join(path, 'untracked'), 'x')
    await write(join(path, 'cache/big'), 'x')
    const before = await fingerprint(path)
    const status = await git(path, 'status', '--porcelain', '--branch', '--ignored')
    const moved = await discard(board, path, { forcedBy: 'ada' })
    if (!moved.moved) throw new Error(moved.reason)

    await restoreFromTrash({ trashRoot: board.trashRoot, boardId: BOARD, name: moved.entry.name })
    expect(await fingerprint(path)).toEqual(before)
    expect(await git(path, 'status', '--porcelain', '--branch', '--ignored')).toBe(status)
    expect(await git(path, 'rev-parse', 'HEAD')).toBe(tip)
    expect(await readMarker(path)).toMatchObject({ taskId: 't_1', kind: 'worktree' })
    expect(await readdir(board.trashRoot)).toEqual([])
    expect(await discard(board, path)).toMatchObject({ moved: false, needsPerson: true })
  })

  test('that was merged comes back on its branch, made again', async () => {
    await using board = await yard()
    const repository = await board.repository()
    const { path } = await board.prepare({ taskId: 't_1', kind: 'worktree', path: repository })
    await discard(board, path)
    await restoreFromTrash({ trashRoot: board.trashRoot, boardId: BOARD, name: '20231114T221320Z-t_1' })
    expect(await git(path, 'status', '--porcelain', '--branch')).toBe('## yard/t_1')
  })

  test('in the trash does not pose as the checkout of a later run', async () => {
    await using board = await yard()
    const repository = await board.repository()
    const first = await board.prepare({ taskId: 't_1', kind: 'worktree', path: repository })
    const moved = await discard(board, first.path)
    if (!moved.moved) throw new Error(moved.reason)
    await board.prepare({ taskId: 't_1', kind: 'worktree', path: repository })
    await expect(git(join(moved.entry.path, 'workspace'), 'status')).rejects.toThrow(/not a git repository/)
    expect(await empty(board)).toMatchObject({ removed: 1, refused: [] })
    expect(await git(first.path, 'status', '--porcelain', '--branch')).toBe('## yard/t_1')
  })

  test('that git could not let go of is put right when the trash is emptied', async () => {
    await using board = await yard()
    const repository = await board.repository()
    const { path } = await board.prepare({ taskId: 't_1', kind: 'worktree', path: repository })
    {
      await using _broken = await wrapGit(
        board.folder,
        'case "$*" in *"worktree remove"*) echo "fatal: disk full" >&2; exit 128;; esac',
      )
      expect(await discard(board, path)).toMatchObject({ moved: true, unfinished: 'disk full', branch: null })
    }
    expect(await git(repository, 'worktree', 'list')).toContain('t_1')
    expect(await empty(board)).toMatchObject({ removed: 1, refused: [] })
    expect(await git(repository, 'worktree', 'list')).not.toContain('t_1')
    expect(await listTaskBranches(repository)).toEqual([])
  })

  test('whose repository is gone can still leave the trash', async () => {
    await using board = await yard()
    const repository = await board.repository()
    const { path } = await board.prepare({ taskId: 't_1', kind: 'worktree', path: repository })
    const moved = await discard(board, path)
    if (!moved.moved) throw new Error(moved.reason)
    await rm(repository, { recursive: true })
    await expect(
      restoreFromTrash({ trashRoot: board.trashRoot, boardId: BOARD, name: moved.entry.name }),
    ).rejects.toMatchObject({ code: 'commit_gone' })
    expect(await empty(board)).toMatchObject({ removed: 1 })
  })

  test('without its marker is left alone for good, and listed (F54)', async () => {
    await using board = await yard()
    const repository = await board.repository()
    const { path } = await board.prepare({ taskId: 't_1', kind: 'worktree', path: repository })
    await unlink(join(await git(path, 'rev-parse', '--absolute-git-dir'), MARKER_NAME))
    expect(await discard(board, path, { forcedBy: 'ada' })).toMatchObject({
      moved: false,
      needsPerson: false,
    })
    expect(await listWorkspaces(board.workspacesRoot)).toEqual([{ name: 't_1', path, marker: null }])
  })

  test('with submodules keeps their repositories through the trash (F54)', async () => {
    await using board = await yard()
    const part = await board.repository('part')
    const repository = await board.repository()
    await git(repository, '-c', 'protocol.file.allow=always', 'submodule', '--quiet', 'add', part, 'part')
    await commit(repository, 'Add a part')
    const { path } = await board.prepare({ taskId: 't_1', kind: 'worktree', path: repository })
    await git(path, '-c', 'protocol.file.allow=always', 'submodule', '--quiet', 'update', '--init')
    const unpushed = await commit(join(path, 'part'), 'Work inside the part')
    expect(await discard(board, path)).toMatchObject({ moved: false, needsPerson: true })
    const moved = await discard(board, path, { forcedBy: 'ada' })
    if (!moved.moved) throw new Error(moved.reason)
    await restoreFromTrash({ trashRoot: board.trashRoot, boardId: BOARD, name: moved.entry.name })
    expect(await git(join(path, 'part'), 'log', '-1', '--format=%H', unpushed)).toBe(unpushed)
  })
})
