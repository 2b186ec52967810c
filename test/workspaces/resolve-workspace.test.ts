import { chmod, mkdir, readdir, symlink } from 'node:fs/promises'
import { homedir } from 'node:os'
import { dirname, join } from 'node:path'
import { describe, expect, test } from 'vitest'
import {
  isWorkspaceProblem,
  type ResolvedWorkspace,
  type WorkspaceProblem,
} from '../../src/workspaces/resolve-workspace.ts'
import { inspectWorkspace } from '../../src/workspaces/inspect-workspace.ts'
import { BOARD, bindMount, canMount, fingerprint, git, shell, wrapGit, write, yard } from './support.ts'

const problem = (answer: ResolvedWorkspace | WorkspaceProblem): WorkspaceProblem => {
  if (!isWorkspaceProblem(answer)) throw new Error(`expected a problem, got ${JSON.stringify(answer)}`)
  return answer
}

const resolved = (answer: ResolvedWorkspace | WorkspaceProblem): ResolvedWorkspace => {
  if (isWorkspaceProblem(answer)) throw new Error(answer.problem)
  return answer
}

describe('a scratch workspace', () => {
  test('lies in the root under the name of the card, before anything is made', async () => {
    await using board = await yard()
    const path = join(board.workspacesRoot, 't_1a2b')
    expect(await board.resolve({ taskId: 't_1a2b', kind: 'scratch' })).toEqual({
      kind: 'scratch',
      path,
      leaseKey: path,
    })
    expect(await readdir(board.folder)).toEqual([])
  })

  test('takes no path of the user’s, and says how to work there (F07)', async () => {
    await using board = await yard()
    const { problem: text, next } = problem(
      await board.resolve({ taskId: 't_1', kind: 'scratch', path: '/srv/projects' }),
    )
    expect(text).toContain('/srv/projects')
    expect(next).toContain('--workspace dir:/srv/projects')
  })

  test('accepts the place an earlier run was given and stays in its own root', async () => {
    await using board = await yard()
    const answer = resolved(
      await board.resolve({ taskId: 't_1', kind: 'scratch', path: '/elsewhere/workspaces/t_1' }),
    )
    expect(answer.path).toBe(join(board.workspacesRoot, 't_1'))
  })

  test.each(['../t_1', '', '.', '..', 'a/b', '-x', 't 1', 'x'.repeat(65)])(
    'refuses the task id %j as a folder name',
    async (taskId) => {
      await using board = await yard()
      expect(problem(await board.resolve({ taskId, kind: 'scratch' })).problem).toContain(
        'cannot name a folder',
      )
    },
  )
})

describe('a workspace in a folder of the user’s', () => {
  test('is leased by its canonical path, however it was written (F21)', async () => {
    await using board = await yard()
    const project = join(board.folder, 'project')
    await mkdir(join(project, 'deep'), { recursive: true })
    await symlink(project, join(board.folder, 'link'))
    for (const path of [
      project,
      `${project}/`,
      `${project}/./deep/..`,
      join(board.folder, 'link'),
      `${board.folder}/link/deep/..`,
    ]) {
      expect(resolved(await board.resolve({ taskId: 't_1', kind: 'dir', path }))).toEqual({
        kind: 'dir',
        path: project,
        leaseKey: project,
      })
    }
  })

  test.each([
    [null, 'names none'],
    ['', 'names none'],
    ['projects/app', 'not an absolute path'],
    ['~/app', 'not an absolute path'],
    ['/no/such/folder', 'does not exist'],
    ['/', 'root of the whole file system'],
    ['/proc/../..', 'root of the whole file system'],
    ['/etc/passwd', 'is not a folder'],
    ['/etc/passwd/x', 'does not exist'],
    ['/tmp\0x', 'NUL'],
  ])('is refused for %j: %s', async (path, fact) => {
    await using board = await yard()
    const answer = problem(await board.resolve({ taskId: 't_1', kind: 'dir', path }))
    expect(answer.problem).toContain(fact)
    expect(answer.next).not.toBe('')
  })

  test('is never Yardmaster’s own home, what lies in it or what holds it (F07)', async () => {
    await using board = await yard()
    await mkdir(join(board.workspacesRoot, 't_2'), { recursive: true })
    await symlink(board.home, join(board.folder, 'alias'))
    for (const path of [
      board.home,
      board.workspacesRoot,
      join(board.workspacesRoot, 't_2'),
      join(board.folder, 'alias'),
      board.folder,
    ]) {
      const answer = await board.resolve({ taskId: 't_1', kind: 'dir', path, userHome: '/home/ada' })
      expect(problem(answer).problem).toMatch(/Yardmaster/)
    }
  })

  test('is never the user’s home itself or what holds it, and may be below it', async () => {
    await using board = await yard()
    const userHome = join(board.folder, 'people', 'ada')
    await mkdir(join(userHome, 'app'), { recursive: true })
    expect(
      problem(await board.resolve({ taskId: 't_1', kind: 'dir', path: userHome, userHome })).problem,
    ).toContain('home folder of the user')
    expect(
      problem(await board.resolve({ taskId: 't_1', kind: 'dir', path: dirname(userHome), userHome })).problem,
    ).toContain('contains the home folder of the user')
    expect(
      resolved(await board.resolve({ taskId: 't_1', kind: 'dir', path: join(userHome, 'app'), userHome }))
        .path,
    ).toBe(join(userHome, 'app'))
    expect(
      problem(await board.resolve({ taskId: 't_1', kind: 'dir', path: homedir(), userHome: undefined }))
        .problem,
    ).toContain('home')
  })

  test.runIf(process.getuid?.() !== 0)('is refused when it cannot be written', async () => {
    await using board = await yard()
    const path = join(board.folder, 'readonly')
    await mkdir(path)
    await chmod(path, 0o500)
    expect(problem(await board.resolve({ taskId: 't_1', kind: 'dir', path })).next).toContain('chmod')
  })

  test.runIf(canMount)('has one name on a file system that ignores case (F07, F21)', async ({ skip }) => {
    await using board = await yard()
    const image = join(board.folder, 'disk.img')
    const disk = join(board.folder, 'disk')
    await mkdir(disk)
    const isMounted = shell(
      'truncate -s 16M "$1" && mkfs.ext4 -q -O casefold "$1" && mount -o loop "$1" "$2"',
      image,
      disk,
    )
    if (!isMounted) return skip('no loop devices or no casefold here')
    try {
      await mkdir(join(disk, 'Insensitive'))
      if (!shell('chattr +F "$1"', join(disk, 'Insensitive'))) return skip('no casefold here')
      const project = join(disk, 'Insensitive', 'MyProject')
      await mkdir(project)
      for (const name of ['MyProject', 'myproject', 'MYPROJECT']) {
        expect(
          resolved(await board.resolve({ taskId: 't_1', kind: 'dir', path: join(disk, 'Insensitive', name) }))
            .leaseKey,
        ).toBe(project)
      }
    } finally {
      shell('umount "$1"', disk)
    }
  })
})

describe('a worktree workspace', () => {
  test('names the repository by any folder in it and gets a place and branch of its own', async () => {
    await using board = await yard()
    const repository = await board.repository()
    await write(join(repository, 'deep/file'), 'x')
    const head = await git(repository, 'rev-parse', 'HEAD')
    const before = await fingerprint(board.folder)
    for (const path of [repository, join(repository, 'deep')]) {
      expect(await board.resolve({ taskId: 't_1', kind: 'worktree', path })).toEqual({
        kind: 'worktree',
        path: join(board.workspacesRoot, 't_1'),
        leaseKey: join(board.workspacesRoot, 't_1'),
        repository,
        commonDir: join(repository, '.git'),
        branch: 'yard/t_1',
        baseCommit: head,
        baseBranch: 'main',
      })
    }
    expect(await fingerprint(board.folder)).toEqual(before)
  })

  test('starts from the head of the checkout that was named, of a bare repository from its own', async () => {
    await using board = await yard()
    const repository = await board.repository()
    const side = join(board.folder, 'side')
    await git(repository, 'worktree', 'add', '--quiet', '-b', 'side', side)
    await git(side, 'commit', '--quiet', '--allow-empty', '-m', 'On the side')
    const answer = await board.resolve({ taskId: 't_1', kind: 'worktree', path: side })
    expect(answer).toMatchObject({
      repository,
      baseCommit: await git(side, 'rev-parse', 'HEAD'),
      baseBranch: 'side',
    })

    const bare = join(board.folder, 'bare.git')
    await git(board.folder, 'clone', '--quiet', '--bare', repository, bare)
    expect(await board.resolve({ taskId: 't_1', kind: 'worktree', path: bare })).toMatchObject({
      repository: bare,
      commonDir: bare,
      baseBranch: 'main',
    })
  })

  test('falls back on the base folder and says what to do without one', async () => {
    await using board = await yard()
    const repository = await board.repository()
    expect(await board.resolve({ taskId: 't_1', kind: 'worktree', baseFolder: repository })).toMatchObject({
      repository,
    })
    expect(problem(await board.resolve({ taskId: 't_1', kind: 'worktree' })).next).toContain(
      '--workspace worktree:/',
    )
  })

  test('is refused outside git, before the first commit, and for a relative path', async () => {
    await using board = await yard()
    const plain = join(board.folder, 'plain')
    await mkdir(plain)
    expect(problem(await board.resolve({ taskId: 't_1', kind: 'worktree', path: plain })).problem).toContain(
      'not a git repository',
    )
    await git(plain, 'init', '--quiet')
    expect(problem(await board.resolve({ taskId: 't_1', kind: 'worktree', path: plain }))).toMatchObject({
      problem: expect.stringContaining('has no commit yet'),
      next: expect.stringContaining('commit --allow-empty'),
    })
    expect(
      problem(await board.resolve({ taskId: 't_1', kind: 'worktree', path: 'project' })).problem,
    ).toContain('not an absolute path')
  })

  test('is refused while its branch is checked out elsewhere or cannot exist', async () => {
    await using board = await yard()
    const repository = await board.repository()
    await git(repository, 'switch', '--quiet', '-c', 'yard/t_1')
    expect(problem(await board.resolve({ taskId: 't_1', kind: 'worktree', path: repository }))).toMatchObject(
      {
        problem: expect.stringContaining(`checked out at ${repository}`),
        next: expect.stringContaining('switch --detach'),
      },
    )
    const other = await board.repository('other')
    await git(other, 'branch', 'yard')
    expect(problem(await board.resolve({ taskId: 't_1', kind: 'worktree', path: other })).next).toContain(
      'branch -m yard',
    )
  })

  test('says so when git is not there, and when git does not trust the owner of the repository', async () => {
    await using board = await yard()
    const repository = await board.repository()
    {
      await using _distrust = await wrapGit(board.folder, 'export GIT_TEST_ASSUME_DIFFERENT_OWNER=1')
      expect(
        problem(await board.resolve({ taskId: 't_1', kind: 'worktree', path: repository })),
      ).toMatchObject({
        problem: expect.stringContaining('dubious ownership'),
        next: expect.stringContaining('safe.directory'),
      })
    }
    const path = process.env['PATH']
    process.env['PATH'] = join(board.folder, 'nothing')
    try {
      expect(
        problem(await board.resolve({ taskId: 't_1', kind: 'worktree', path: repository })).next,
      ).toContain('Install git')
      const scratch = await board.prepare({ taskId: 't_2', kind: 'scratch' })
      expect(await inspectWorkspace(scratch.path, { boardId: BOARD })).toMatchObject({
        owner: 'ours',
        git: null,
      })
      expect(await board.prepare({ taskId: 't_3', kind: 'dir', path: repository })).toEqual({
        path: repository,
        created: false,
      })
    } finally {
      process.env['PATH'] = path
    }
  })

  test('does not listen to the git environment it was started in', async () => {
    await using board = await yard()
    const repository = await board.repository()
    const decoy = await board.repository('decoy')
    process.env['GIT_DIR'] = join(decoy, '.git')
    try {
      expect(await board.resolve({ taskId: 't_1', kind: 'worktree', path: repository })).toMatchObject({
        repository,
      })
    } finally {
      delete process.env['GIT_DIR']
    }
  })
})

test.runIf(canMount)(
  'a folder that is also mounted inside Yardmaster’s home is only refused under that name',
  async () => {
    await using board = await yard()
    const project = join(board.folder, 'project')
    await mkdir(project)
    await using _mount = await bindMount(project, join(board.home, 'mounted'))
    expect(
      problem(await board.resolve({ taskId: 't_1', kind: 'dir', path: join(board.home, 'mounted') })).problem,
    ).toContain('Yardmaster itself')
    expect(resolved(await board.resolve({ taskId: 't_1', kind: 'dir', path: project })).path).toBe(project)
  },
)
