/** Other processes of ours, for what only another process can show. */
import { spawn, type ChildProcess } from 'node:child_process'
import { once } from 'node:events'
import { createInterface } from 'node:readline'
import { fileURLToPath } from 'node:url'

export interface ChildResult {
  readonly code: number | null
  readonly signal: NodeJS.Signals | null
  readonly stdout: string
  readonly stderr: string
}

const pathOf = (script: string) => fileURLToPath(new URL(`../${script}`, import.meta.url))

/** Runs a script of `test/` to its end. */
export async function runChild(
  script: string,
  args: readonly string[],
  env: NodeJS.ProcessEnv = {},
): Promise<ChildResult> {
  const child = spawn(process.execPath, [pathOf(script), ...args], {
    env: { ...process.env, ...env },
    stdio: ['ignore', 'pipe', 'pipe'],
  })
  let stdout = ''
  let stderr = ''
  child.stdout.setEncoding('utf8').on('data', (text: string) => (stdout += text))
  child.stderr.setEncoding('utf8').on('data', (text: string) => (stderr += text))
  const [code, signal] = (await once(child, 'close')) as [number | null, NodeJS.Signals | null]
  return { code, signal, stdout, stderr }
}

export interface RunningChild extends AsyncDisposable {
  readonly process: ChildProcess
  /** The next line it prints; rejects when it has ended. */
  nextLine(): Promise<string>
  send(line: string): void
  /** Resolves when it has ended. */
  readonly ended: Promise<unknown>
}

/** Starts a script of `test/` that prints lines; killed when disposed of. */
export function startChild(script: string, args: readonly string[]): RunningChild {
  const child = spawn(process.execPath, [pathOf(script), ...args], { stdio: ['pipe', 'pipe', 'inherit'] })
  const lines = createInterface({ input: child.stdout })[Symbol.asyncIterator]()
  const ended = once(child, 'close')
  return {
    process: child,
    ended,
    nextLine: async () => {
      const { value, done } = await lines.next()
      if (done === true) throw new Error(`${script} has ended`)
      return value
    },
    send: (line) => void child.stdin.write(`${line}\n`),
    [Symbol.asyncDispose]: async () => {
      child.kill('SIGKILL')
      await ended
    },
  }
}
