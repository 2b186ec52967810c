/**
 * Notices that a login, a key or a profile was changed which a profile is held for: then one of its runs may try at once,
 * instead of waiting for the time it would be tried anyway.
 */
import { createHash } from 'node:crypto'
import { join } from 'node:path'
import type { Hold } from '../domain/hold.ts'
import { statOf } from '../lib/stat-of.ts'
import type { DispatchDeps } from './deps.ts'

export class RepairWatch {
  readonly #deps: Pick<DispatchDeps, 'profiles' | 'env'>
  /** What was there when each hold was seen first, by its id. */
  readonly #seen = new Map<number, string>()
  readonly #startedAt: number

  constructor(deps: Pick<DispatchDeps, 'profiles' | 'env' | 'clock'>) {
    this.#deps = deps
    this.#startedAt = deps.clock.now()
  }

  /** The profiles among these holds whose ground may be gone. A new gateway has a new environment: it lets each try once. */
  changed(holds: readonly Hold[]): readonly string[] {
    const relevant = holds.filter(({ scope, kind }) => scope === 'profile' && kind === 'preflight')
    return relevant.filter((hold) => this.#hasChanged(hold)).map(({ target }) => target)
  }

  #hasChanged({ id, target, since }: Hold): boolean {
    const now = this.#stamp(target)
    const before = this.#seen.get(id)
    this.#seen.set(id, now)
    return before === undefined ? since < this.#startedAt : before !== now
  }

  #stamp(profile: string): string {
    const { profiles, env } = this.#deps
    const finding = profiles.find(profile)
    if (finding.state !== 'found') return profiles.fingerprint(profile)
    const logins = profiles.agents.find(finding.profile.agent)?.cli?.logins ?? []
    const files = logins.map((path) => {
      const stat = statOf(join(env['HOME'] ?? '/', path))
      return stat === null ? '-' : `${stat.ino}:${stat.size}:${stat.mtimeMs}`
    })
    return createHash('sha256')
      .update([profiles.fingerprint(profile), ...files].join(' '))
      .digest('hex')
  }
}
