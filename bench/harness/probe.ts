/**
 * Each variant is measured in a process of its own, a probe: no other case has warmed its code or filled its heap. Probes
 * stay between rounds, so that two variants can be asked in turn within moments of each other.
 */
import { fork, type ChildProcess } from 'node:child_process'
import { join } from 'node:path'

const probeFile = (name: string): string => join(import.meta.dirname, '..', 'probes', `${name}.ts`)

/** Starts a probe; resolves when it has prepared what it measures. */
export async function openProbe<Q, A>(name: string, options: unknown): Promise<Probe<Q, A>> {
  const probe = new Probe<Q, A>(
    fork(probeFile(name), [JSON.stringify(options)], { stdio: 'inherit', execArgv: [] }),
  )
  await probe.answer()
  return probe
}

export class Probe<Q, A> implements AsyncDisposable {
  readonly #child: ChildProcess
  readonly #answers: { readonly value: A }[] = []
  readonly #exited: Promise<void>
  #wake: () => void = () => {}
  #failure: Error | undefined

  constructor(child: ChildProcess) {
    this.#child = child
    child.on('message', (message) => {
      this.#answers.push(message as { value: A })
      this.#wake()
    })
    this.#exited = new Promise((resolve) => {
      child.on('exit', (code, signal) => {
        this.#failure = new Error(`a probe ended with ${signal ?? `exit code ${code}`}`)
        this.#wake()
        resolve()
      })
    })
  }

  async ask(question: Q): Promise<A> {
    this.#child.send({ question })
    return this.answer()
  }

  /** The next answer that was not given out yet. */
  async answer(): Promise<A> {
    for (;;) {
      const next = this.#answers.shift()
      if (next !== undefined) return next.value
      if (this.#failure !== undefined) throw this.#failure
      await new Promise<void>((resolve) => {
        this.#wake = resolve
      })
    }
  }

  async [Symbol.asyncDispose](): Promise<void> {
    if (this.#child.connected) this.#child.disconnect()
    await this.#exited
  }
}

export type Answerer<Q, A> = (question: Q) => Promise<A>

/** The body of a probe: `prepare` is not measured and gives what answers the questions. */
export async function serveProbe<O, Q, A>(prepare: (options: O) => Promise<Answerer<Q, A>>): Promise<void> {
  const answer = await prepare(JSON.parse(process.argv[2] ?? '{}') as O)
  process.on('message', ({ question }: { question: Q }) => {
    void answer(question).then((value) => process.send?.({ value }))
  })
  process.send?.({ value: 'ready' })
}
