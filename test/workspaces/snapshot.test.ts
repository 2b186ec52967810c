import { chmod, cp, mkdir, readdir, rm, symlink, unlink } from 'node:fs/promises'
import { join } from 'node:path'
import { describe, expect, test } from 'vitest'
import { restoreSnapshot } from '../../src/workspaces/restore-snapshot.ts'
import { snapshotChanges } from '../../src/workspaces/snapshot.ts'
import { commit, fingerprint, git, write, yard, type Yard } from './support.ts'

const everyByte = Uint8Array.from({ length: 4096 }, (_, at) => at % 256)

/** A checkout of its own with some history to change. */
async function checkout(board: Yard): Promise<string> {
  const repository = await board.repository()
  await write(join(repository, 'binary.bin'), everyByte)
  await write(join(repository, 'gone.txt'), 'to be deleted\n')
  await write(join(repository, 'script.sh'), '#!/bin/sh\n')
  await write(join(repository, 'folder/inner.txt'), 'inner\n')
  await write(join(repository, '.gitignore'), 'ignored/\n')
  await symlink('README.md', join(repository, 'link'))
  await commit(repository, 'Files of every kind')
  const { path } = await board.prepare({ taskId: 't_1', kind: 'worktree', path: repository })
  return path
}

/** The files of a checkout; not the folders, which git does not keep, and not git's own. */
const filesOf = async (path: string) =>
  Object.fromEntries(
    Object.entries(await fingerprint(path, (name) => /^(\.git|ignored)(\/|$)/.test(name))).filter(
      ([, about]) => !about.endsWith(' folder'),
    ),
  )

async function reset(path: string): Promise<void> {
  await git(path, 'reset', '--quiet', '--hard')
  await git(path, 'clean', '--quiet', '-ffdx')
}

describe('a snapshot of uncommitted work', () => {
  test('brings back every byte after the tree was reset (F53)', async () => {
    await using board = await yard()
    const path = await checkout(board)
    await write(join(path, 'README.md'), 'no newline at the end, "quotes" and \ttabs   ')
    await write(join(path, 'binary.bin'), everyByte.toReversed())
    await unlink(join(path, 'gone.txt'))
    await chmod(join(path, 'script.sh'), 0o755)
    await unlink(join(path, 'link'))
    await symlink('folder', join(path, 'link'))
    await write(join(path, 'staged.txt'), 'staged\r\nwith both\nline ends\r\n')
    await git(path, 'add', 'staged.txt')
    await write(join(path, 'untracked/ünïcode "name"\nline.bin'), everyByte)
    await write(join(path, 'untracked/run.sh'), '#!/bin/sh\n')
    await chmod(join(path, 'untracked/run.sh'), 0o755)
    await write(join(path, 'untracked/empty'), '')
    await symlink('/no/such/place', join(path, 'untracked/dangling'))
    await rm(join(path, 'folder'), { recursive: true })
    await write(join(path, 'folder'), 'a file where a folder was')

    const before = await filesOf(path)
    const target = join(board.folder, 'kept')
    const snapshot = await snapshotChanges(path, target)
    expect(snapshot).toMatchObject({ leftOut: [], branch: 'yard/t_1' })

    await reset(path)
    expect(await filesOf(path)).not.toEqual(before)
    await restoreSnapshot(target, path)
    expect(await filesOf(path)).toEqual(before)
  })

  test('brings back bytes that a filter of the repository would have changed (F53)', async () => {
    await using board = await yard()
    const path = await checkout(board)
    await write(join(path, '.gitattributes'), '*.txt text eol=lf\n')
    await commit(path, 'Normalise')
    await write(join(path, 'folder/inner.txt'), 'mixed\r\nline\nends\r\n')
    const before = await filesOf(path)
    const snapshot = await snapshotChanges(path, join(board.folder, 'kept'))
    expect(snapshot?.files).toMatchObject([{ path: 'folder/inner.txt', change: 'modified', isCopied: true }])
    await reset(path)
    await restoreSnapshot(join(board.folder, 'kept'), path)
    expect(await filesOf(path)).toEqual(before)
  })

  test('changes nothing in the checkout, its index or its stash (F53)', async () => {
    await using board = await yard()
    const path = await checkout(board)
    await write(join(path, 'README.md'), 'changed\n')
    await write(join(path, 'staged.txt'), 'staged\n')
    await git(path, 'add', 'staged.txt')
    await write(join(path, 'staged.txt'), 'and changed again\n')
    await write(join(path, 'untracked.txt'), 'untracked\n')
    await write(join(path, 'script.sh'), '#!/bin/sh\n') // touched only
    const target = join(board.home, 'kept')
    const before = await fingerprint(board.folder, (name) => name.startsWith('home/kept'))
    await snapshotChanges(path, target)
    expect(await fingerprint(board.folder, (name) => name.startsWith('home/kept'))).toEqual(before)
    expect((await readdir(target)).toSorted()).toEqual(['changes.patch', 'files', 'snapshot.json'])
  })

  test('is not made when there is nothing to keep', async () => {
    await using board = await yard()
    const path = await checkout(board)
    await write(join(path, 'ignored/cache'), 'x')
    await write(join(path, 'script.sh'), '#!/bin/sh\n') // touched only
    const target = join(board.folder, 'kept')
    expect(await snapshotChanges(path, target)).toBeNull()
    const { path: scratch } = await board.prepare({ taskId: 't_2', kind: 'scratch' })
    expect(await snapshotChanges(scratch, target)).toBeNull()
    expect(await readdir(board.folder)).not.toContain('kept')
  })

  test('keeps what fits and names what it left out, with the reason', async () => {
    await using board = await yard()
    const path = await checkout(board)
    await write(join(path, 'small.txt'), 'x'.repeat(600))
    await write(join(path, 'big.txt'), 'x'.repeat(5000))
    await write(join(path, 'nested/file'), 'x')
    await git(join(path, 'nested'), 'init', '--quiet')
    const snapshot = await snapshotChanges(path, join(board.folder, 'kept'), { maxBytes: 1000 })
    expect(snapshot?.files.map((file) => file.path)).toEqual(['small.txt'])
    expect(snapshot?.bytes).toBe(600)
    expect(snapshot?.leftOut).toEqual([
      { path: 'big.txt', size: 5000, reason: expect.stringContaining('over the limit of 1000 bytes') },
      { path: 'nested/', size: expect.any(Number), reason: 'a repository of its own' },
    ])
  })

  test('keeps the files of a conflicted merge as they are', async () => {
    await using board = await yard()
    const path = await checkout(board)
    await write(join(path, 'README.md'), 'theirs\n')
    await commit(path, 'Theirs')
    await git(path, 'switch', '--quiet', '--detach', 'HEAD~1')
    await write(join(path, 'README.md'), 'ours\n')
    await commit(path, 'Ours')
    await git(path, 'merge', 'yard/t_1').catch(() => {})
    await write(join(path, 'README.md'), 'half resolved <<<<<<< \n')
    const before = await filesOf(path)
    await snapshotChanges(path, join(board.folder, 'kept'))
    await reset(path)
    await restoreSnapshot(join(board.folder, 'kept'), path)
    expect(await filesOf(path)).toEqual(before)
  })

  test('of a part of a repository leaves the rest alone', async () => {
    await using board = await yard()
    const path = await checkout(board)
    await write(join(path, 'README.md'), 'somebody else’s work\n')
    await write(join(path, 'folder/inner.txt'), 'changed\n')
    await write(join(path, 'folder/new.txt'), 'new\n')
    const snapshot = await snapshotChanges(join(path, 'folder'), join(board.folder, 'kept'))
    expect(snapshot?.files.map((file) => file.path)).toEqual(['folder/inner.txt', 'folder/new.txt'])
  })

  test('works before the first commit', async () => {
    await using board = await yard()
    const path = join(board.folder, 'fresh')
    await mkdir(path)
    await git(path, 'init', '--quiet')
    await write(join(path, 'staged.txt'), 'staged\n')
    await git(path, 'add', 'staged.txt')
    await write(join(path, 'new.bin'), everyByte)
    const before = await filesOf(path)
    expect(await snapshotChanges(path, join(board.folder, 'kept'))).toMatchObject({ base: null, leftOut: [] })
    await rm(path, { recursive: true })
    await mkdir(path)
    await git(path, 'init', '--quiet')
    await restoreSnapshot(join(board.folder, 'kept'), path)
    expect(await filesOf(path)).toEqual(before)
  })

  test('is not put back over other work', async () => {
    await using board = await yard()
    const path = await checkout(board)
    await write(join(path, 'README.md'), 'first\n')
    await write(join(path, 'new.txt'), 'new\n')
    const kept = join(board.folder, 'kept')
    await snapshotChanges(path, kept)
    await cp(kept, join(board.folder, 'copy'), { recursive: true })

    await reset(path)
    await write(join(path, 'new.txt'), 'written meanwhile\n')
    const before = await filesOf(path)
    await expect(restoreSnapshot(kept, path)).rejects.toMatchObject({
      code: 'snapshot_does_not_fit',
      message: expect.stringContaining('new.txt'),
    })
    await reset(path)
    await write(join(path, 'README.md'), 'second\n')
    await expect(restoreSnapshot(kept, path)).rejects.toMatchObject({
      code: 'snapshot_does_not_fit',
      message: expect.stringContaining('--3way'),
    })
    expect(Object.keys(await filesOf(path))).toEqual(Object.keys(before).filter((name) => name !== 'new.txt'))
  })

  test('finds a kept copy that was damaged', async () => {
    await using board = await yard()
    const path = await checkout(board)
    await write(join(path, 'new.txt'), 'new\n')
    const kept = join(board.folder, 'kept')
    await snapshotChanges(path, kept)
    await reset(path)
    await write(join(kept, 'files/new.txt'), 'nww\n')
    await expect(restoreSnapshot(kept, path)).rejects.toMatchObject({ code: 'snapshot_damaged' })
  })
})
