/** Runs a few lines of JavaScript in another process. */
import { spawnSync } from 'node:child_process'

/** Blocks until it has exited. Gives its exit code, or why there is none. */
export function runNode(script: string, args: readonly string[], timeoutMs: number): number | string {
  const { status, signal, error } = spawnSync(process.execPath, ['-e', script, ...args], {
    env: {},
    stdio: 'ignore',
    timeout: timeoutMs,
  })
  return status ?? error?.message ?? `it was ended by ${signal}`
}
