import { execFileSync } from 'node:child_process'
import { mkdirSync, readdirSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { describe, expect, test } from 'vitest'
import { homePaths } from '../../src/lib/paths.ts'
import { backupBoard } from '../../src/store/backup.ts'
import type { Store } from '../../src/store/connection.ts'
import { openStore } from '../../src/store/open-store.ts'
import { TEST_HOME_MARK } from '../../src/store/registry.ts'
import { createSqliteBoard } from '../../src/store/sqlite-create.ts'
import { findEvents } from '../../src/store/tables/events.ts'
import { openSqliteFile, temporaryFolder, testClock } from '../helpers/boards.ts'

const clock = testClock()

/** A file system of its own, which only root may make. */
function tinyDisk(size: string) {
  const folder = temporaryFolder()
  const mount = (...args: string[]) => execFileSync('mount', args, { stdio: 'ignore' })
  mount('-t', 'tmpfs', '-o', `size=${size}`, 'tmpfs', folder.path)
  return {
    path: folder.path,
    makeReadOnly: () => mount('-o', 'remount,ro', folder.path),
    [Symbol.dispose]: () => {
      execFileSync('umount', [folder.path], { stdio: 'ignore' })
      folder[Symbol.dispose]()
    },
  }
}

function canMount(): boolean {
  try {
    tinyDisk('1m')[Symbol.dispose]()
    return true
  } catch {
    return false
  }
}

const write = (store: Store, text: string) =>
  store.write((tx) => {
    tx.emit({
      taskId: null,
      runId: null,
      kind: text,
      payload: {},
      createdAt: tx.now,
      actor: null,
      door: null,
    })
    return Promise.resolve()
  })

const open = (home: string, create: boolean) => {
  mkdirSync(home, { recursive: true })
  if (create) writeFileSync(join(home, TEST_HOME_MARK), '')
  return openStore({ paths: homePaths(home), database: null, create, clock, env: { YARD_TEST: '1' } })
}

describe.runIf(canMount())('F39, F41: on a disk that is not fit', () => {
  test('a board is not made where there is no room for it', async () => {
    using disk = tinyDisk('4m')
    const home = join(disk.path, 'home')
    await expect(open(home, true)).rejects.toMatchObject({
      code: 'folder_unfit',
      message: expect.stringContaining('MB left') as string,
    })
    expect(readdirSync(home)).toEqual([TEST_HOME_MARK])
  })

  test('a full disk is said, nothing is half-written, and the board still answers', async () => {
    using disk = tinyDisk('3m')
    const file = join(disk.path, 'kanban.db')
    createSqliteBoard(file, clock)
    await using store = openSqliteFile(file, clock)
    let written = 0
    const filling = (async () => {
      for (; ; written++) await write(store, 'x'.repeat(20_000))
    })()
    await expect(filling).rejects.toMatchObject({ code: 'disk_full', kind: 'unavailable' })
    await expect(write(store, 'x'.repeat(20_000))).rejects.toMatchObject({ code: 'disk_full' })
    expect(await store.read((db) => findEvents(db, {}))).toHaveLength(written)
    await expect(
      backupBoard(store, { folder: join(disk.path, 'backups'), now: 0, keep: 3 }),
    ).rejects.toMatchObject({ code: 'disk_low' })
    expect(readdirSync(join(disk.path, 'backups'))).toEqual([])
  })

  test('a home that cannot be written is one clear error', async () => {
    using disk = tinyDisk('80m')
    const home = join(disk.path, 'home')
    await (await open(home, true)).close()
    disk.makeReadOnly()
    await using store = await open(home, false)
    await expect(write(store, 'x')).rejects.toMatchObject({ code: 'board_read_only', kind: 'unavailable' })
    await expect(store.read((db) => findEvents(db, {}))).rejects.toMatchObject({ code: 'board_read_only' })
  })
})
