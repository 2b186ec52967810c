/** What a tool is: a name, a shape of input, and what it does for whoever calls it. */
import * as z from 'zod/mini'
import type { Actor } from '../domain/actor.ts'
import type { AssignableProfile, MissingSkill, SkillsWanted } from '../domain/roster.ts'
import type { TaskId } from '../domain/task.ts'
import type { Kernel } from '../kernel/kernel.ts'

export type Verdict = 'complete' | 'block' | 'review'

/** A file that was copied into the attachment store. */
export interface KeptFile {
  readonly name: string
  readonly size: number
  /** SHA-256 in hex. */
  readonly digest: string
  readonly mime: string | null
}

/** On whose behalf tools are called, and what they may reach. */
export interface ToolContext {
  readonly kernel: Kernel
  /** Signs what is written: a worker by its run, or the person whose session it is. */
  readonly actor: Actor
  /** The run the tools serve; null in a person's own session. */
  readonly run: { readonly id: number; readonly taskId: TaskId } | null
  /** May see the whole board, create cards for others and let cards go that asked something. */
  readonly orchestrator: boolean
  /** Removes secrets from a text before it reaches the board. */
  readonly mask: (text: string) => string
  /** Copies a file of the run's workspace into the attachment store; null where there is no workspace. */
  readonly keepFile: ((path: string) => Promise<KeptFile>) | null
  /** Who can be given cards; null where that is not known. */
  readonly profiles: (() => Promise<readonly AssignableProfile[]>) | null
  /** Which of the skills a new card needs nobody has; null where that is not known. */
  readonly missingSkills: ((wanted: SkillsWanted) => Promise<readonly MissingSkill[]>) | null
  /** Called when the agent has asked which tools there are. */
  readonly onListed?: () => void
  /** Called at every call, whatever comes of it. */
  readonly onActivity?: () => void
  /** Called once the board has taken a verdict on the run's own card. */
  readonly onVerdict?: (verdict: Verdict) => void
}

/** What the tools of a run are given. */
export type RunContext = ToolContext & { readonly run: NonNullable<ToolContext['run']> }

export interface Tool {
  readonly name: string
  readonly about: string
  readonly input: z.ZodMiniObject
  /** Reads only. */
  readonly reads: boolean
  isOffered(context: ToolContext): boolean
  run(context: ToolContext, input: Record<string, unknown>): Promise<Record<string, unknown>>
}

interface Spec<S extends z.core.$ZodShape, C> {
  readonly name: string
  readonly about: string
  readonly input: S
  readonly reads?: boolean
  run(context: C, input: z.output<z.ZodMiniObject<S>>): Promise<Record<string, unknown>>
}

const build = <S extends z.core.$ZodShape, C extends ToolContext>(
  spec: Spec<S, C>,
  isOffered: (context: ToolContext) => boolean,
): Tool => ({
  name: spec.name,
  about: spec.about,
  input: z.strictObject(spec.input),
  reads: spec.reads ?? false,
  isOffered,
  // The context is what `isOffered` made sure of, and the input what the shape says: both are checked before each call.
  run: (context, input) => spec.run(context as C, input as z.output<z.ZodMiniObject<S>>),
})

/** A tool of every run and every orchestrator. */
export const tool = <S extends z.core.$ZodShape>(spec: Spec<S, ToolContext>): Tool =>
  build(spec, ({ run, orchestrator }) => run !== null || orchestrator)

/** A tool that speaks for a run's own card. */
export const runTool = <S extends z.core.$ZodShape>(spec: Spec<S, RunContext>): Tool =>
  build(spec, ({ run }) => run !== null)

export const orchestratorTool = <S extends z.core.$ZodShape>(spec: Spec<S, ToolContext>): Tool =>
  build(spec, ({ orchestrator }) => orchestrator)

/** A tool of an orchestrator's own run. */
export const orchestratorRunTool = <S extends z.core.$ZodShape>(spec: Spec<S, RunContext>): Tool =>
  build(spec, ({ run, orchestrator }) => run !== null && orchestrator)
