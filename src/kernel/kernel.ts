/** The kernel as doors see it: every verb of the board, with what it needs already in hand. */
import { acceptLate } from './accept-late.ts'
import { listActiveWorkers } from './active-workers.ts'
import { askHelp } from './ask-help.ts'
import { attachFiles } from './attach-files.ts'
import { readBoard, readCards, readChanges } from './board.ts'
import {
  budgetsOver,
  grantBudget,
  hasSpent,
  listBudgets,
  readUsage,
  removeBudget,
  setBudget,
  showBudget,
  usageByProfile,
} from './budgets.ts'
import { changeTask } from './change-task.ts'
import { claimTask, openRun } from './claim-task.ts'
import { commentTask } from './comment-task.ts'
import { blockTask, completeTask, requestTaskReview, sendBackTask } from './complete-task.ts'
import { countOpen } from './count-open.ts'
import { countRuns } from './count-runs.ts'
import { createTask, createTasks } from './create-task.ts'
import {
  checkCredential,
  findGoodSecrets,
  identifyRun,
  issueCredential,
  listCredentials,
  redeemLogin,
  revokeCredential,
} from './credentials.ts'
import { acceptText, rejectProposals, releaseProposals } from './decide-proposals.ts'
import type { KernelDeps } from './deps.ts'
import { readForDispatch, readPreflightBlocked, readReady } from './dispatch-read.ts'
import { closeRun } from './end-run.ts'
import { freeTask } from './free-task.ts'
import { heartbeatTask } from './heartbeat-task.ts'
import { linkTasks, unlinkTasks } from './link-tasks.ts'
import { listProposals, listWaitingProposals, readTriage } from './list-proposals.ts'
import {
  archiveTask,
  assignTask,
  editTask,
  moveTask,
  restoreTask,
  retryTask,
  unblockTask,
} from './move-task.ts'
import { pause, resume, startingRuns } from './pause.ts'
import { helpOf, proposeText } from './propose.ts'
import {
  forgetEvents,
  keptDigests,
  listAttachments,
  recordRestored,
  recordWorkspace,
  workspacesWithOwners,
} from './retention.ts'
import { lastSession, letProbe, listRunAgents, recordAgent } from './run-agent.ts'
import { getAttachment, removeAttachment } from './remove-attachment.ts'
import { findRunAround } from './run-around.ts'
import { readMail, recordDelivery, unheardBy } from './run-mail.ts'
import { askLease, recordBaseCommit, recordSpawn, renewLease, startRun } from './run-lease.ts'
import { searchTasks } from './search-tasks.ts'
import {
  creatorOf,
  getLatestEventId,
  getRun,
  getStats,
  getTask,
  listCreatedBy,
  listHolds,
  listLinks,
  listLiveRuns,
  listRuns,
  listTasks,
  listWorkspaces,
  readEventPage,
  readEvents,
  resolveTaskId,
  showTask,
} from './show-task.ts'
import { stopTask } from './stop-run.ts'
import { listSubscriptions, subscribe, unsubscribe } from './subscriptions.ts'
import { failPreflight, liftDueHolds, passPreflight, reclaimExpired } from './sweep.ts'
import { terminateRun } from './terminate-run.ts'
import { why } from './why.ts'
import { workerContext } from './worker-context.ts'

const VERBS = {
  acceptLate,
  acceptText,
  archiveTask,
  askHelp,
  askLease,
  assignTask,
  attachFiles,
  blockTask,
  budgetsOver,
  changeTask,
  checkCredential,
  claimTask,
  closeRun,
  commentTask,
  completeTask,
  countOpen,
  countRuns,
  createTask,
  createTasks,
  creatorOf,
  editTask,
  failPreflight,
  findGoodSecrets,
  findRunAround,
  forgetEvents,
  freeTask,
  getAttachment,
  getLatestEventId,
  getRun,
  getStats,
  getTask,
  grantBudget,
  hasSpent,
  heartbeatTask,
  helpOf,
  identifyRun,
  issueCredential,
  keptDigests,
  lastSession,
  letProbe,
  liftDueHolds,
  linkTasks,
  listActiveWorkers,
  listAttachments,
  listBudgets,
  listCredentials,
  listCreatedBy,
  listHolds,
  listLinks,
  listLiveRuns,
  listProposals,
  listRunAgents,
  listRuns,
  listSubscriptions,
  listTasks,
  listWaitingProposals,
  listWorkspaces,
  moveTask,
  openRun,
  passPreflight,
  pause,
  proposeText,
  readBoard,
  readCards,
  readChanges,
  readEventPage,
  readEvents,
  readForDispatch,
  readMail,
  readPreflightBlocked,
  readReady,
  readUsage,
  readTriage,
  reclaimExpired,
  recordAgent,
  recordBaseCommit,
  recordDelivery,
  recordRestored,
  recordSpawn,
  recordWorkspace,
  redeemLogin,
  removeAttachment,
  removeBudget,
  rejectProposals,
  releaseProposals,
  renewLease,
  requestTaskReview,
  resolveTaskId,
  restoreTask,
  resume,
  retryTask,
  revokeCredential,
  searchTasks,
  sendBackTask,
  setBudget,
  showBudget,
  showTask,
  startRun,
  startingRuns,
  stopTask,
  subscribe,
  terminateRun,
  unblockTask,
  unheardBy,
  unlinkTasks,
  unsubscribe,
  usageByProfile,
  why,
  workerContext,
  workspacesWithOwners,
} as const

type Verbs = typeof VERBS

/** Every verb without its first parameter. */
export type Kernel = {
  readonly [Name in keyof Verbs]: Verbs[Name] extends (deps: KernelDeps, ...rest: infer Rest) => infer Result
    ? (...rest: Rest) => Result
    : never
} & { readonly deps: KernelDeps }

export function openKernel(deps: KernelDeps): Kernel {
  const bound = Object.fromEntries(
    Object.entries(VERBS).map(([name, verb]) => [
      name,
      (verb as (deps: KernelDeps, ...rest: unknown[]) => unknown).bind(null, deps),
    ]),
  )
  return { ...bound, deps } as unknown as Kernel
}
