/** What must hold after every scenario, whatever it did. */
import { readdirSync, readFileSync, statSync } from 'node:fs'
import { join } from 'node:path'
import { setTimeout as pause } from 'node:timers/promises'
import { isDeepStrictEqual } from 'node:util'
import { expect } from 'vitest'
import type { BoardEvent } from '../../../src/domain/event.ts'
import { replay } from '../replay.ts'
import type { EventRow } from './board-reader.ts'
import { namesIn, type Rig } from './rig.ts'

/** Refunds one card can earn; starts that failed have a limit of their own. */
const MOST_REFUNDS = 5

/**
 * Checks the board while it is at rest, ends the gateway, and checks that nothing is left behind. `attempts`: the ceiling
 * of cards whose profile has one of its own.
 */
export async function assertInvariants(
  rig: Rig,
  { attempts = Number(rig.settings['max_attempts'] ?? 3) }: { attempts?: number } = {},
): Promise<void> {
  const problems: string[] = []
  const observed = await rig.observed()
  for (const { task, runs, processes } of observed.overlaps)
    problems.push(
      `two trees worked on ${task} at one moment (runs ${runs.join(', ')}): ${processes.join('; ')}`,
    )
  problems.push(...(await boardProblems(rig, attempts)))
  if (rig.isGatewayRunning) await rig.stopGateway()
  problems.push(...(await untilNothingIsLeft(rig)))
  problems.push(...canaryProblems(rig), ...secretProblems(rig), ...modeProblems(rig))
  expect(problems, rig.describe()).toEqual([])
}

const boardEvent = ({ task_id, run_id, payload, ...event }: EventRow): BoardEvent => ({
  ...event,
  payload,
  taskId: task_id,
  runId: run_id,
  createdAt: 0,
})

async function boardProblems(rig: Rig, attempts: number): Promise<string[]> {
  const { board } = rig
  const problems: string[] = []
  for (const { integrity_check: found } of board.all<{ integrity_check: string }>('pragma integrity_check'))
    if (found !== 'ok') problems.push(`the file is damaged: ${found}`)
  for (const row of board.all('pragma foreign_key_check'))
    problems.push(`a row points nowhere: ${JSON.stringify(row)}`)
  for (const { id, task_id, kind } of board
    .events({ after: rig.madeElsewhere })
    .filter(({ actor, door }) => !actor || !door))
    problems.push(`event ${id} (${kind} of ${task_id}) does not say who did it and through which door`)
  for (const task of board.tasks()) {
    const said = replay(board.events({ task: task.id }).map(boardEvent))
    const is = {
      status: task.status,
      assignee: task.assignee,
      runs: Object.fromEntries(board.runs(task.id).map(({ id, outcome }) => [id, outcome])),
    }
    const isOurs = board
      .events({ task: task.id, after: rig.madeElsewhere })
      .some(({ kind }) => kind === 'created')
    if (isOurs && !isDeepStrictEqual(said, is))
      problems.push(`the events of ${task.id} say ${JSON.stringify(said)}, and it is ${JSON.stringify(is)}`)
    const open = board.runs(task.id).filter(({ ended_at }) => ended_at === null)
    const expected = task.status === 'running' ? [task.current_run_id] : []
    if (JSON.stringify(open.map(({ id }) => id)) !== JSON.stringify(expected))
      problems.push(`${task.id} is ${task.status}, and its open runs are ${open.map(({ id }) => id).join()}`)
    for (const run of open)
      if (run.phase === 'running' && (await rig.runnerOf(run.id)) === null)
        problems.push(`run ${run.id} of ${task.id} is open and has no runner`)
    const { charge, refund, grant } = board.ledger(task.id)
    const dispatched = board.runs(task.id).filter(({ phase }) => phase !== null)
    if (charge !== dispatched.length)
      problems.push(`${task.id} had ${dispatched.length} runs and was charged for ${charge}`)
    if (charge - refund > attempts + grant)
      problems.push(`${task.id} used ${charge - refund} attempts, and ${attempts} + ${grant} were allowed`)
    const failedStarts = dispatched.filter(({ outcome }) => outcome === 'spawn_failed').length
    if (refund > MOST_REFUNDS + failedStarts) problems.push(`${task.id} was refunded ${refund} times`)
    const completed = board.runs(task.id).filter(({ outcome }) => outcome === 'completed')
    if (completed.length > 1 && board.events({ task: task.id }).every(({ kind }) => kind !== 'status'))
      problems.push(`${task.id} was completed by ${completed.length} runs`)
  }
  return problems
}

/** A runner says that its run is over and then ends itself: that takes it a moment. */
async function untilNothingIsLeft(rig: Rig): Promise<string[]> {
  const deadline = performance.now() + 10_000
  for (;;) {
    const left = await leftovers(rig)
    if (left.length === 0 || performance.now() > deadline) return left
    await pause(50)
  }
}

async function leftovers(rig: Rig): Promise<string[]> {
  const open = new Set(
    rig.board
      .allRuns()
      .filter(({ phase }) => phase !== null && phase !== 'gone')
      .map(({ id }) => id),
  )
  const { live } = await rig.observed()
  const strangers = live.filter(
    ({ run, command }) => !open.has(run ?? Number(/\/runs\/(\d+)\/spec\.json$/.exec(command)?.[1])),
  )
  const folders = namesIn(join(rig.home, 'runs')).filter((name) => !open.has(Number(name)))
  return [
    ...strangers.map(
      ({ pid, command, run }) =>
        `process ${pid} of ${run === null ? 'nobody' : `run ${run}`} is left: ${command}`,
    ),
    ...folders.map(
      (name) => `the private folder of run ${name} is left: ${namesIn(join(rig.home, 'runs', name)).join()}`,
    ),
    ...namesIn(join(rig.folder, 'tmp')).map((name) => `${name} is left among the temporary files`),
  ]
}

function canaryProblems(rig: Rig): string[] {
  const found = namesIn(rig.canary).map((name) => `${name}: ${readFileSync(join(rig.canary, name), 'utf8')}`)
  const wanted = ['precious.txt: written by the user\n']
  return JSON.stringify(found) === JSON.stringify(wanted)
    ? []
    : [`a folder of the user was touched: ${JSON.stringify(found)}`]
}

/** No proof of an ended run may be anywhere in the home, in whatever file. */
function secretProblems(rig: Rig): string[] {
  const secrets = rig.secrets.map((secret) => Buffer.from(secret))
  const open = rig.board
    .allRuns()
    .filter(({ phase }) => phase !== null && phase !== 'gone')
    .map(({ id }) => join(rig.home, 'runs', String(id)))
  return filesIn(rig.home)
    .filter((file) => !open.some((folder) => file.startsWith(`${folder}/`)))
    .filter((file) => {
      const content = readFileSync(file)
      return secrets.some((secret) => content.includes(secret))
    })
    .map((file) => `the secret of a run is in ${file}`)
}

/** What the product wrote is readable by its owner alone. */
function modeProblems(rig: Rig): string[] {
  const ours = [
    'kanban.db',
    'kanban.db-wal',
    'kanban.db-shm',
    'logs',
    'runs',
    'attachments',
    'backups',
    'board.json',
  ]
  return ours
    .map((name) => join(rig.home, name))
    .flatMap((path) => [path, ...filesIn(path)])
    .flatMap((path) => {
      const stat = statSync(path, { throwIfNoEntry: false })
      return stat !== undefined && (stat.mode & 0o077) !== 0
        ? [`${path} can be read by others (${(stat.mode & 0o777).toString(8)})`]
        : []
    })
}

export function filesIn(folder: string): string[] {
  if (statSync(folder, { throwIfNoEntry: false })?.isDirectory() !== true) return []
  return readdirSync(folder, { withFileTypes: true, recursive: true })
    .filter((entry) => entry.isFile())
    .map((entry) => join(entry.parentPath, entry.name))
}
