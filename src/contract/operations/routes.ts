/**
 * Every operation of the board's HTTP interface, by id: method, path, and the names its query may hold. Both mounts serve
 * the same list. Shapes are in the files beside; a client needs this one only.
 */

/** Where the list is served: the second is the path that existing clients know. */
export const MOUNTS = ['/api/kanban', '/api/plugins/kanban'] as const

export const ROUTES = {
  getBoard: 'GET /board?tenant&include_archived&fields&limit&column&cursor',

  listTasks: 'GET /tasks?status&assignee&tenant&archived&limit&offset',
  createTask: 'POST /tasks',
  bulkUpdate: 'POST /tasks/bulk',
  getTask: 'GET /tasks/:id',
  updateTask: 'PATCH /tasks/:id',
  addComment: 'POST /tasks/:id/comments',
  getTaskLog: 'GET /tasks/:id/log?tail',

  listAttachments: 'GET /tasks/:id/attachments',
  addAttachment: 'POST /tasks/:id/attachments?name&digest',
  getAttachment: 'GET /tasks/:id/attachments/:attachment',
  removeAttachment: 'DELETE /tasks/:id/attachments/:attachment',
  specifyTask: 'POST /tasks/:id/specify',
  decomposeTask: 'POST /tasks/:id/decompose',
  acceptText: 'POST /tasks/:id/accept',
  listProposals: 'GET /proposals?task',
  releaseProposals: 'POST /proposals/release',
  rejectProposals: 'POST /proposals/reject',

  explainTask: 'GET /tasks/:id/why',
  listTaskLinks: 'GET /tasks/:id/links',
  listTaskRuns: 'GET /tasks/:id/runs',
  getTaskContext: 'GET /tasks/:id/context',
  getTaskContextText: 'GET /tasks/:id/context/text',

  claimTask: 'POST /tasks/:id/claim',
  heartbeatTask: 'POST /tasks/:id/heartbeat',
  completeTask: 'POST /tasks/:id/complete',
  blockTask: 'POST /tasks/:id/block',
  reviewTask: 'POST /tasks/:id/review',
  sendBackTask: 'POST /tasks/:id/send-back',
  unblockTask: 'POST /tasks/:id/unblock',
  retryTask: 'POST /tasks/:id/retry',
  stopTask: 'POST /tasks/:id/stop',
  pauseTask: 'POST /tasks/:id/pause',
  resumeTask: 'POST /tasks/:id/resume',
  archiveTask: 'POST /tasks/:id/archive',
  restoreTask: 'POST /tasks/:id/restore',
  acceptLateReport: 'POST /tasks/:id/accept-late',
  searchTasks: 'GET /search?q&status&assignee&tenant&archived&limit&cursor',

  addLink: 'POST /links',
  removeLink: 'DELETE /links?parent_id&child_id',

  listEvents: 'GET /events?since&task&run&kinds&tenant&assignee&limit&newest',

  getRun: 'GET /runs/:id',
  getRunLog: 'GET /runs/:id/log?tail',
  streamRunLog: 'GET /runs/:id/log/text?tail&follow',
  streamRunItems: 'GET /runs/:id/log/items?tail&follow',
  inspectRun: 'GET /runs/:id/inspect',
  terminateRun: 'POST /runs/:id/terminate',
  listWorkers: 'GET /workers/active',

  readUsage: 'GET /usage?by&since&until&task&profile&tenant&provider&model',
  listBudgets: 'GET /budgets',
  getBudget: 'GET /budgets/:id',
  setBudget: 'PUT /budgets/:id',
  removeBudget: 'DELETE /budgets/:id',
  grantBudget: 'POST /budgets/:id/grants',

  dispatch: 'POST /dispatch?dry_run&max',
  getStats: 'GET /stats',
  listAssignees: 'GET /assignees',
  getConfig: 'GET /config',

  listHolds: 'GET /holds',
  pause: 'POST /pause',
  resume: 'POST /resume',

  listWorkspaces: 'GET /workspaces?task&all&sizes',
  getWorkspaceDiff: 'GET /workspaces/:id/diff',
  listTrash: 'GET /workspaces/trash',
  restoreWorkspace: 'POST /workspaces/trash/:name/restore',

  listProfiles: 'GET /profiles',
  createProfile: 'POST /profiles',
  getProfile: 'GET /profiles/:name',
  checkProfile: 'GET /profiles/:name/check',
  getProfileText: 'GET /profiles/:name/text',
  putProfileText: 'PUT /profiles/:name/text',
  listAgents: 'GET /agents',

  listSubscriptions: 'GET /subscriptions?task',
  addSubscription: 'POST /subscriptions',
  removeSubscription: 'DELETE /subscriptions?task_id&platform&chat_id&thread_id',

  listSettings: 'GET /settings',
  getSetting: 'GET /settings/:key',
  putSetting: 'PUT /settings/:key',
  listBackups: 'GET /backups',
  createBackup: 'POST /backups',
  examine: 'GET /doctor',
  collectGarbage: 'POST /gc',

  getSession: 'GET /session',
  endSession: 'DELETE /session',
  createTicket: 'POST /tickets',
  listTokens: 'GET /tokens',
  createToken: 'POST /tokens',
  revokeToken: 'DELETE /tokens/:id',
} as const satisfies Record<string, Route>

type Method = 'GET' | 'POST' | 'PUT' | 'PATCH' | 'DELETE'
type Route = `${Method} /${string}`

export type OperationId = keyof typeof ROUTES

/** Those whose body is bytes rather than JSON. */
export const UPLOADS: readonly OperationId[] = ['addAttachment']

/** Those whose answer is something other than JSON. */
export const DOWNLOADS: readonly OperationId[] = [
  'getAttachment',
  'getTaskContextText',
  'streamRunLog',
  'streamRunItems',
]

export interface RouteParts {
  readonly method: Method
  /** With `:name` for what the caller fills in. */
  readonly path: string
  /** The names in the path, and those the query may hold. */
  readonly params: readonly string[]
  readonly query: readonly string[]
}

export function routeOf(id: OperationId): RouteParts {
  const [method, rest] = ROUTES[id].split(' ') as [Method, string]
  const [path = '', query] = rest.split('?')
  return {
    method,
    path,
    params: [...path.matchAll(/:(\w+)/g)].map(([, name]) => name ?? ''),
    query: query === undefined ? [] : query.split('&'),
  }
}
