/** Asks the thread that watches the process table. One for all rigs of a test process. */
import { join } from 'node:path'
import { Worker } from 'node:worker_threads'
import type { Answer, Question, Report } from './observer-thread.ts'

export type { Report, Sighting } from './observer-thread.ts'

let thread: Worker | null = null
let asked = 0
const waiting = new Map<number, (report: Report) => void>()

function running(): Worker {
  if (thread !== null) return thread
  thread = new Worker(join(import.meta.dirname, 'observer-thread.ts'))
  thread.on('message', ({ id, report }: Answer) => {
    waiting.get(id)?.(report)
    waiting.delete(id)
  })
  thread.on('error', (error) => {
    throw error
  })
  thread.unref()
  return thread
}

/** What was seen of a home's processes so far, and what lives at this moment. The first call starts the watching. */
export function observe(home: string, { forget = false } = {}): Promise<Report> {
  const id = ++asked
  const question: Question = { id, home, forget }
  return new Promise((resolve) => {
    waiting.set(id, resolve)
    running().postMessage(question)
  })
}
