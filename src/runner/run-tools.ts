/** What a run's tools are made of, and what its agent is told of them. */
import type { RunCapability } from '../domain/actor.ts'
import type { AssignableProfile, MissingSkill, SkillsWanted } from '../domain/roster.ts'
import type { Kernel } from '../kernel/kernel.ts'
import type { Verdict } from '../mcp/tool.ts'
import type { FileScreen } from '../workspaces/attachment-store.ts'

export interface RunToolsOptions {
  readonly kernel: Kernel
  readonly capability: RunCapability
  readonly taskId: string
  /** The profile it works for; signs what the worker writes. */
  readonly profile: string
  /** The folder it works in; files are attached from there. */
  readonly workspace: string
  readonly orchestrator: boolean
  /** Where attached files are kept, and the most one may have. */
  readonly attachments: { readonly folder: string; readonly maxBytes?: number }
  /** Removes the run's secrets from a text: `SecretMask.maskText`. */
  readonly mask: (text: string) => string
  /** Keeps files with the run's secrets out of the attachments: `SecretMask.screen`. */
  readonly screen?: FileScreen
  /** Who can be given cards; left out where that is not known. */
  readonly profiles?: () => Promise<readonly AssignableProfile[]>
  /** Which skills nobody has; left out where that is not known. */
  readonly missingSkills?: (wanted: SkillsWanted) => Promise<readonly MissingSkill[]>
  /** Called when the agent has asked which tools there are. */
  readonly onListed?: () => void
  /** Called at every call of a tool: a sign of life. */
  readonly onActivity?: () => void
  /** Called once the board has taken the worker's verdict. */
  readonly onVerdict?: (verdict: Verdict) => void
  /** Told, in one sentence, of whoever was turned away; by default it is printed. */
  readonly onTurnedAway?: (sentence: string) => void
  /** Told of what should never happen; by default it is printed. */
  readonly onBug?: (error: unknown) => void
}

export interface RunTools {
  /** Where streamable HTTP is spoken, in both eras of the protocol. */
  readonly url: string
  /** For `Authorization: Bearer`. Goes into private files only. */
  readonly token: string
  /** Resolves when the agent has asked which tools there are. */
  readonly listed: Promise<void>
  /** Answers what is under way, then nothing more. */
  close(): Promise<void>
}
