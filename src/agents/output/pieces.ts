/** Puts a message together that an agent tells piece by piece: it is told when something else begins. */
import type { StreamItem } from './stream-item.ts'

export class Pieces {
  #said = ''

  add(piece: string): void {
    this.#said += piece
  }

  finish(): StreamItem[] {
    const whole = this.#said
    this.#said = ''
    return whole.trim() === '' ? [] : [{ kind: 'message', text: whole }]
  }
}
