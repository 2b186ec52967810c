import { spawn } from 'node:child_process'
import { closeSync, mkdirSync, openSync, readFileSync } from 'node:fs'
import { dirname, join } from 'node:path'
import { conflict, unavailable } from '../domain/errors.ts'
import { systemClock } from '../lib/clock.ts'
import type { Context } from './context.ts'
import type { GatewayStatus } from '../home/services.ts'
import type { Serving } from './services.ts'
import { wordsOf } from './serving-options.ts'

const PATIENCE_MS = 20_000
const LOOK_EVERY_MS = 50

/** Starts a gateway that outlives this terminal, and waits until it has looked at the board for the first time. */
export async function startDetached(
  { services, paths, env }: Context,
  serving: Serving,
): Promise<GatewayStatus> {
  const { gateway } = services
  const before = await gateway.status()
  if (before.running)
    throw conflict(
      'gateway_running',
      `Cannot start a gateway for ${paths.home}: one is running already (pid ${before.pid}). See: yard gateway status`,
    )
  // What it says before it has a log of its own.
  const said = join(dirname(paths.gatewayLog), 'gateway-start.log')
  mkdirSync(dirname(said), { recursive: true, mode: 0o700 })
  const output = openSync(said, 'w', 0o600)
  const [program, ...words] = gateway.program
  const child = spawn(program, [...words, 'gateway', 'start', ...wordsOf(serving)], {
    detached: true,
    stdio: ['ignore', output, output],
    env: { ...env },
  })
  closeSync(output)
  const ending: { fact?: string } = {}
  child.once('error', (error) => (ending.fact = error.message))
  child.once(
    'exit',
    (code, signal) =>
      (ending.fact ??= signal === null ? `it ended with exit code ${code}` : `it was ended by ${signal}`),
  )
  child.unref()
  const deadline = systemClock.monotonicMs() + PATIENCE_MS
  for (;;) {
    const status = await gateway.status()
    if (status.running && status.pid === child.pid && (status.lastPassAt !== null || !status.dispatching))
      return status
    if (ending.fact !== undefined)
      throw unavailable(
        'gateway_not_started',
        `The gateway did not start: ${ending.fact}. It said:\n${lastLines(said)}`,
      )
    if (systemClock.monotonicMs() > deadline)
      throw unavailable(
        'gateway_not_healthy',
        `The gateway was started (pid ${child.pid}), but is not healthy after ${PATIENCE_MS / 1000} s. Look at ${said} and at: yard gateway status`,
      )
    await systemClock.sleep(LOOK_EVERY_MS)
  }
}

const lastLines = (file: string): string =>
  readFileSync(file, 'utf8').trimEnd().split('\n').slice(-10).join('\n')
