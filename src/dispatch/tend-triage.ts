/**
 * What the board does with rough cards by itself, where its settings say so: asks for help, and agrees to what came of it.
 * The settings are read at every pass, so that switching something off counts from the next one on.
 */
import { pickOrchestrator } from '../agents/pick-orchestrator.ts'
import type { Actor } from '../domain/actor.ts'
import { isYardError } from '../domain/errors.ts'
import type { TaskId } from '../domain/task.ts'
import type { Proposals } from '../kernel/list-proposals.ts'
import type { DispatchDeps } from './deps.ts'

/** Rough cards that are worked out at the same moment without having been asked for. */
const MOST_AT_ONCE = 2

const rule = (name: string): Actor => ({ kind: 'system', name: `rule:${name}`, door: 'gateway' })
const BY_AUTO_DECOMPOSE = rule('auto-decompose')
const BY_AUTO_RELEASE = rule('auto-release')
const BY_AUTO_ACCEPT = rule('auto-accept')

export class TriageTender {
  readonly #deps: DispatchDeps
  /** Whether something may be under way that was not asked for; a gateway before this one may have begun it. */
  #hasAutomatic = true
  #told: string | null = null

  constructor(deps: DispatchDeps) {
    this.#deps = deps
  }

  /** Gives whether it changed something. Reads nothing while every such setting is off. */
  async tend(now: number): Promise<boolean> {
    const { autoDecompose, autoRelease, autoAccept, quietSeconds } = this.#deps.settings().triage
    if (!autoDecompose && !autoRelease && !autoAccept && !this.#hasAutomatic) return false
    const { quiet, open } = await this.#deps.kernel.readTriage({
      quietSince: now - quietSeconds,
      limit: MOST_AT_ONCE,
    })
    const unasked = open.filter((proposals) => proposals.request.isAutomatic && isAtWork(proposals))
    this.#hasAutomatic = autoDecompose || unasked.length > 0
    const changes = [
      autoDecompose
        ? await this.#askFor(quiet.slice(0, MOST_AT_ONCE - unasked.length))
        : await this.#giveUp(unasked),
      autoRelease && (await this.#releaseAll(open)),
      autoAccept && (await this.#acceptAll(open)),
    ]
    return changes.includes(true)
  }

  async #askFor(ids: readonly TaskId[]): Promise<boolean> {
    if (ids.length === 0) return false
    const { kernel, profiles, settings } = this.#deps
    let profile: string
    try {
      profile = pickOrchestrator(profiles, { named: null, configured: settings().triage.profile })
    } catch (error) {
      this.#tell(`triage.auto_decompose is on: ${(error as Error).message}`)
      return false
    }
    return this.#each(ids, (id) => kernel.askHelp(id, { kind: 'decompose', profile }, BY_AUTO_DECOMPOSE))
  }

  /** It was switched off: what it had begun ends, and with it whatever would still be proposed. */
  #giveUp(unasked: readonly Proposals[]): Promise<boolean> {
    return this.#each(unasked, ({ helper }) => this.#deps.kernel.archiveTask(helper.id, BY_AUTO_DECOMPOSE))
  }

  #releaseAll(open: readonly Proposals[]): Promise<boolean> {
    const ready = open.filter((proposals) => isFinished(proposals) && waiting(proposals).length > 0)
    return this.#each(ready, (proposals) =>
      this.#deps.kernel.releaseProposals(waiting(proposals), BY_AUTO_RELEASE),
    )
  }

  #acceptAll(open: readonly Proposals[]): Promise<boolean> {
    const ready = open.filter(
      (proposals) =>
        isFinished(proposals) &&
        proposals.request.kind === 'specify' &&
        proposals.request.text !== null &&
        proposals.request.decision === null,
    )
    return this.#each(ready, ({ subject }) => this.#deps.kernel.acceptText(subject.id, {}, BY_AUTO_ACCEPT))
  }

  /** One refusal does not keep the rest from theirs. */
  async #each<T>(all: readonly T[], act: (one: T) => Promise<unknown>): Promise<boolean> {
    let changed = false
    for (const one of all) {
      try {
        await act(one)
        changed = true
      } catch (error) {
        if (!isYardError(error)) throw error
        this.#tell(error.message)
      }
    }
    return changed
  }

  /** The same pass after pass is said once. */
  #tell(message: string): void {
    if (message !== this.#told) this.#deps.log.warn(message)
    this.#told = message
  }
}

const isAtWork = ({ helper }: Proposals): boolean => helper.status !== 'done' && helper.status !== 'archived'

/** All that will be proposed is proposed, about the text the card still has; and nobody has taken the card elsewhere. */
const isFinished = ({ helper, subject, isStale }: Proposals): boolean =>
  helper.status === 'done' && subject.status === 'triage' && !isStale

const waiting = ({ cards }: Proposals): TaskId[] =>
  cards.flatMap(({ id, state }) => (state === 'waiting' ? [id] : []))
