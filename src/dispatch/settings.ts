/** What the configuration says about dispatching, asked anew on every pass. */
import type { BoardPolicy } from '../kernel/deps.ts'

export interface DispatchSettings {
  readonly intervalSeconds: number
  readonly maxRunning: number
  readonly maxRunningPerProfile: number
  readonly minFreeMemoryBytes: number
  readonly maxRuntimeSeconds: number | null
  readonly silenceSeconds: number | null
  readonly graceSeconds: number
  /** The repository of worktree workspaces that name none. */
  readonly repository: string | null
  /** Environment variables every worker is given. */
  readonly allowEnvironment: readonly string[]
  /** The most one attachment may have. */
  readonly maxAttachmentBytes?: number
  readonly triage: TriageSettings
  readonly policy: BoardPolicy
}

/** What the board does with rough cards by itself. */
export interface TriageSettings {
  /** The orchestrator that helps; null for the only one there is. */
  readonly profile: string | null
  readonly autoDecompose: boolean
  /** How long a rough card must have been left alone before. */
  readonly quietSeconds: number
  readonly autoRelease: boolean
  readonly autoAccept: boolean
}
