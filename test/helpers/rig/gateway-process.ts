/** The gateway as a process that can be started, stopped and killed. */
import { spawn, type ChildProcess } from 'node:child_process'
import { once } from 'node:events'
import { closeSync, openSync, readFileSync } from 'node:fs'
import { eventually } from './eventually.ts'
import { yardProgram } from './program.ts'

export interface GatewayPlace {
  readonly home: string
  readonly cwd: string
  readonly env: NodeJS.ProcessEnv
  /** The command that is started; by default the program under test. */
  readonly program?: string | undefined
  /** Where its own output goes. */
  readonly output: string
}

export class GatewayProcess {
  readonly #place: GatewayPlace
  readonly #child: ChildProcess

  /** Resolves once it looks after the board. */
  static async start(
    place: GatewayPlace,
    words: readonly string[] = ['gateway', 'start'],
  ): Promise<GatewayProcess> {
    const output = openSync(place.output, 'a')
    const child = spawn(place.program ?? yardProgram, words, {
      cwd: place.cwd,
      env: place.env,
      detached: true,
      stdio: ['ignore', output, output],
    })
    closeSync(output)
    const gateway = new GatewayProcess(place, child)
    await eventually(
      'the gateway to look after the board',
      () => {
        if (!gateway.isRunning) throw new Error(`the gateway ended at once:\n${gateway.output}`)
        const state = readState(place.home)
        return (
          state?.identity?.pid === gateway.pid && (state.lastPassAt !== null || state.dispatching === false)
        )
      },
      () => gateway.output,
    )
    return gateway
  }

  private constructor(place: GatewayPlace, child: ChildProcess) {
    this.#place = place
    this.#child = child
  }

  get pid(): number {
    return this.#child.pid ?? 0
  }

  get isRunning(): boolean {
    return this.#child.pid !== undefined && this.#child.exitCode === null && this.#child.signalCode === null
  }

  get output(): string {
    return readFileSync(this.#place.output, 'utf8').slice(-6000)
  }

  /** Signals it and waits for its end; gives its exit code, null when the signal killed it. */
  async end(signal: NodeJS.Signals): Promise<number | null> {
    if (this.isRunning) {
      const ended = once(this.#child, 'exit')
      this.#child.kill(signal)
      await ended
    }
    return this.#child.exitCode
  }
}

interface State {
  readonly identity?: { readonly pid: number }
  readonly lastPassAt?: number | null
  readonly dispatching?: boolean
}

function readState(home: string): State | null {
  try {
    return JSON.parse(readFileSync(`${home}/gateway.json`, 'utf8')) as State
  } catch {
    return null
  }
}
