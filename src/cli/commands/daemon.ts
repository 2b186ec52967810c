import { command, flag, text, UsageError, wholeNumber, type Line } from '../command.ts'
import type { GatewayRunOptions } from '../services.ts'
import type { Context } from '../context.ts'

const hidden = { hidden: true }

export const daemon = command({
  about: 'Deprecated. The gateway does this and more: yard gateway start',
  effect: 'changes',
  hasData: false,
  options: {
    force: flag('Run the dispatcher alone after all, on a host that may run nothing else.', hidden),
    interval: wholeNumber('seconds', 'Time between two passes that nothing woke.', {
      min: 1,
      max: 86_400,
      ...hidden,
    }),
    max: wholeNumber('number', 'Workers at the same time.', { min: 1, ...hidden }),
    'failure-limit': wholeNumber('number', 'Give a task up after so many starts in a row that failed.', {
      min: 1,
      ...hidden,
    }),
    pidfile: text('file', 'Write its process id there.', hidden),
    verbose: flag('Say everything it does.', hidden),
  },
  async run(context, { options }) {
    if (!options.force)
      throw new UsageError(
        'yard daemon is deprecated: the dispatcher is part of the gateway. Start it with: yard gateway start',
      )
    const own = {
      intervalSeconds: options.interval ?? null,
      max: options.max ?? null,
      failureLimit: options['failure-limit'] ?? null,
      pidfile: options.pidfile ?? null,
    }
    return { lines: running(context, { daemon: own, isVerbose: options.verbose, signal: context.signal }) }
  },
})

async function* running({ services }: Context, options: GatewayRunOptions): AsyncIterable<Line> {
  const ready = Promise.withResolvers<'ready'>()
  const ended = services.gateway.run({ ...options, onReady: () => ready.resolve('ready') })
  if ((await Promise.race([ready.promise, ended])) === 'ready')
    yield { data: null, text: () => 'The dispatcher runs. Ctrl+C stops it; workers go on.' }
  await ended
}
