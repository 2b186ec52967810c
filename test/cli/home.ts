/** A throw-away home, and the built program in it, as a person at a shell would use it. */
import { existsSync, mkdirSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { dirname, join } from 'node:path'
import { createHash } from 'node:crypto'
import { vi } from 'vitest'
import build from '../helpers/rig/build.ts'
import { startYard, yardProgram, type Command, type CommandResult } from '../helpers/rig/program.ts'

build()
// Some tests start dozens of commands, and the machine may have more to do.
vi.setConfig({ testTimeout: 120_000 })

export { yardProgram }

/** Compiled code is shared by all tests, or every command would compile afresh. */
const cache = join(tmpdir(), 'yardmaster-rig-cache')

export interface RunOptions {
  readonly env?: Readonly<Record<string, string | undefined>>
  readonly stdin?: string
  readonly cwd?: string
}

export class Home implements Disposable {
  readonly folder: string
  readonly path: string
  readonly #env: NodeJS.ProcessEnv

  constructor() {
    this.folder = mkdtempSync(join(tmpdir(), 'yard-cli-'))
    this.path = join(this.folder, 'home')
    mkdirSync(this.path, { mode: 0o700 })
    mkdirSync(cache, { recursive: true, mode: 0o700 })
    writeFileSync(join(this.path, '.yard-test-home'), '')
    this.#env = {
      PATH: process.env['PATH'],
      HOME: this.folder,
      LANG: 'C.UTF-8',
      XDG_CACHE_HOME: cache,
      YARD_HOME: this.path,
      YARD_TEST: '1',
      YARD_USER: 'alice',
    }
  }

  [Symbol.dispose](): void {
    rmSync(this.folder, { recursive: true, force: true })
  }

  get env(): NodeJS.ProcessEnv {
    return this.#env
  }

  start(words: readonly string[], { env = {}, stdin, cwd }: RunOptions = {}): Command {
    return startYard(words, {
      env: { ...this.#env, ...env },
      cwd: cwd ?? this.folder,
      ...(stdin === undefined ? {} : { stdin }),
    })
  }

  yard(...words: string[]): Promise<CommandResult> {
    return this.start(words).result
  }

  run(words: readonly string[], options: RunOptions): Promise<CommandResult> {
    return this.start(words, options).result
  }

  /** What a command that must succeed printed. */
  async ok(...words: string[]): Promise<string> {
    const { code, stdout, stderr } = await this.yard(...words)
    if (code !== 0) throw new Error(`yard ${words.join(' ')} ended with ${code}\n${stdout}${stderr}`)
    return stdout
  }

  async json<T = Record<string, unknown>>(...words: string[]): Promise<T> {
    return JSON.parse(await this.ok(...words, '--json')) as T
  }

  /** What a command that must be refused said: exit code 1, nothing on stdout. */
  async refused(...words: string[]): Promise<string> {
    const { code, stdout, stderr } = await this.yard(...words)
    if (code !== 1 || stdout !== '')
      throw new Error(`yard ${words.join(' ')} should be refused, and ended with ${code}\n${stdout}${stderr}`)
    return stderr
  }

  /** What a command said that makes no sense: exit code 2. */
  async misused(...words: string[]): Promise<string> {
    const { code, stdout, stderr } = await this.yard(...words)
    if (code !== 2 || stdout !== '')
      throw new Error(`yard ${words.join(' ')} should be misuse, and ended with ${code}\n${stdout}${stderr}`)
    return stderr
  }

  async create(title: string, ...more: string[]): Promise<string> {
    return (await this.json<{ id: string }>('create', title, ...more)).id
  }

  write(name: string, content: string): string {
    const path = join(this.path, name)
    mkdirSync(dirname(path), { recursive: true })
    writeFileSync(path, content)
    return path
  }

  read(name: string): string {
    return readFileSync(join(this.path, name), 'utf8')
  }

  /** Changes with every byte of the board: of its file, and of what waits beside it to be written there. */
  fingerprint(): string {
    const hash = createHash('sha256')
    for (const suffix of ['', '-wal']) {
      const file = join(this.path, `kanban.db${suffix}`)
      hash.update(existsSync(file) ? readFileSync(file) : '').update('|')
    }
    return hash.digest('hex')
  }
}
