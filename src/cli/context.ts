/** What a command is given to work with. */
import type { Actor } from '../domain/actor.ts'
import type { Kernel } from '../kernel/kernel.ts'
import type { HomePaths } from '../lib/paths.ts'
import type { Services } from './services.ts'

export interface Context {
  readonly paths: HomePaths
  /** Who acts: a person, or the worker inside of which the command was started. Only for commands that change something. */
  readonly actor: Actor
  /** The name of whoever asks. */
  readonly me: () => string
  /** Opens the board on first use. */
  readonly kernel: () => Promise<Kernel>
  readonly services: Services
  /** Whole unix seconds, when the command was started. */
  readonly now: number
  readonly env: Readonly<Record<string, string | undefined>>
  /** The folder the command was started in. */
  readonly folder: string
  /** Standard input as it comes. */
  readonly input: () => AsyncIterable<Uint8Array>
  /** Removes the secrets a worker was given from what a command found out by itself; its words and its input are masked already. */
  readonly mask: (text: string) => string
  /** Everything that is on standard input, as text. */
  readonly readInput: () => Promise<string>
  /** Aborted when the person has seen enough. */
  readonly signal: AbortSignal
  /** Whether a person sits in front of it. */
  readonly isInteractive: boolean
}
