/** Workspaces over HTTP, with real folders and a real git. */
import { execFileSync } from 'node:child_process'
import { existsSync, mkdirSync, renameSync, rmSync, symlinkSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { describe, expect, test } from 'vitest'
import { behaviour } from '../behaviours.ts'
import { databases } from '../helpers/boards.ts'
import { dispatcher } from '../helpers/kernel.ts'
import { moveToTrash } from '../../src/workspaces/trash.ts'
import { prepareWorkspace } from '../../src/workspaces/prepare-workspace.ts'
import { isWorkspaceProblem, resolveWorkspace } from '../../src/workspaces/resolve-workspace.ts'
import type { GivenCard } from '../helpers/kernel.ts'
import { openTestServer, type TestServer } from './rig.ts'

const git = (folder: string, ...args: string[]): string =>
  execFileSync('git', ['-c', 'user.name=a', '-c', 'user.email=a@b', ...args], {
    cwd: folder,
    encoding: 'utf8',
    stdio: ['ignore', 'pipe', 'ignore'],
  })

function newRepository(server: TestServer, name: string): string {
  const folder = join(server.paths.home, name)
  mkdirSync(folder)
  git(folder, 'init', '-q', '-b', 'main')
  writeFileSync(join(folder, 'readme.md'), 'first\n')
  git(folder, 'add', '.')
  git(folder, 'commit', '-qm', 'first')
  return folder
}

/** A run with the workspace its card asks for, made as a dispatcher makes it. */
async function working(server: TestServer, card: GivenCard = {}) {
  const task = await server.test.given(card)
  const resolved = await resolveWorkspace({
    taskId: task.id,
    kind: task.workspaceKind,
    path: task.workspacePath,
    workspacesRoot: server.paths.workspaces,
    baseFolder: null,
    home: server.paths.home,
  })
  if (isWorkspaceProblem(resolved)) throw new Error(resolved.problem)
  const { boardId } = server.kernel.deps.store
  const { path } = await prepareWorkspace(resolved, { taskId: task.id, boardId })
  const opened = await server.kernel.openRun(
    {
      taskId: task.id,
      profile: 'coder',
      bootId: 'boot-1',
      claimLock: 'testhost:1',
      maxRuntimeSeconds: null,
      logFolder: server.paths.runLogs,
      workspace: { path, kind: task.workspaceKind, repository: null, branch: null },
      policy: server.test.policy,
      caps: { board: 100, profile: 100 },
    },
    dispatcher,
  )
  if ('refused' in opened) throw new Error(opened.refused.text)
  const run = server.test.hold(opened.runId, opened.secret, task.id, 'coder')
  await run.start()
  const { workspaces } = await server.call('listWorkspaces', { task: task.id })
  return { task, run, path, id: workspaces[0]!.id }
}

describe.each(databases)('workspaces on $name', (database) => {
  behaviour('http.workspaces', 'are listed with owner and state, from in use to gone and back', async () => {
    await using server = await openTestServer({ database })
    const { call, refusal } = server
    const { task, run, path, id } = await working(server, { title: 'at work' })
    writeFileSync(join(path, 'notes'), 'x'.repeat(1000))
    expect((await call('listWorkspaces', { sizes: true })).workspaces).toMatchObject([
      {
        id,
        path,
        task_id: task.id,
        task_title: 'at work',
        task_status: 'running',
        run_id: run.id,
        state: 'leased',
        is_here: true,
        size_bytes: expect.toSatisfy((bytes: number) => bytes >= 1000),
      },
    ])
    await run.end('completed')
    expect((await call('listWorkspaces', {})).workspaces).toMatchObject([{ state: 'kept' }])
    expect((await call('listWorkspaces', { task: 't_0' })).workspaces).toEqual([])

    const { boardId } = server.kernel.deps.store
    const moved = await moveToTrash({
      path,
      workspacesRoot: server.paths.workspaces,
      trashRoot: server.paths.trash,
      boardId,
      taskId: task.id,
      reason: 'it is done',
    })
    if (!moved.moved) throw new Error(moved.reason)
    await server.kernel.recordWorkspace(id, {
      state: 'trashed',
      reason: 'it is done',
      trashedAt: server.test.clock.now(),
      trashPath: moved.entry.path,
    })
    expect((await call('listWorkspaces', {})).workspaces).toEqual([])
    expect((await call('listWorkspaces', { all: true })).workspaces).toMatchObject([{ state: 'trashed' }])
    expect(await refusal('getWorkspaceDiff', { id })).toMatchObject({ status: 409, code: 'workspace_gone' })
    const { entries } = await call('listTrash', {})
    expect(entries).toMatchObject([{ task_id: task.id, from: path, reason: 'it is done' }])
    const name = entries[0]!.name
    expect(await refusal('restoreWorkspace', { name }, await server.token('write'))).toMatchObject({
      status: 403,
    })
    expect(await call('restoreWorkspace', { name })).toEqual({ name, path })
    expect(existsSync(join(path, 'notes'))).toBe(true)
    expect((await call('listWorkspaces', {})).workspaces).toMatchObject([
      { state: 'kept', reason: 'taken out of the trash by olga', trash_path: null, trashed_at: null },
    ])
    expect(await refusal('restoreWorkspace', { name })).toMatchObject({
      status: 404,
      code: 'trash_entry_not_found',
    })
    // It was wanted back, so it is not cleared away again at once.
    server.test.clock.advance(3600)
    expect(await call('collectGarbage', {})).toMatchObject({ workspaces_trashed: 0 })
    expect(existsSync(join(path, 'notes'))).toBe(true)
  })
})

describe('the difference in a workspace', () => {
  behaviour('http.workspaces', 'holds commits, changes and new files of its own worktree', async () => {
    await using server = await openTestServer()
    const repository = newRepository(server, 'project')
    const { id, path, task } = await working(server, { workspaceKind: 'worktree', workspacePath: repository })
    expect(path).not.toBe(repository)
    const base = git(path, 'rev-parse', 'HEAD').trim()
    writeFileSync(join(path, 'readme.md'), 'second\n')
    git(path, 'commit', '-qam', 'second')
    writeFileSync(join(path, 'new.txt'), 'fresh\n')
    const found = await server.call('getWorkspaceDiff', { id })
    expect(found).toMatchObject({ workspace_id: id, task_id: task.id, is_git: true, base, truncated: false })
    for (const part of ['-first', '+second', '+fresh']) expect(found.diff).toContain(part)
    expect(found.stat).toContain('new.txt')
    expect(git(path, 'status', '--porcelain')).toBe('?? new.txt\n')
  })

  test('is empty for a folder that is in no repository', async () => {
    await using server = await openTestServer()
    const { id } = await working(server)
    expect(await server.call('getWorkspaceDiff', { id })).toMatchObject({
      is_git: false,
      base: null,
      diff: '',
    })
    expect(await server.refusal('getWorkspaceDiff', { id: 99 })).toMatchObject({
      status: 404,
      code: 'workspace_not_found',
    })
  })

  test('is not made on another host, which is named', async () => {
    await using server = await openTestServer()
    const elsewhere = await server.test.another({ host: 'otherhost' })
    const task = await server.test.given()
    const opened = await elsewhere.openRun(
      {
        taskId: task.id,
        profile: 'coder',
        bootId: 'boot-2',
        claimLock: 'otherhost:1',
        maxRuntimeSeconds: null,
        logFolder: '/logs',
        workspace: { path: server.paths.home, kind: 'dir', repository: null, branch: null },
        policy: server.test.policy,
        caps: { board: 100, profile: 100 },
      },
      dispatcher,
    )
    expect(opened).not.toHaveProperty('refused')
    const { workspaces } = await server.call('listWorkspaces', { sizes: true })
    expect(workspaces).toMatchObject([{ host: 'otherhost', is_here: false, size_bytes: null }])
    expect(await server.refusal('getWorkspaceDiff', { id: workspaces[0]!.id })).toMatchObject({
      status: 409,
      code: 'workspace_elsewhere',
      detail: expect.stringContaining('otherhost'),
    })
  })
})

test('F17: a link or somebody else’s folder in the place of a workspace is not looked into', async () => {
  await using server = await openTestServer()
  const secret = newRepository(server, 'secret')
  writeFileSync(join(secret, 'readme.md'), 'a secret change\n')
  const refused = async (id: number) => {
    const answer = await server.ask(`/api/kanban/workspaces/${id}/diff`)
    expect(answer).toMatchObject({ status: 409, body: { code: 'workspace_gone' } })
    expect(answer.text).not.toContain('secret change')
  }
  const replaced = await working(server)
  rmSync(replaced.path, { recursive: true })
  symlinkSync(secret, replaced.path)
  await refused(replaced.id)

  const swapped = await working(server)
  rmSync(swapped.path, { recursive: true })
  renameSync(secret, swapped.path)
  await refused(swapped.id)

  const gone = await working(server)
  rmSync(gone.path, { recursive: true })
  await refused(gone.id)

  // The trash gives out only what this board put there.
  mkdirSync(join(server.paths.trash, 'planted'), { recursive: true })
  writeFileSync(
    join(server.paths.trash, 'planted', 'entry.json'),
    JSON.stringify({
      format: 1,
      boardId: 'another',
      taskId: 't_1',
      kind: 'scratch',
      from: join(server.paths.home, 'elsewhere'),
      createdAt: 1,
      trashedAt: 1,
      reason: 'x',
    }),
  )
  expect((await server.call('listTrash', {})).entries).toEqual([])
  for (const name of ['planted', '../planted', '..', '/etc', 'nothing'])
    expect([name, (await server.refusal('restoreWorkspace', { name })).status]).toEqual([name, 404])
})
