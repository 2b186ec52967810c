/**
 * What the operations are asked and answer, for the document. Only the document loads them, so they cost a gateway nothing
 * until somebody reads it; the compiler and a test keep each true to its operation.
 */
import type { OperationId } from '../operations/table.ts'
import type { Examples } from './example.ts'
import {
  accessExamples,
  holdExamples,
  installationExamples,
  profileExamples,
  subscriptionExamples,
  workspaceExamples,
} from './home.ts'
import { eventExamples, runExamples, usageExamples } from './runs.ts'
import { attachmentExamples, boardExamples, moveExamples, taskExamples, triageExamples } from './tasks.ts'

/** An example of whichever operation. */
export interface AnyExample {
  readonly input?: Readonly<Record<string, unknown>>
  readonly output?: unknown
  readonly others?: Readonly<Record<string, unknown>>
  readonly text?: string
}

export const EXAMPLES: Examples<OperationId> = {
  ...boardExamples,
  ...taskExamples,
  ...attachmentExamples,
  ...triageExamples,
  ...moveExamples,
  ...runExamples,
  ...eventExamples,
  ...usageExamples,
  ...holdExamples,
  ...workspaceExamples,
  ...profileExamples,
  ...subscriptionExamples,
  ...installationExamples,
  ...accessExamples,
}
