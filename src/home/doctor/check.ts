import type { Kernel } from '../../kernel/kernel.ts'
import type { HomePaths } from '../../lib/paths.ts'
import type { HomeServices } from '../services.ts'

/** What is looked over. */
export interface Installation {
  readonly paths: HomePaths
  readonly services: HomeServices
  /** Opens the board on first use. */
  readonly kernel: () => Promise<Kernel>
  /** Whole unix seconds. */
  readonly now: number
}

export interface Finding {
  readonly status: 'ok' | 'warn' | 'fail'
  readonly message: string
  /** What to do about it. */
  readonly next?: string
}

export interface Check {
  readonly name: string
  /** Looks, and changes nothing. What it throws becomes a failure. */
  look(installation: Installation): Promise<readonly Finding[]> | readonly Finding[]
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
