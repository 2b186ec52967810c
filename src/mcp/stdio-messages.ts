/**
 * What a client writes on standard input, before the library of the protocol reads it: the library drops what is no message
 * and every batch without a word, and whoever sent it would wait for ever. Answered as over HTTP, in the same words; the
 * answers to a batch come as one, too, because nothing else joins them here.
 */
import { Transform, type TransformCallback } from 'node:stream'
import { parseJSONRPCMessage, type JSONRPCMessage } from '@modelcontextprotocol/server'
import { MAX_MESSAGE_BYTES } from './limits.ts'

type Id = string | number

export class StdioMessages extends Transform {
  readonly #answer: (message: JSONRPCMessage) => void
  readonly #batches: Batches
  #begun: Buffer = Buffer.alloc(0)

  /** `answer` sends what is answered at once. */
  constructor(batches: Batches, answer: (message: JSONRPCMessage) => void) {
    super()
    this.#batches = batches
    this.#answer = answer
  }

  override _transform(chunk: Buffer, _encoding: BufferEncoding, done: TransformCallback): void {
    const bytes = Buffer.concat([this.#begun, chunk])
    const end = bytes.lastIndexOf('\n') + 1
    this.#begun = bytes.subarray(end)
    for (const line of bytes.toString('utf8', 0, end).split('\n')) this.#take(line.trim())
    // Whoever reads on from here refuses it.
    if (this.#begun.length > MAX_MESSAGE_BYTES) this.push(this.#begun)
    done()
  }

  #take(line: string): void {
    if (line === '') return
    let parsed: unknown
    try {
      parsed = JSON.parse(line)
    } catch {
      return this.#refuse(-32_700, 'Parse error: Invalid JSON', null)
    }
    if (!Array.isArray(parsed))
      return isMessage(parsed)
        ? this.#pass([parsed])
        : this.#refuse(-32_600, 'Bad Request: the request body is not a valid JSON-RPC message', idOf(parsed))
    if (parsed.length === 0) return this.#refuse(-32_600, 'Bad Request: empty JSON-RPC batch', null)
    if (!parsed.every(isMessage))
      return this.#refuse(-32_600, 'Bad Request: JSON-RPC batch contains an invalid message', null)
    this.#batches.open(parsed)
    this.#pass(parsed)
  }

  #pass(messages: readonly JSONRPCMessage[]): void {
    for (const message of messages) {
      this.#batches.heard(message)
      this.push(`${JSON.stringify(message)}\n`)
    }
  }

  #refuse(code: number, message: string, id: Id | null): void {
    // The library has no type for an answer to nobody in particular.
    this.#answer({ jsonrpc: '2.0', error: { code, message }, id } as JSONRPCMessage)
  }
}

interface Batch {
  readonly open: Set<Id>
  readonly answers: JSONRPCMessage[]
}

/** Requests that came together, whose answers go back together. */
export class Batches {
  readonly #batchOf = new Map<Id, Batch>()

  open(messages: readonly JSONRPCMessage[]): void {
    const ids = messages.flatMap((message) =>
      'method' in message && 'id' in message && message.id !== undefined ? [message.id] : [],
    )
    const batch = { open: new Set(ids), answers: [] }
    for (const id of ids) this.#batchOf.set(id, batch)
  }

  /** A request that is taken back is never answered. */
  heard(message: JSONRPCMessage): void {
    if (!('method' in message) || message.method !== 'notifications/cancelled') return
    const id = message.params?.['requestId'] as Id | undefined
    if (id !== undefined) this.#batchOf.get(id)?.open.delete(id)
  }

  /** What is to be sent now that this is: nothing while its batch waits for other answers. */
  sent(message: JSONRPCMessage): JSONRPCMessage | readonly JSONRPCMessage[] | null {
    const id = 'method' in message ? undefined : message.id
    const batch = id === undefined ? undefined : this.#batchOf.get(id)
    if (id === undefined || batch === undefined) return message
    this.#batchOf.delete(id)
    batch.open.delete(id)
    batch.answers.push(message)
    return batch.open.size > 0 ? null : batch.answers
  }
}

function isMessage(value: unknown): value is JSONRPCMessage {
  try {
    parseJSONRPCMessage(value)
    return true
  } catch {
    return false
  }
}

/** By which the sender knows what is refused; null where it cannot be told. */
function idOf(value: unknown): Id | null {
  if (typeof value !== 'object' || value === null || !('method' in value) || typeof value.method !== 'string')
    return null
  const id = 'id' in value ? value.id : null
  return typeof id === 'string' || typeof id === 'number' ? id : null
}
