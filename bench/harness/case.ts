/** What a case of the bench is, and what it hands back. */

export interface BenchContext {
  /** Fewer rounds and smaller numbers, to see whether everything works. */
  readonly quick: boolean
  /** A folder of this run on the disk that boards are kept on; removed at the end. */
  readonly folder: string
  /** One line of progress. */
  readonly say: (text: string) => void
}

export type Verdict = 'met' | 'missed' | 'reported'

/** One line of the table. */
export interface Row {
  readonly what: string
  readonly target: string
  readonly measured: string
  readonly verdict: Verdict
}

export interface CaseResult {
  readonly rows: readonly Row[]
  /** Markdown below the table: absolute numbers, and where the time goes. */
  readonly details: string
}

export interface Case {
  /** What `--only` selects it by. */
  readonly name: string
  /** One sentence on what is measured against what. */
  readonly about: string
  readonly run: (context: BenchContext) => Promise<CaseResult>
}

export const verdict = (isMet: boolean): Verdict => (isMet ? 'met' : 'missed')
