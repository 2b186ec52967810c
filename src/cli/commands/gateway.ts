import { command, flag, type Line } from '../command.ts'
import type { Context } from '../context.ts'
import { startDetached } from '../start-detached.ts'
import type { GatewayStatus, ServerPlace } from '../../home/services.ts'
import { installing } from './init.ts'
import { servingFrom, servingOptions } from '../serving-options.ts'
import type { GatewayRunOptions } from '../services.ts'
import type { Style } from '../text/style.ts'
import { relative } from '../../lib/amounts.ts'

export const gatewayStart = command({
  about:
    'Starts the long-lived process: it starts workers when tasks become ready, keeps backups and tidies up. Stopping it leaves workers running.',
  effect: 'changes',
  hasData: false,
  options: {
    detach: flag('Start it in the background, and return when it is healthy.', { short: 'd' }),
    ...servingOptions,
    verbose: flag('Say everything it does.'),
  },
  examples: [
    'yard gateway start',
    'yard gateway start --detach --port 8000',
    'yard gateway start --host 0.0.0.0 --expose --tls-cert cert.pem --tls-key key.pem',
  ],
  async run(context, { options }) {
    const serving = servingFrom(options, context.folder)
    if (!options.detach) return { lines: running(context, { serving, isVerbose: options.verbose }) }
    const { pid, server } = await startDetached(context, serving)
    return {
      text: () => `The gateway runs (pid ${pid})${server === null ? '' : ` and serves ${server.url}`}.`,
      next: ['yard open', 'yard gateway status', 'yard watch'],
    }
  },
})

async function* running(
  { services, signal, paths, kernel }: Context,
  options: Pick<GatewayRunOptions, 'serving' | 'isVerbose'>,
): AsyncIterable<Line> {
  const ready = Promise.withResolvers<'ready'>()
  const ended = services.gateway.run({ ...options, signal, onReady: () => ready.resolve('ready') })
  if ((await Promise.race([ready.promise, ended])) === 'ready') {
    const stats = await (await kernel()).getStats()
    const { server } = await services.gateway.status()
    const isFirst = (await services.profiles()).list().every(isBuiltIn)
    const starters = isFirst ? await (await services.roster()).starters() : []
    yield {
      data: null,
      text: (style) =>
        welcome(style, {
          home: paths.home,
          yard: services.commandName,
          isNew: Object.keys(stats.byStatus).length === 0,
          starters,
          server,
        }),
    }
  }
  await ended
}

const isBuiltIn = (
  finding: ReturnType<Awaited<ReturnType<Context['services']['profiles']>>['list']>[number],
) => finding.state === 'found' && finding.profile.file === null

interface Welcome {
  readonly home: string
  /** What a person types to call us. */
  readonly yard: string
  /** Nothing was ever put on this board. */
  readonly isNew: boolean
  /** Profiles for the agents that are installed here, while there is none. */
  readonly starters: readonly { readonly name: string; readonly agent: string }[]
  readonly server: ServerPlace | null
}

function welcome(style: Style, { home, yard, isNew, starters, server }: Welcome): string {
  const first = `${yard} create "Say hello" --assignee shell --body 'echo hello from $YARD_TASK'`
  const steps = [
    ...(isNew
      ? [first, `${yard} list`, `${yard} watch`]
      : [`${yard} list`, `${yard} watch`, `${yard} create "<title>" --assignee <profile>`]),
    ...(server === null ? [] : [`${yard} open`]),
  ]
  return [
    `The gateway of ${home} runs. ${style.paint('dim', 'Ctrl+C stops it; workers go on.')}`,
    ...(server === null ? [] : [`It serves the board at ${placeText(server)}.`]),
    `Next, in another terminal:`,
    ...steps.map((step) => `  ${style.paint('cyan', step)}`),
    ...(starters.length === 0
      ? []
      : [
          `Agents are installed here and no profile names one yet. To let them work cards:`,
          ...starters.map((each) => `  ${style.paint('cyan', installing(each).replace('yard', yard))}`),
        ]),
  ].join('\n')
}

export const gatewayStop = command({
  about: 'Stops the gateway. Its workers go on; the next gateway takes them over.',
  effect: 'changes',
  examples: ['yard gateway stop'],
  async run({ services }) {
    const wasRunning = await services.gateway.stop()
    return {
      data: { stopped: wasRunning },
      text: () => (wasRunning ? 'The gateway has stopped; workers go on.' : 'No gateway was running.'),
    }
  },
})

export const gatewayStatus = command({
  about: 'Says whether the gateway runs, and how it is. Exit code 1 when it does not run or is not well.',
  effect: 'reads',
  examples: ['yard gateway status', 'yard gateway status --json | jq .healthy'],
  async run({ services }) {
    const status = await services.gateway.status()
    return {
      data: statusView(status),
      text: (style) => statusText(style, status),
      exitCode: status.running && status.healthy ? 0 : 1,
      ...(status.running ? {} : { next: ['yard gateway start'] }),
    }
  },
})

export const statusView = (status: GatewayStatus) => ({
  running: status.running,
  healthy: status.healthy,
  dispatching: status.dispatching,
  pid: status.pid,
  version: status.version,
  started_at: status.startedAt,
  last_pass_at: status.lastPassAt,
  problems: status.problems,
  crashed: status.crashed,
  url: status.server?.url ?? null,
  socket: status.server?.socket ?? null,
})

const placeText = ({ url, socket, exposure }: ServerPlace): string =>
  [
    url,
    socket === null ? '' : ` and ${socket}`,
    exposure === 'none' ? '' : `, open to other machines${exposure === 'plain' ? ' without encryption' : ''}`,
  ].join('')

function statusText(style: Style, status: GatewayStatus): string {
  if (!status.running)
    return status.crashed
      ? `${style.paint('red', 'not running')}: the last one (pid ${status.pid}) did not end by itself`
      : style.paint('yellow', 'not running')
  const facts = [
    `pid ${status.pid}`,
    status.startedAt === null ? null : `started ${relative(status.startedAt, style.now)}`,
    status.lastPassAt === null ? null : `last pass ${relative(status.lastPassAt, style.now)}`,
    status.version === null ? null : `version ${status.version}`,
    status.dispatching ? null : 'starts no workers (kanban.dispatch_in_gateway)',
    status.server === null ? 'serves no pages' : `serves ${placeText(status.server)}`,
  ].filter((fact) => fact !== null)
  const head = status.healthy ? style.paint('green', 'running') : style.paint('red', 'running, but not well')
  return [`${head} · ${facts.join(' · ')}`, ...status.problems.map((problem) => `  • ${problem}`)].join('\n')
}
