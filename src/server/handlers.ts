/** Every operation with what stands behind it. */
import type { EventHub } from './events/event-hub.ts'
import type { StandingConnections } from './events/standing.ts'
import type { Handlers } from './handler.ts'
import { accessHandlers, type AccessDeps } from './handlers/access.ts'
import { attachmentHandlers, type AttachmentsDeps } from './handlers/attachments.ts'
import { boardHandlers, type BoardDeps } from './handlers/board.ts'
import { eventHandlers } from './handlers/events.ts'
import { holdHandlers } from './handlers/holds.ts'
import { installationHandlers, type InstallationDeps } from './handlers/installation.ts'
import { logHandlers } from './handlers/logs.ts'
import { moveHandlers } from './handlers/moves.ts'
import { profileHandlers } from './handlers/profiles.ts'
import { readingHandlers } from './handlers/readings.ts'
import { runHandlers, type RunsDeps } from './handlers/runs.ts'
import { subscriptionHandlers } from './handlers/subscriptions.ts'
import { searchHandlers } from './handlers/search.ts'
import { taskHandlers, type TasksDeps } from './handlers/tasks.ts'
import { triageHandlers } from './handlers/triage.ts'
import { usageHandlers, type UsageDeps } from './handlers/usage.ts'
import { workspaceHandlers } from './handlers/workspaces.ts'

export interface HandlersDeps
  extends AccessDeps, AttachmentsDeps, BoardDeps, InstallationDeps, RunsDeps, TasksDeps, UsageDeps {
  readonly hub: EventHub
  readonly standing: StandingConnections
}

export const allHandlers = (deps: HandlersDeps): Handlers => ({
  ...boardHandlers(deps),
  ...taskHandlers(deps),
  ...attachmentHandlers(deps),
  ...triageHandlers(deps),
  ...readingHandlers(deps),
  ...moveHandlers(deps),
  ...searchHandlers(deps),
  ...eventHandlers(deps),
  ...runHandlers(deps),
  ...usageHandlers(deps),
  ...logHandlers(deps),
  ...holdHandlers(deps),
  ...workspaceHandlers(deps),
  ...profileHandlers(deps),
  ...subscriptionHandlers(deps),
  ...installationHandlers(deps),
  ...accessHandlers(deps),
})
