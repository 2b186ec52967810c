import { SCOPES } from '../../domain/credential.ts'
import { conflict } from '../../domain/errors.ts'
import { choice, command } from '../command.ts'

/** Long enough to change windows, short enough to be worthless in a log. */
const GOOD_SECONDS = 300

export const open = command({
  about:
    'Prints a link that logs a browser in. It is good once and for five minutes; the browser then stays logged in.',
  effect: 'changes',
  options: {
    scope: choice('scope', SCOPES, 'What the browser may do: read, write, or operate, which is everything.'),
  },
  examples: ['yard open', 'yard open --scope read'],
  async run(context, { options: { scope = 'operate' } }) {
    const { gateway } = context.services
    const { running, server } = await gateway.status()
    if (server === null) {
      throw conflict(
        'no_server',
        running
          ? `Cannot open the board: the gateway of ${context.paths.home} serves no pages (server.enabled is false). Change that, and start it again, with: yard config set server.enabled true`
          : `Cannot open the board: no gateway runs for ${context.paths.home}. Start it with: yard gateway start`,
        { home: context.paths.home },
      )
    }
    const kernel = await context.kernel()
    const { secret, credential } = await kernel.issueCredential(
      {
        kind: 'login',
        person: context.actor.name,
        label: 'yard open',
        scope,
        expiresInSeconds: GOOD_SECONDS,
      },
      context.actor,
    )
    const link = `${server.url}/login#${secret}`
    return {
      data: { url: link, scope, expires_at: credential.expiresAt },
      piped: link,
      text: (style) =>
        `${style.paint('cyan', link)}\n${style.paint('dim', 'Good once, and for five minutes. Whoever has it gets in: do not pass it on.')}`,
    }
  },
})
