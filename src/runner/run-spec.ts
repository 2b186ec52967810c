/** What a runner is told: everything about one run, in a private file, because it holds the run's secret. It is gone before the worker starts. */
import type { AgentTask } from '../agents/agent.ts'
import type { BoardPolicy } from '../kernel/deps.ts'
import type { BoardAddress } from '../kernel/open-run-board.ts'

export interface RunSpec {
  readonly version: 1
  readonly board: BoardAddress
  readonly boardId: string
  readonly taskId: string
  /** Who works on it. */
  readonly profile: string
  readonly runId: number
  readonly secret: string
  /** `exit-code`: exit 0 completes the card. `report`: the worker must say so itself. */
  readonly verdict: 'exit-code' | 'report'
  readonly argv: readonly [string, ...string[]]
  readonly stdin: string | null
  /** An agent that is given the board's tools; null for a program that is started as it is. */
  readonly agent: AgentTask | null
  /** The newest comment that its worker is told of at the start; 0 when there is none. */
  readonly heard: number
  readonly cwd: string
  readonly environment: {
    readonly allow: readonly string[]
    readonly add: Readonly<Record<string, string>>
    readonly path: readonly string[]
  }
  /** The run's private folder; removed when the run is closed. */
  readonly folder: string
  readonly logPath: string
  /** Where what an agent does is kept in words that are the same for every agent. */
  readonly streamPath: string
  /** Where the uncommitted changes of a worktree are kept when its run does not complete; null for other workspaces. */
  readonly snapshot: string | null
  readonly limits: {
    readonly runtimeSeconds: number | null
    readonly silenceSeconds: number | null
    readonly graceSeconds: number
  }
  readonly policy: BoardPolicy
}

/** Carried by every process of the run and by nobody else, so that those which left the worker's group are found. */
export const markerOf = (boardId: string, runId: number): { name: string; value: string } => ({
  name: 'YARD_RUN_MARKER',
  value: `${boardId}:${runId}`,
})

/** The files of a run's private folder. */
export const RUN_FILES = {
  spec: 'spec.json',
  capability: 'capability.json',
  ending: 'ending.json',
  messages: 'runner.log',
} as const
