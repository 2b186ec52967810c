/**
 * A small board that knows the rules and nothing else: what every verb does to statuses, holds and attempts, written from
 * the contract. Verbs answer whether they are accepted.
 */

export type Status = 'triage' | 'todo' | 'ready' | 'running' | 'blocked' | 'review' | 'done' | 'archived'
export type After = 'hold' | 'ready' | 'archive' | 'complete' | 'block'
export type Ending =
  | 'completed'
  | 'crashed'
  | 'timed_out'
  | 'stalled'
  | 'no_verdict'
  | 'spawn_failed'
  | 'reclaimed'
export type Birth = 'plain' | 'idea' | 'held' | 'held idea'
type HoldKind = 'human' | 'time' | 'cooldown' | 'breaker' | 'preflight'

const MAX_ATTEMPTS = 3
const FAILURE_LIMIT = 5
const REFUND_CAP = 5
const CLAIM_SECONDS = 900
const backoff = (failures: number): number => Math.min(600, 5 * 2 ** (Math.max(failures, 1) - 1))

export interface ModelCard {
  status: Status
  readonly parents: Set<number>
  /** Was done, and not taken up again since. */
  finished: boolean
  /** The open run, and whether processes are behind it. */
  run: { readonly byHand: true; expires: number } | { readonly byHand: false; stop: After | null } | null
  /** Processes of a run, open or ended, that are not proven gone; with the request to stop them. */
  live: { readonly byHand: false; stop: After | null } | null
  /** End of each hold in unix seconds; null for one that only a verb ends. */
  readonly holds: Map<HoldKind, number | null>
  readonly attempts: { charged: number; refunded: number; granted: number }
  failedStarts: number
  archivedFrom: Status
}

export class Model {
  readonly cards: ModelCard[] = []
  now: number
  paused = false

  constructor(now: number) {
    this.now = now
  }

  copy(): Model {
    const copy = new Model(this.now)
    copy.paused = this.paused
    copy.cards.push(...structuredClone(this.cards))
    return copy
  }

  create(parents: readonly number[], kind: Birth, delay: number): boolean {
    const card: ModelCard = {
      status: kind === 'plain' ? 'ready' : kind === 'held' ? 'blocked' : 'triage',
      parents: new Set(parents),
      finished: false,
      run: null,
      live: null,
      holds: new Map(),
      attempts: { charged: 0, refunded: 0, granted: 0 },
      failedStarts: 0,
      archivedFrom: 'ready',
    }
    if (kind === 'held' || kind === 'held idea') card.holds.set('human', null)
    if (delay > 0) card.holds.set('time', this.now + delay)
    this.cards.push(card)
    return this.#settled()
  }

  link(parent: number, child: number): boolean {
    if (parent === child || this.#reaches(child, parent)) return false
    this.#card(child).parents.add(parent)
    return this.#settled()
  }

  unlink(parent: number, child: number): boolean {
    this.#card(child).parents.delete(parent)
    return this.#settled()
  }

  claim(n: number): boolean {
    const card = this.#card(n)
    if (card.status !== 'ready' || card.live !== null || this.paused) return false
    card.run = { byHand: true, expires: this.now + CLAIM_SECONDS }
    return this.#open(card)
  }

  dispatch(n: number): boolean {
    const card = this.#card(n)
    if (card.status !== 'ready' || card.live !== null || this.paused || this.inForce(card).length > 0)
      return false
    if (this.#left(card) <= 0) {
      card.status = 'blocked'
      card.holds.set('breaker', null)
      return false
    }
    card.attempts.charged++
    card.live = card.run = { byHand: false, stop: null }
    return this.#open(card)
  }

  /** The processes are gone. */
  close(n: number, ending: Ending): boolean {
    const card = this.#card(n)
    const { live } = card
    if (live === null) return false
    const isOpen = card.run !== null && !card.run.byHand
    card.live = null
    if (isOpen) this.#end(card, ending, live.stop)
    // What was asked for and the worker's last word left open.
    if (live.stop === 'archive' && card.status !== 'archived') this.#archive(card)
    if (live.stop === 'complete' && ['blocked', 'review', 'ready'].includes(card.status)) this.#finish(card)
    return this.#settled()
  }

  #end(card: ModelCard, ending: Ending, stop: After | null): void {
    card.run = null
    const { attempts } = card
    if (ending === 'completed' || stop === 'complete') return this.#finish(card)
    const wasStopped = stop !== null
    if (ending === 'spawn_failed' && !wasStopped) attempts.refunded++
    else if ((wasStopped || ending === 'reclaimed') && attempts.refunded < REFUND_CAP) attempts.refunded++
    if (stop === 'hold' || stop === 'block') return this.#hold(card)
    if (stop === 'archive') return this.#archive(card, 'running')
    card.status = 'ready'
    if (stop === 'ready') return
    if (ending === 'spawn_failed') card.failedStarts++
    const isSpent = this.#left(card) <= 0
    if (isSpent || (ending === 'spawn_failed' && card.failedStarts >= FAILURE_LIMIT)) {
      card.status = 'blocked'
      card.holds.set('breaker', null)
    } else if (ending !== 'reclaimed') {
      const failures = ending === 'spawn_failed' ? card.failedStarts : attempts.charged - attempts.refunded
      card.holds.set('cooldown', this.now + backoff(failures))
    }
  }

  /** A person completes; of a run with processes it is only asked for. */
  complete(n: number): boolean {
    const card = this.#card(n)
    if (!['running', 'ready', 'blocked', 'review'].includes(card.status)) return false
    return this.#asked(card, 'complete') ?? (this.#finish(card), this.#settled())
  }

  block(n: number): boolean {
    const card = this.#card(n)
    if (card.status !== 'running' && card.status !== 'ready') return false
    return this.#asked(card, 'block') ?? (this.#hold(card), true)
  }

  archive(n: number): boolean {
    const card = this.#card(n)
    if (card.status === 'archived') return false
    return this.#asked(card, 'archive') ?? (this.#archive(card), this.#settled())
  }

  stop(n: number, after: 'hold' | 'ready' | 'archive'): boolean {
    const card = this.#card(n)
    if (card.status !== 'running') return false
    const asked = this.#asked(card, after)
    if (asked !== null) return asked
    card.run = null
    if (after === 'hold') this.#hold(card)
    else if (after === 'archive') this.#archive(card, 'running')
    else card.status = 'ready'
    return this.#settled()
  }

  unblock(n: number): boolean {
    const card = this.#card(n)
    if (card.status !== 'blocked' || card.holds.has('breaker')) return false
    this.#lift(card, 'human', 'preflight', 'cooldown')
    card.failedStarts = 0
    card.status = 'ready'
    return this.#settled()
  }

  retry(n: number, grant: number): boolean {
    const card = this.#card(n)
    if (!['blocked', 'done', 'ready', 'todo'].includes(card.status)) return false
    const changes = grant > 0 || card.status === 'blocked' || card.status === 'done'
    const lifted = this.#lift(card, 'human', 'breaker', 'preflight', 'cooldown')
    card.attempts.granted += grant
    if (changes || lifted) card.failedStarts = 0
    if (card.status === 'done') card.finished = false
    card.status = 'ready'
    return this.#settled()
  }

  requestReview(n: number): boolean {
    const card = this.#card(n)
    if (card.status !== 'ready') return false
    card.status = 'review'
    return true
  }

  sendBack(n: number): boolean {
    const card = this.#card(n)
    if (card.status !== 'review') return false
    card.status = 'ready'
    return this.#settled()
  }

  restore(n: number): boolean {
    const card = this.#card(n)
    if (card.status !== 'archived') return false
    card.status = this.#before(card)
    return this.#settled()
  }

  moveToTriage(n: number): boolean {
    const card = this.#card(n)
    if (card.status === 'archived') return this.#before(card) === 'triage' && this.restore(n)
    if (card.status === 'triage') return true
    if (!['todo', 'ready', 'blocked'].includes(card.status)) return false
    this.#lift(card, 'human', 'preflight', 'cooldown')
    card.status = 'triage'
    return true
  }

  moveToReady(n: number): boolean {
    const card = this.#card(n)
    const from = card.status === 'archived' ? this.#before(card) : card.status
    switch (from) {
      case 'todo':
        if (card.status !== 'archived') return false
        card.status = 'ready'
        return this.#settled()
      case 'ready':
        card.status = 'ready'
        return this.#settled()
      case 'triage':
        card.status = card.holds.has('human') ? 'blocked' : 'ready'
        return this.#settled()
      case 'blocked':
        if (card.holds.has('breaker')) return false
        card.status = 'blocked'
        return this.unblock(n)
      case 'done':
        card.finished = false
        card.status = 'ready'
        return this.#settled()
      default:
        return false
    }
  }

  /** A worker is heard while its run is the open one. */
  workerSays(n: number, verdict: 'complete' | 'block' | 'review'): boolean {
    const card = this.#card(n)
    if (card.run === null || card.run.byHand) return false
    card.run = null
    if (verdict === 'complete') this.#finish(card)
    else if (verdict === 'block') this.#hold(card)
    else card.status = 'review'
    return this.#settled()
  }

  failPreflight(n: number): boolean {
    const card = this.#card(n)
    if (card.status !== 'ready') return false
    card.failedStarts++
    const isBlocked = card.failedStarts >= FAILURE_LIMIT
    if (isBlocked) card.status = 'blocked'
    card.holds.set('preflight', isBlocked ? null : this.now + backoff(card.failedStarts))
    return true
  }

  passPreflight(n: number): boolean {
    const card = this.#card(n)
    const until = card.holds.get('preflight')
    if (until === undefined) return false
    card.holds.delete('preflight')
    const isHeld = card.holds.has('human') || card.holds.has('breaker')
    if (card.status === 'blocked' && until === null && !isHeld) card.status = 'ready'
    return this.#settled()
  }

  pause(): boolean {
    this.paused = true
    return true
  }

  resume(): boolean {
    const was = this.paused
    this.paused = false
    return was
  }

  /** Time passes, and the dispatcher looks. */
  wait(seconds: number): boolean {
    this.now += seconds
    for (const card of this.cards) {
      for (const [kind, until] of card.holds)
        if (kind !== 'preflight' && until !== null && until <= this.now) card.holds.delete(kind)
      if (card.run?.byHand === true && card.run.expires < this.now) {
        card.run = null
        card.status = 'ready'
      }
    }
    return this.#settled()
  }

  /** Kinds of the holds that keep a dispatcher from the card. */
  inForce(card: ModelCard): string[] {
    return [...card.holds].filter(([, until]) => until === null || until > this.now).map(([kind]) => kind)
  }

  isFinished(n: number): boolean {
    const card = this.#card(n)
    return card.status === 'done' || (card.status === 'archived' && card.finished)
  }

  #card(n: number): ModelCard {
    const card = this.cards[n]
    if (card === undefined) throw new Error(`no card ${n}`)
    return card
  }

  #left({ attempts: { charged, refunded, granted } }: ModelCard): number {
    return MAX_ATTEMPTS + granted - (charged - refunded)
  }

  #open(card: ModelCard): true {
    this.#lift(card, 'cooldown', 'time', 'preflight')
    card.status = 'running'
    return true
  }

  /** Null when no process is behind the card's run. The first request stands. */
  #asked(card: ModelCard, after: After): boolean | null {
    if (card.status !== 'running' || card.run === null || card.run.byHand) return null
    const isFirst = card.run.stop === null
    card.run.stop ??= after
    return isFirst || card.run.stop === after
  }

  #finish(card: ModelCard): void {
    this.#lift(card, 'human', 'time', 'cooldown', 'breaker', 'preflight')
    card.failedStarts = 0
    card.finished = true
    card.run = null
    card.status = 'done'
  }

  #hold(card: ModelCard): void {
    card.holds.set('human', null)
    card.run = null
    card.status = 'blocked'
  }

  #archive(card: ModelCard, from: Status = card.status): void {
    card.archivedFrom = from
    card.run = null
    card.status = 'archived'
  }

  /** Where an archived card comes from. */
  #before(card: ModelCard): Status {
    if (card.finished) return 'done'
    if (['triage', 'blocked', 'review'].includes(card.archivedFrom)) return card.archivedFrom
    return card.holds.has('human') ? 'blocked' : 'ready'
  }

  #lift(card: ModelCard, ...kinds: HoldKind[]): boolean {
    return kinds.filter((kind) => card.holds.delete(kind)).length > 0
  }

  #reaches(from: number, to: number): boolean {
    return [...this.cards.entries()].some(
      ([child, card]) => card.parents.has(from) && (child === to || this.#reaches(child, to)),
    )
  }

  /** Waiting is no decision: a card that nobody holds waits exactly while a parent or a time keeps it back. */
  #settled(): true {
    for (const card of this.cards) {
      if (card.status !== 'todo' && card.status !== 'ready') continue
      const waits = card.holds.has('time') || [...card.parents].some((parent) => !this.isFinished(parent))
      card.status = waits ? 'todo' : 'ready'
    }
    return true
  }
}
