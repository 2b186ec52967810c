import { expect } from 'vitest'
import { RunWatch, type RunStations } from '../../src/server/run-watch.ts'
import { silentLog } from '../../src/lib/log.ts'
import { behaviour } from '../behaviours.ts'
import { databases } from '../helpers/boards.ts'
import { alice, openTestKernel } from '../helpers/kernel.ts'

for (const database of databases)
  behaviour(
    'metrics.latency',
    `the stations of a run are told with the time between them, on ${database.name}`,
    async () => {
      await using board = await openTestKernel(database)
      const { kernel } = board
      let ms = 0
      const seen = new Set<number>()
      const told: [station: string, run: RunStations, at?: number, outcome?: string][] = []
      let wake = () => {}
      const begun = Promise.withResolvers<void>()
      using _watch = new RunWatch(
        {
          kernel: {
            ...kernel,
            async getLatestEventId() {
              const id = await kernel.getLatestEventId()
              begun.resolve()
              return id
            },
            async readEvents(filter) {
              const events = await kernel.readEvents(filter)
              // After the watch has taken them.
              setImmediate(() => {
                for (const { id } of events) seen.add(id)
                wake()
              })
              return events
            },
          },
          clock: { monotonicMs: () => ms },
          log: silentLog,
          lock: 'testhost:1',
        },
        [
          {
            claimed: (run) => told.push(['claimed', run]),
            started: (run, at) => told.push(['started', run, at]),
            ended: (run, at, outcome) => told.push(['ended', run, at, outcome]),
          },
        ],
      )
      const noticed = async () => {
        const latest = await kernel.getLatestEventId()
        while (!seen.has(latest))
          await new Promise<void>((resolve) => {
            wake = resolve
          })
      }
      // What it finds at its beginning it does not tell of.
      await begun.promise
      await board.given()
      const card = await board.given({ assignee: null })
      await noticed()
      ms += 5_000
      await kernel.assignTask(card.id, 'coder', alice)
      await noticed()
      ms += 2_000
      const run = await board.run(card)
      await noticed()
      ms += 3_000
      await run.start()
      await noticed()
      ms += 4_000
      await run.end('crashed')
      await noticed()
      const stations = {
        runId: run.id,
        taskId: card.id,
        readyAt: 5_000,
        claimedAt: 7_000,
      }
      expect(told).toEqual([
        ['claimed', stations],
        ['started', stations, 10_000],
        ['ended', stations, 14_000, 'crashed'],
      ])
      // Another gateway's runs are counted there.
      const claimed = await board.given()
      await kernel.claimTask(claimed.id, {}, alice)
      await noticed()
      expect(told).toHaveLength(3)
    },
  )
