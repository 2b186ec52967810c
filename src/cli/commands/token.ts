import { credentialView } from '../../contract/credential-view.ts'
import { SCOPES } from '../../domain/credential.ts'
import { argument, choice, command, duration, text, UsageError } from '../command.ts'
import { oneLine } from '../../lib/safe-text.ts'
import { table } from '../text/table.ts'
import { relative } from '../../lib/amounts.ts'

export const tokenCreate = command({
  about: 'Makes a token for a program that uses the HTTP interface. It is printed once, and kept nowhere.',
  effect: 'changes',
  arguments: { label: argument('What it is for.') },
  options: {
    scope: choice(
      'scope',
      SCOPES,
      'What it may do: read the board; write, which is change tasks; operate, which is everything. read by default.',
    ),
    name: text('name', 'In whose name it acts; yours by default.'),
    expires: duration('time', 'How long it is good: 12h, 30d; until it is revoked by default.'),
  },
  examples: ['yard token create ci --scope write --expires 30d', 'yard token create prometheus'],
  async run(context, { arguments: { label }, options: { scope = 'read', name, expires } }) {
    const kernel = await context.kernel()
    const { secret, credential } = await kernel.issueCredential(
      { kind: 'token', person: name ?? context.actor.name, label, scope, expiresInSeconds: expires ?? null },
      context.actor,
    )
    return {
      data: { secret, token: credentialView(credential) },
      piped: secret,
      text: (style) =>
        `${secret}\n${style.paint('dim', `Token ${credential.id}, which may ${scope}. It is not shown again. Send it as: Authorization: Bearer <token>`)}`,
    }
  },
})

export const tokenList = command({
  about: 'Lists the tokens, and the browsers that are logged in.',
  effect: 'reads',
  examples: ['yard token list'],
  async run(context) {
    const kernel = await context.kernel()
    const tokens = (await kernel.listCredentials()).flatMap((each) => credentialView(each) ?? [])
    return {
      data: tokens,
      text: (style) =>
        tokens.length === 0
          ? 'There is no token, and no browser is logged in.'
          : table(style, tokens, [
              { head: 'ID', cell: ({ id }) => String(id) },
              { head: 'KIND', cell: ({ kind }) => kind },
              { head: 'SCOPE', cell: ({ scope }) => scope },
              { head: 'NAME', cell: ({ name }) => oneLine(name), least: 6 },
              { head: 'FOR', cell: ({ label }) => oneLine(label), least: 8 },
              { head: 'MADE', cell: ({ created_at: at }) => relative(at, style.now), keep: 1 },
              {
                head: 'ENDS',
                cell: ({ expires_at: at }) => (at === null ? '' : relative(at, style.now)),
                keep: 2,
              },
            ]),
      ...(tokens.length === 0 ? { piped: '' } : {}),
    }
  },
})

export const tokenRevoke = command({
  about: 'Ends a token, or the session of a browser, at once.',
  effect: 'changes',
  arguments: { id: argument('Its number, as yard token list shows it.') },
  examples: ['yard token revoke 3'],
  async run(context, { arguments: { id } }) {
    if (!/^\d{1,15}$/.test(id))
      throw new UsageError(
        `${JSON.stringify(id)} is not the number of a token. List them with: yard token list`,
      )
    const kernel = await context.kernel()
    const credential = await kernel.revokeCredential(Number(id), context.actor)
    return {
      data: { id: credential.id, revoked: true },
      text: () =>
        `Revoked ${credential.kind} ${credential.id} of ${oneLine(credential.person)}: it is good for nothing now.`,
    }
  },
})
