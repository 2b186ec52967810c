/**
 * Samples the process table for as long as the tests run, on a thread of its own so that a busy test does not blind it.
 * A tree is what carries a run's marker, what descends from such a process, and what shares its session; once seen as a
 * member, always a member.
 */
import { readdirSync } from 'node:fs'
import { parentPort } from 'node:worker_threads'
import {
  isLive,
  readCommandLine,
  readEnvironment,
  readProcess,
  stillLives,
  type ProcessLine,
} from './proc.ts'

/** One look at the processes of a home. */
export interface Sighting {
  readonly pid: number
  readonly startTime: string
  readonly command: string
  /** The run whose tree it belongs to; null for gateways, runners and commands. */
  readonly run: number | null
  readonly task: string | null
}

export interface Overlap {
  readonly task: string
  readonly runs: readonly number[]
  readonly processes: readonly string[]
}

export interface Report {
  /** Everything of this home that lives now. */
  readonly live: readonly Sighting[]
  /** Moments at which two trees worked on one card; there must be none. */
  readonly overlaps: readonly Overlap[]
  /** The most trees that were alive at one moment. */
  readonly mostTrees: number
  /** The same for each profile. */
  readonly mostTreesOf: Readonly<Record<string, number>>
  /** The runs whose tree was seen, for each card. */
  readonly runsSeen: Readonly<Record<string, readonly number[]>>
  readonly samples: number
}

export type Question = { readonly id: number; readonly home: string; readonly forget: boolean }
export type Answer = { readonly id: number; readonly report: Report }

const EVERY_MS = 25
/** A process that has shown no sign of belonging to a home for this many samples is looked at rarely from then on. */
const SETTLED_AFTER = 60
const RARELY = 40

interface Known {
  readonly startTime: string
  looks: number
  home: string | null
  run: number | null
  task: string | null
  profile: string | null
}

interface Home {
  overlaps: Overlap[]
  mostTrees: number
  mostTreesOf: Record<string, number>
  runsSeen: Record<string, number[]>
  samples: number
}

interface Member {
  readonly line: ProcessLine
  readonly known: Known
}

const known = new Map<number, Known>()
const homes = new Map<string, Home>()
let round = 0

function homeOf(path: string): Home {
  let home = homes.get(path)
  if (home === undefined)
    homes.set(path, (home = { overlaps: [], mostTrees: 0, mostTreesOf: {}, runsSeen: {}, samples: 0 }))
  return home
}

/** All live processes that belong to some home. */
function sample(): Member[] {
  round++
  const pids = new Set(readdirSync('/proc').map(Number).filter(Number.isInteger))
  const lines = new Map<number, ProcessLine>()
  for (const pid of pids) {
    const before = known.get(pid)
    if (
      before !== undefined &&
      before.home === null &&
      before.looks > SETTLED_AFTER &&
      (pid + round) % RARELY !== 0
    )
      continue
    const line = readProcess(pid)
    if (line !== null) lines.set(pid, line)
  }
  for (const pid of known.keys()) if (!pids.has(pid)) known.delete(pid)
  const members: Member[] = []
  // Parents have smaller pids except after a wrap-around; a child missed here is caught in the next round.
  for (const line of lines.values()) {
    const seen = recognise(line)
    if (seen.home !== null && isLive(line)) members.push({ line, known: seen })
  }
  return members
}

function recognise(line: ProcessLine): Known {
  let seen = known.get(line.pid)
  if (seen?.startTime !== line.startTime) {
    seen = { startTime: line.startTime, looks: 0, home: null, run: null, task: null, profile: null }
    known.set(line.pid, seen)
  }
  if (seen.run !== null || (seen.looks > SETTLED_AFTER && (line.pid + round) % RARELY !== 0)) return seen
  if (!isLive(line)) seen.looks = SETTLED_AFTER + 1
  seen.looks++
  const environment = readEnvironment(line.pid)
  const run = Number(environment['YARD_RUN_MARKER']?.split(':').at(-1) ?? Number.NaN)
  if (environment['YARD_HOME'] !== undefined) seen.home = environment['YARD_HOME']
  if (Number.isInteger(run)) {
    seen.run = run
    seen.task = environment['YARD_TASK'] ?? null
    seen.profile = environment['YARD_PROFILE'] ?? null
    return seen
  }
  for (const relative of [known.get(line.parent), known.get(line.session)]) {
    if (relative !== undefined && relative.run !== null && relative !== seen) {
      Object.assign(seen, {
        home: relative.home,
        run: relative.run,
        task: relative.task,
        profile: relative.profile,
      })
      return seen
    }
  }
  return seen
}

function takeNote(members: readonly Member[]): void {
  for (const [path, own] of Map.groupBy(members, ({ known: { home } }) => home ?? '')) {
    const home = homeOf(path)
    home.samples++
    const trees = Map.groupBy(
      own.filter(({ known: { run } }) => run !== null),
      ({ known: { run } }) => run ?? 0,
    )
    for (const [run, [member]] of trees) {
      const task = member?.known.task
      if (task) {
        const runs = (home.runsSeen[task] ??= [])
        if (!runs.includes(run)) runs.push(run)
      }
    }
    if (trees.size > 1) compare(home, trees)
    else noteMost(home, [...trees.values()].flat())
  }
}

/** A sample takes a moment, so what it shows side by side need not have been: only who lives after all were seen did. */
function compare(home: Home, trees: ReadonlyMap<number, readonly Member[]>): void {
  const together = [...trees.values()]
    .map((members) => members.filter(({ line }) => stillLives(line.pid, line.startTime)))
    .filter((members) => members.length > 0)
  noteMost(
    home,
    together.map((members) => members[0]!),
  )
  for (const [task, rivals] of Map.groupBy(together, (members) => members[0]?.known.task ?? '')) {
    if (rivals.length < 2 || task === '') continue
    home.overlaps.push({
      task,
      runs: rivals.map((members) => members[0]?.known.run ?? 0),
      processes: rivals.flat().map(({ line }) => `${line.pid} ${readCommandLine(line.pid)}`),
    })
  }
}

function noteMost(home: Home, leaders: readonly Member[]): void {
  const runs = new Set(leaders.map(({ known: { run } }) => run))
  home.mostTrees = Math.max(home.mostTrees, runs.size)
  for (const [profile, own] of Map.groupBy(leaders, (leader) => leader.known.profile ?? ''))
    home.mostTreesOf[profile] = Math.max(
      home.mostTreesOf[profile] ?? 0,
      new Set(own.map(({ known: { run } }) => run)).size,
    )
}

function report(path: string): Report {
  const members = sample()
  takeNote(members)
  const { overlaps, mostTrees, mostTreesOf, runsSeen, samples } = homeOf(path)
  return {
    overlaps,
    mostTrees,
    mostTreesOf,
    runsSeen,
    samples,
    live: members
      .filter(({ known: { home } }) => home === path)
      .map(({ line, known: { run, task } }) => ({
        pid: line.pid,
        startTime: line.startTime,
        command: readCommandLine(line.pid),
        run,
        task,
      })),
  }
}

setInterval(() => takeNote(sample()), EVERY_MS)

parentPort?.on('message', ({ id, home, forget }: Question) => {
  const answer: Answer = { id, report: report(home) }
  parentPort?.postMessage(answer)
  if (forget) homes.delete(home)
})
