/** What the server needs of rooms that are none of its business; src/app wires them. */
import type { Settings } from '../contract/config.ts'
import type { HomeServices } from '../home/services.ts'
import type { WhyContext } from '../kernel/why.ts'
import type { Task } from '../domain/task.ts'
import type { Output } from '../contract/operations/table.ts'

/** A kept file whose bytes were checked against its digest. */
export interface OpenedFile extends AsyncDisposable {
  /** To be read once. */
  chunks(): AsyncIterable<Uint8Array>
}

/** The bytes of attachments, by their digest. */
export interface AttachmentFiles {
  /** Keeps all the source gives, or nothing: when it fails, or has another digest than `digest`. */
  keep(
    source: AsyncIterable<Uint8Array>,
    expected: { readonly name: string; readonly digest: string | undefined },
  ): Promise<{ readonly digest: string; readonly size: number }>
  /** Refuses with `attachment_not_found` or `attachment_damaged`. */
  open(digest: string): Promise<OpenedFile>
}

/** A pass of the dispatcher that is over. */
export interface PassTaken {
  readonly ms: number
  readonly isFailed: boolean
  /** Runs it opened. */
  readonly started: number
}

/** What this process has spent on the database so far. */
export interface DatabaseFigures {
  readonly read: TransactionFigures
  readonly write: TransactionFigures
}

interface TransactionFigures {
  readonly count: number
  readonly busySeconds: number
  readonly waitSeconds: number
}

export interface ServerServices extends HomeServices {
  readonly files: AttachmentFiles

  /** In force at this moment. */
  readonly settings: () => Settings
  /** One pass of the dispatcher. */
  dispatch(options: { readonly dryRun: boolean; readonly max: number | null }): Promise<Output<'dispatch'>>
  /** Why nothing would start a ready task here; null when a dispatcher looks after the board. */
  dispatcherLack(): Promise<string | null>
  /** The profile that works rough cards out; throws a refusal that says how to get one. */
  orchestrator(named: string | null): Promise<string>
  /** The caps in force for a task, and whether anybody dispatches. */
  whyContext(task: Task): Promise<WhyContext>
  /** Tells of every pass of the dispatcher that ends from now on. */
  readonly onPass: (listener: (pass: PassTaken) => void) => Disposable
  /** Null where nobody counts. */
  readonly database: (() => DatabaseFigures) | null
}
