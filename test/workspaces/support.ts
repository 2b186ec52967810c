/** Real folders and real repositories for the workspace tests. */
import { execFile, spawnSync } from 'node:child_process'
import { createHash } from 'node:crypto'
import { watch } from 'node:fs'
import {
  chmod,
  lstat,
  mkdir,
  mkdtemp,
  readdir,
  readFile,
  readlink,
  realpath,
  rm,
  writeFile,
} from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { dirname, join } from 'node:path'
import { promisify } from 'node:util'
import { prepareWorkspace } from '../../src/workspaces/prepare-workspace.ts'
import {
  isWorkspaceProblem,
  resolveWorkspace,
  type ResolvedWorkspace,
  type WorkspaceProblem,
  type WorkspaceRequest,
} from '../../src/workspaces/resolve-workspace.ts'

export const BOARD = 'board-1'

const run = promisify(execFile)

const PERSON = {
  GIT_AUTHOR_NAME: 'Ada',
  GIT_AUTHOR_EMAIL: 'ada@example.org',
  GIT_COMMITTER_NAME: 'Ada',
  GIT_COMMITTER_EMAIL: 'ada@example.org',
  GIT_CONFIG_NOSYSTEM: '1',
  GIT_CONFIG_GLOBAL: '/dev/null',
}

/** Runs git as a person would, and gives what it printed. */
export async function git(cwd: string, ...args: string[]): Promise<string> {
  const { stdout } = await run('git', args, { cwd, env: { PATH: process.env['PATH'], HOME: cwd, ...PERSON } })
  return stdout.trimEnd()
}

export interface Yard extends AsyncDisposable {
  /** A temporary folder, canonical. Everything else lies in it. */
  readonly folder: string
  readonly home: string
  readonly workspacesRoot: string
  readonly trashRoot: string
  resolve(
    request: Partial<WorkspaceRequest> & Pick<WorkspaceRequest, 'taskId' | 'kind'>,
  ): Promise<ResolvedWorkspace | WorkspaceProblem>
  /** Resolves and prepares, failing the test on a problem. */
  prepare(
    request: Partial<WorkspaceRequest> & Pick<WorkspaceRequest, 'taskId' | 'kind'>,
    boardId?: string,
  ): Promise<{ path: string; created: boolean; baseCommit?: string }>
  /** A git repository on `main` with one commit. */
  repository(name?: string): Promise<string>
}

export async function yard(): Promise<Yard> {
  const folder = await realpath(await mkdtemp(join(tmpdir(), 'yard workspaces-'))) // a space, to find unquoted paths
  const home = join(folder, 'home')
  const workspacesRoot = join(home, 'workspaces')
  const resolve: Yard['resolve'] = (request) =>
    resolveWorkspace({ path: null, workspacesRoot, home, userHome: join(folder, 'user'), ...request })
  return {
    folder,
    home,
    workspacesRoot,
    trashRoot: join(home, 'trash'),
    resolve,
    async prepare(request, boardId = BOARD) {
      const resolved = await resolve(request)
      if (isWorkspaceProblem(resolved)) throw new Error(resolved.problem)
      return prepareWorkspace(resolved, { taskId: request.taskId, boardId })
    },
    async repository(name = 'project') {
      const path = join(folder, name)
      await mkdir(path, { recursive: true })
      await git(path, 'init', '--quiet', '--initial-branch=main')
      await write(join(path, 'README.md'), 'A project\n')
      await git(path, 'add', '.')
      await git(path, 'commit', '--quiet', '-m', 'Start')
      return path
    },
    [Symbol.asyncDispose]: async () => {
      await rm(folder, { recursive: true, force: true })
    },
  }
}

/** Writes a file, making its folder. */
export async function write(path: string, content: string | Uint8Array): Promise<void> {
  await mkdir(dirname(path), { recursive: true })
  await writeFile(path, content)
}

/** Commits everything in a checkout. */
export async function commit(checkout: string, message: string): Promise<string> {
  await git(checkout, 'add', '--all')
  await git(checkout, 'commit', '--quiet', '--allow-empty', '-m', message)
  return git(checkout, 'rev-parse', 'HEAD')
}

/** Every file, link and folder below a folder with what it holds; `skip` names parts to leave out. */
export async function fingerprint(
  folder: string,
  skip: (name: string) => boolean = () => false,
): Promise<Record<string, string>> {
  const found: Record<string, string> = {}
  for (const name of (await readdir(folder, { recursive: true })).toSorted()) {
    if (skip(name)) continue
    const path = join(folder, name)
    const about = await lstat(path)
    const content = about.isSymbolicLink()
      ? `-> ${await readlink(path)}`
      : about.isFile()
        ? createHash('sha256')
            .update(await readFile(path))
            .digest('hex')
        : 'folder'
    found[name] = `${(about.mode & 0o7777).toString(8)} ${content}`
  }
  return found
}

/** A repository with everything in it, except git's record of linked checkouts and the branches of cards. */
export const repositoryFingerprint = (repository: string) =>
  fingerprint(repository, (name) =>
    /^\.git\/(worktrees|refs\/heads\/yard|logs\/refs\/heads\/yard)(\/|$)/.test(name),
  )

export const sha256 = (bytes: string | Uint8Array): string => createHash('sha256').update(bytes).digest('hex')

/** Runs a line of shell with arguments `$1`, `$2` …; tells whether it succeeded. */
export const shell = (line: string, ...args: string[]): boolean =>
  spawnSync('sh', ['-c', line, 'sh', ...args]).status === 0

/** Whether this machine lets us mount folders. */
export const canMount =
  process.platform === 'linux' && process.getuid?.() === 0 && shell('unshare --mount true')

/** Shows `source` at `at` as well, until disposed. */
export async function bindMount(source: string, at: string): Promise<AsyncDisposable> {
  await mkdir(at, { recursive: true })
  if (!shell('mount --bind "$1" "$2"', source, at)) throw new Error(`cannot mount ${source} at ${at}`)
  return {
    [Symbol.asyncDispose]: async () => {
      if (!shell('umount "$1"', at)) throw new Error(`cannot unmount ${at}`)
    },
  }
}

/** Puts shell lines in front of every git command of this process. */
export async function wrapGit(folder: string, lines: string): Promise<AsyncDisposable> {
  const path = process.env['PATH'] ?? ''
  const { stdout: real } = await run('sh', ['-c', 'command -v git'])
  await write(join(folder, 'bin/git'), `#!/bin/sh\n${lines}\nexec ${real.trim()} "$@"\n`)
  await chmod(join(folder, 'bin/git'), 0o755)
  process.env['PATH'] = `${join(folder, 'bin')}:${path}`
  return {
    [Symbol.asyncDispose]: async () => {
      process.env['PATH'] = path
    },
  }
}

/** Writes down every git command of this process from here on, and tells when enough of them have come. */
export async function logGit(
  folder: string,
): Promise<AsyncDisposable & { until(enough: (lines: string[]) => boolean): Promise<void> }> {
  const log = join(folder, 'git.log')
  await write(log, '')
  const wrapped = await wrapGit(folder, `printf '%s\\n' "$*" >> "${log}"`)
  const watcher = watch(log)
  return {
    until: (enough) =>
      new Promise((resolve, reject) => {
        const look = () => readFile(log, 'utf8').then((text) => enough(text.split('\n')) && resolve(), reject)
        watcher.on('change', () => void look())
        void look()
      }),
    [Symbol.asyncDispose]: async () => {
      watcher.close()
      await wrapped[Symbol.asyncDispose]()
    },
  }
}
