/** Turns what a request presents into a caller. Answers are remembered until the board changes, so a revoked token ends at once. */
import { isYardError } from '../../domain/errors.ts'
import type { RunCapability } from '../../domain/actor.ts'
import { parseRunToken, type Credential, type CredentialKind } from '../../domain/credential.ts'
import type { Kernel } from '../../kernel/kernel.ts'
import type { Clock } from '../../lib/clock.ts'
import type { Caller } from '../caller.ts'
import type { OwnerToken } from './owner-token.ts'

/** A secret, and by which road it came. */
export interface Presented {
  readonly secret: string
  readonly by: 'bearer' | 'cookie'
}

export interface AuthenticatorDeps {
  readonly kernel: Pick<Kernel, 'checkCredential' | 'findGoodSecrets' | 'identifyRun'>
  readonly owner: OwnerToken
  /** In whose name the token file acts. */
  readonly ownerName: string
  readonly clock: Pick<Clock, 'now'>
}

const KINDS = { bearer: ['token'], cookie: ['session'] } as const satisfies Record<
  Presented['by'],
  readonly CredentialKind[]
>

const MAX_REMEMBERED = 1_000

export class Authenticator {
  readonly #deps: AuthenticatorDeps
  #version = ''
  readonly #remembered = new Map<string, Promise<Caller | null>>()

  constructor(deps: AuthenticatorDeps) {
    this.#deps = deps
  }

  /** Null when the secret is none that is good now. `version`: of the board, read after the request came in. */
  async identify(presented: Presented, version: string): Promise<Caller | null> {
    if (presented.secret.length > 300) return null
    if (presented.by === 'bearer' && this.#deps.owner.matches(presented.secret)) return this.#owner()
    if (version !== this.#version) {
      this.#version = version
      this.#remembered.clear()
    }
    const key = `${presented.by} ${presented.secret}`
    let found = this.#remembered.get(key)
    if (found === undefined) {
      found = this.#lookUp(presented)
      this.#remember(key, found)
    }
    const caller = await found
    const isExpired =
      caller?.kind === 'person' && caller.expiresAt !== null && caller.expiresAt <= this.#deps.clock.now()
    return isExpired ? null : caller
  }

  /** Those of the secrets, each of which was good once, that are good no more. */
  async findLapsed(secrets: ReadonlySet<string>): Promise<ReadonlySet<string>> {
    const { owner, kernel } = this.#deps
    // What a worker presents ends with its run, as does the log it may follow.
    const asked = [...secrets].filter((secret) => parseRunToken(secret) === null && !owner.matches(secret))
    if (asked.length === 0) return new Set()
    const good = await kernel.findGoodSecrets(asked)
    return new Set(asked.filter((secret) => !good.has(secret)))
  }

  #remember(key: string, found: Promise<Caller | null>): void {
    if (this.#remembered.size >= MAX_REMEMBERED) this.#remembered.clear()
    this.#remembered.set(key, found)
    // What failed is asked again; what is nobody's is not kept, so that guesses take no place.
    found.then(
      (caller) => caller === null && this.#remembered.delete(key),
      () => this.#remembered.delete(key),
    )
  }

  #owner(): Caller {
    return {
      kind: 'person',
      name: this.#deps.ownerName,
      scope: 'operate',
      by: 'owner',
      credentialId: null,
      expiresAt: null,
    }
  }

  async #lookUp({ secret, by }: Presented): Promise<Caller | null> {
    const capability = by === 'bearer' ? parseRunToken(secret) : null
    if (capability !== null) return this.#worker(capability)
    const credential = await this.#deps.kernel.checkCredential(secret, KINDS[by])
    return credential === null ? null : personOf(credential)
  }

  async #worker(capability: RunCapability): Promise<Caller | null> {
    try {
      const { taskId, profile, isLive } = await this.#deps.kernel.identifyRun(capability)
      return { kind: 'worker', name: profile ?? `run-${capability.runId}`, capability, taskId, isLive }
    } catch (error) {
      if (isYardError(error) && error.kind === 'denied') return null
      throw error
    }
  }
}

const personOf = ({ kind, person, scope, id, expiresAt }: Credential): Caller => ({
  kind: 'person',
  name: person,
  scope,
  by: kind === 'session' ? 'session' : 'token',
  credentialId: id,
  expiresAt,
})
