/**
 * Kills whoever takes part, over and over, while cards are made and worked on. What was acknowledged must be there in the
 * end, and every card must have come to its end exactly once, or say why not. `YARD_STORM_KILLS` makes it longer,
 * `YARD_STORM_SEED` repeats the order of its decisions.
 */
import { copyFileSync, existsSync, mkdirSync } from 'node:fs'
import { join } from 'node:path'
import { setTimeout as pause } from 'node:timers/promises'
import { describe, expect } from 'vitest'
import { BoardReader } from '../helpers/rig/board-reader.ts'
import type { Command } from '../helpers/rig/program.ts'
import { kill, type Rig } from '../helpers/rig/rig.ts'
import { scenario } from '../helpers/rig/scenario.ts'

const KILLS = Number(process.env['YARD_STORM_KILLS'] ?? 300)
const SEED = Number(process.env['YARD_STORM_SEED'] ?? Date.now() % 1_000_000)
/** Milliseconds from one kill to the next, at most. */
const BREATH = 300
const WRITERS = 2

const BODIES = [
  { profile: 'worker', body: 'work 3; complete "done by $YARD_RUN" && note acknowledged complete' },
  {
    profile: 'worker',
    body: 'daemon; child; complete "done by $YARD_RUN" && note acknowledged complete; ignore_term; hang',
  },
  {
    profile: 'worker',
    body: 'ignore_term; work 6; complete "done by $YARD_RUN" && note acknowledged complete',
  },
  { profile: 'script', body: '. "$RIG_WORDS"; work 2; echo "done by $YARD_RUN"' },
  { profile: 'script', body: '. "$RIG_WORDS"; daemon; exit 0' },
  { profile: 'worker', body: 'ask "what now?" && note acknowledged block' },
] as const

describe('a storm of kills', () => {
  scenario(
    'F09',
    `${KILLS} kills of gateways, runners, workers and commands lose nothing that was acknowledged (seed ${SEED})`,
    async (rig) => {
      const random = seeded(SEED)
      const storm = new Storm(rig, random)
      const writing = Promise.all(Array.from({ length: WRITERS }, (_, writer) => storm.write(writer)))
      await Promise.race([storm.kill(), writing]).finally(() => {
        storm.isOver = true
      })
      await writing
      if (!rig.isGatewayRunning) await rig.startGateway()
      const unfinished = () =>
        rig.board.all<{ id: string }>(`select id from tasks where status in ('ready', 'running', 'todo')`)
      await rig.until('every card to come to its end', () => unfinished().length === 0)
      for (const { id } of rig.board.tasks()) await rig.untilGone(id)

      const cards = rig.board.tasks()
      const present = new Set(cards.map(({ id }) => id))
      expect(
        storm.created.filter((id) => !present.has(id)),
        'cards whose creation was acknowledged',
      ).toEqual([])
      // A command that was killed may have done its work before it could say so.
      expect(cards.length).toBeLessThanOrEqual(storm.created.length + storm.unknown)
      for (const { id, status } of cards) {
        const completed = rig.board.runs(id).filter(({ outcome }) => outcome === 'completed')
        expect({ id, status, completed: completed.length }).toEqual({
          id,
          status,
          completed: status === 'done' ? 1 : 0,
        })
        if (status !== 'done')
          expect({ id, status, holds: rig.board.holds(id).length }).toMatchObject({
            status: 'blocked',
            holds: 1,
          })
      }
      for (const line of rig.notes('acknowledged')) {
        const [id = '', run, verdict] = line.split(' ')
        const outcome = rig.board.runs(id).find((each) => each.id === Number(run))?.outcome
        expect({ line, outcome }).toEqual({ line, outcome: verdict === 'complete' ? 'completed' : 'blocked' })
      }
      expect(storm.snapshots).toBeGreaterThan(0)
      console.log(
        `${JSON.stringify(storm.killed)}; ${cards.length} cards, ${rig.board.allRuns().length} runs, ${storm.snapshots} snapshots`,
      )
    },
    {
      kanban: { max_attempts: 60, retry_backoff_seconds: 0, max_running: 4, max_running_per_profile: 4 },
      timeoutMs: 240_000 + KILLS * 1_500,
      isAlone: true,
    },
  )
})

type Prey = 'gateway' | 'runner' | 'worker' | 'tree' | 'command'

class Storm {
  isOver = false
  /** Cards whose creation was acknowledged, in that order. */
  readonly created: string[] = []
  /** Commands that were killed before they could say what they did. */
  unknown = 0
  snapshots = 0
  readonly killed: Record<Prey, number> = { gateway: 0, runner: 0, worker: 0, tree: 0, command: 0 }
  readonly #rig: Rig
  readonly #random: () => number
  readonly #commands = new Set<Command>()

  constructor(rig: Rig, random: () => number) {
    this.#rig = rig
    this.#random = random
  }

  #pick<T>(list: readonly T[]): T | undefined {
    return list[Math.floor(this.#random() * list.length)]
  }

  /** Makes cards one after the other, a few more than can be worked off. */
  async write(writer: number): Promise<void> {
    const rig = this.#rig
    for (let card = 0; !this.isOver; card++) {
      const waiting = rig.board.count(`tasks where status = 'ready'`)
      if (waiting > 12) {
        await pause(100)
        continue
      }
      const { profile, body } = this.#pick(BODIES) ?? BODIES[0]
      const command = rig.start([...rig.createWords({ title: `${writer}.${card}`, profile, body }), '--json'])
      this.#commands.add(command)
      const { code, signal, stdout, stderr } = await command.result
      this.#commands.delete(command)
      if (code === 0) this.created.push((JSON.parse(stdout) as { id: string }).id)
      else if (signal === 'SIGKILL') this.unknown++
      else throw new Error(`a command failed in the storm: ${stderr}`)
    }
  }

  async kill(): Promise<void> {
    const total = () => Object.values(this.killed).reduce((sum, count) => sum + count, 0)
    for (let looks = 0; total() < KILLS && !this.isOver; looks++) {
      await pause(this.#random() * BREATH)
      await this.#killOne(
        this.#pick([
          'gateway',
          'runner',
          'runner',
          'worker',
          'worker',
          'tree',
          'command',
          'command',
        ] as const) ?? 'worker',
      )
      if (looks % 40 === 20) await this.#snapshot()
    }
  }

  async #killOne(prey: Prey): Promise<void> {
    const rig = this.#rig
    if (prey === 'command') {
      const command = this.#pick([...this.#commands])
      if (command?.child.kill('SIGKILL') === true) this.killed.command++
      return
    }
    if (prey === 'gateway') {
      await rig.killGateway()
      this.killed.gateway++
      // Sometimes nobody looks after the runs for a while.
      if (this.#random() < 0.3) await pause(500)
      await rig.startGateway()
      return
    }
    const { live } = await rig.observed()
    const trees = live.filter(({ run }) => run !== null)
    const runners = live.filter(({ command }) => command.endsWith('/spec.json'))
    const target = this.#pick(prey === 'runner' ? runners : trees)
    if (target === undefined) return
    // A whole tree with its runner at once, as the kernel does when memory runs out.
    const victims =
      prey === 'tree'
        ? [
            ...trees.filter(({ run }) => run === target.run),
            ...runners.filter(({ command }) => command.includes(`/runs/${target.run}/`)),
          ]
        : [target]
    if (victims.map((victim) => kill(victim, 'SIGKILL')).some(Boolean)) this.killed[prey]++
  }

  /** What the disk holds at this instant, as a power cut would leave it, opens as a sound board with everything acknowledged. */
  async #snapshot(): Promise<void> {
    const rig = this.#rig
    const thaw = await rig.freeze()
    const acknowledged = [...this.created]
    const folder = join(rig.folder, `snapshot-${this.snapshots}`)
    const file = join(folder, 'kanban.db')
    try {
      mkdirSync(folder)
      for (const suffix of ['', '-wal'])
        if (existsSync(join(rig.home, `kanban.db${suffix}`)))
          copyFileSync(join(rig.home, `kanban.db${suffix}`), `${file}${suffix}`)
    } finally {
      thaw()
    }
    using board = new BoardReader(file)
    expect(board.all('pragma integrity_check')).toEqual([{ integrity_check: 'ok' }])
    const present = new Set(board.tasks().map(({ id }) => id))
    expect(acknowledged.filter((id) => !present.has(id))).toEqual([])
    this.snapshots++
  }
}

/** Mulberry32: the same seed, the same storm, as far as processes allow. */
function seeded(seed: number): () => number {
  let state = seed >>> 0
  return () => {
    state = (state + 0x6d2b79f5) >>> 0
    let mixed = Math.imul(state ^ (state >>> 15), state | 1)
    mixed ^= mixed + Math.imul(mixed ^ (mixed >>> 7), mixed | 61)
    return ((mixed ^ (mixed >>> 14)) >>> 0) / 4294967296
  }
}
