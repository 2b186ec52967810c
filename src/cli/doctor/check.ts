import type { Context } from '../context.ts'

export interface Finding {
  readonly status: 'ok' | 'warn' | 'fail'
  readonly message: string
  /** What to do about it. */
  readonly next?: string
}

export interface Check {
  readonly name: string
  /** Looks, and changes nothing. What it throws becomes a failure. */
  look(context: Context): Promise<readonly Finding[]> | readonly Finding[]
}

export const ok = (message: string): Finding => ({ status: 'ok', message })
export const warn = (message: string, next?: string): Finding => ({
  status: 'warn',
  message,
  ...(next === undefined ? {} : { next }),
})
export const fail = (message: string, next?: string): Finding => ({
  status: 'fail',
  message,
  ...(next === undefined ? {} : { next }),
})
