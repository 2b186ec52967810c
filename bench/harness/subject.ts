/** What both variants can do: the verbs that change a card on its way from creation to done. */

export interface OpenedRun {
  readonly taskId: string
  readonly runId: number
}

type Maybe<T> = T | Promise<T>

export interface Subject extends AsyncDisposable {
  /** Gives the id. */
  create(title: string): Maybe<string>
  /** A claim by hand. */
  claim(id: string): Maybe<unknown>
  /** Completes a claimed card, and lets its waiting children go. */
  complete(id: string): Maybe<unknown>
  /** A dispatcher's claim: charged, fenced, with a leased workspace. */
  openRun(id: string): Maybe<OpenedRun>
  /** The end of such a run whose worker exited with 0. */
  closeRun(run: OpenedRun): Maybe<unknown>
}

export const VARIANTS = ['bare', 'ours'] as const
export type Variant = (typeof VARIANTS)[number]

export type Verb = 'create' | 'claim' | 'complete' | 'openRun' | 'closeRun'

export const RESULT = 'The failing test expected an open file; the fixture had closed it.'
export const PROFILE = 'worker'
export const BOOT_ID = '3f1c2f6e-9f6c-4c43-8d53-0d2a0f6f5c11'
export const LOG_FOLDER = '/home/bench/.yardmaster/logs/runs'
export const workspaceOf = (taskId: string): string => `/home/bench/.yardmaster/workspaces/${taskId}`
