import { credentialView } from '../../contract/credential-view.ts'
import type { Output } from '../../contract/operations/table.ts'
import type { Kernel } from '../../kernel/kernel.ts'
import { cookieNameOf, noCookie } from '../auth/login.ts'
import type { Tickets } from '../auth/tickets.ts'
import type { StandingConnections } from '../events/standing.ts'
import { Reply, type Handlers } from '../handler.ts'
import { Refusal } from '../refusal.ts'

export interface AccessDeps {
  readonly kernel: Kernel
  readonly tickets: Tickets
  readonly standing: StandingConnections
  readonly version: string
}

export const accessHandlers = ({ kernel, tickets, standing, version }: AccessDeps) =>
  ({
    async getSession({ caller }) {
      const shared = { name: caller.name, board: kernel.deps.store.boardId, version }
      if (caller.kind === 'worker') {
        const run = { run_id: caller.capability.runId, task_id: caller.taskId }
        return { ...shared, scope: null, kind: 'worker', expires_at: null, run }
      }
      return { ...shared, scope: caller.scope, kind: caller.by, expires_at: caller.expiresAt, run: null }
    },

    async endSession({ caller, actor }) {
      if (caller.kind !== 'person' || caller.by !== 'session' || caller.credentialId === null)
        throw new Refusal(
          409,
          'no_session',
          'There is no session to end: this request came with a token.',
          'Revoke a token with: yard token revoke <id>',
        )
      await kernel.revokeCredential(caller.credentialId, actor)
      await standing.look()
      return new Reply(JSON.stringify({ ok: true } satisfies Output<'endSession'>), {
        'content-type': 'application/json',
        'set-cookie': noCookie(cookieNameOf(kernel.deps.store.boardId)),
      })
    },

    createTicket: async ({ presented }) => tickets.issue(presented),

    async listTokens() {
      const credentials = await kernel.listCredentials()
      return { tokens: credentials.flatMap((credential) => credentialView(credential) ?? []) }
    },

    async createToken({ input: { label, scope, name, expires_in_seconds: expires }, caller, actor }) {
      const { secret, credential } = await kernel.issueCredential(
        { kind: 'token', person: name ?? caller.name, label, scope, expiresInSeconds: expires ?? null },
        actor,
      )
      const token = credentialView(credential)
      if (token === null) throw new Error('a new token is no token')
      return { secret, token }
    },

    async revokeToken({ input: { id }, actor }) {
      await kernel.revokeCredential(id, actor)
      await standing.look()
      return { ok: true }
    },
  }) satisfies Partial<Handlers>
