// Written by `npm run client:types` from the table of operations (b65087f3c94e9c89); edit src/contract/operations instead.

export type Agent = {
  name: string
  about: string
  /** Null for agents that are no program of their own. */
  driver: 'command' | 'acp' | 'stream-json' | null
  /** What a profile may choose instead. */
  other_driver: 'command' | 'acp' | 'stream-json' | null
  reports_by: 'tools' | 'command' | 'exit code'
  /** Null when it is not installed. */
  program: string | null
  version: string | null
  tested_version: string | null
  /** Null where it cannot be told. */
  has_login: boolean | null
  /** Whether it is one of the configuration. */
  own: boolean
  /** How a person gets it. */
  install: string | null
}

export type Attachment = {
  id: number
  task_id: string
  run_id: number | null
  name: string
  size: number
  /** SHA-256 in hex. */
  digest: string
  mime: string | null
  /** Unix time in whole seconds. */
  created_at: number
  created_by: string
}

export type Backup = {
  path: string
  /** Unix time in whole seconds. */
  created_at: number
  size: number
}

export type Board = {
  columns: {
    name: TaskStatus
    tasks: BoardTask[]
  }[]
  /** Every tenant that has tasks. */
  tenants: string[]
  /** Everybody who has tasks. */
  assignees: string[]
  /** Where the stream of events goes on: /events?since=<this>. */
  latest_event_id: number
  /** Unix time in whole seconds. */
  now: number
}

export type BoardTask = {
  /** t_ and lowercase hex. */
  id: string
  title: string
  /** What is wanted, in Markdown. */
  body: string | null
  /** The profile whose worker does it, or a person; null for nobody. */
  assignee: string | null
  status: TaskStatus
  /** Higher runs first. */
  priority: number
  created_by: string | null
  /** Unix time in whole seconds. */
  created_at: number
  /** Unix time in whole seconds. */
  started_at: number | null
  /** Unix time in whole seconds. */
  completed_at: number | null
  workspace_kind: 'scratch' | 'dir' | 'worktree'
  workspace_path: string | null
  /** Who holds the claim: the host and the program; null while nobody does. */
  claim_lock: string | null
  /** Unix time in whole seconds. */
  claim_expires: number | null
  /** Whose work it is. */
  tenant: string | null
  /** What came out. */
  result: string | null
  idempotency_key: string | null
  /** How often in a row its worker could not be started. */
  spawn_failures: number
  worker_pid: number | null
  last_spawn_error: string | null
  /** How long one run may take; null where the profile says it. */
  max_runtime_seconds: number | null
  /** Unix time in whole seconds. */
  last_heartbeat_at: number | null
  /** Its open run; null while it has none. */
  current_run_id: number | null
  /** Kept and given back, and used for nothing. */
  workflow_template_id: string | null
  /** Kept and given back, and used for nothing. */
  current_step_key: string | null
  /** What its worker is given on top of its own skills. */
  skills: string[] | null
  link_counts: {
    parents: number
    children: number
  }
  comment_count: number
  /** How many of its children are done; null without children. */
  progress: {
    done: number
    total: number
  } | null
  /** In seconds. */
  age: {
    created: number
    started: number | null
    time_to_complete: number | null
  }
}

export type Budget = {
  /** The scope, name, measure and period with colons between, such as board:cost:day or profile:coder:tokens:month. */
  id: string
  scope: 'board' | 'tenant' | 'profile' | 'provider' | 'task'
  /** * for the board. */
  target: string
  measure: 'cost' | 'tokens' | 'runs' | 'runtime'
  period: 'day' | 'week' | 'month' | 'total'
  unit: 'usd' | 'tokens' | 'runs' | 'seconds'
  /** From here on people are told that it is near. */
  soft: number | null
  /** From here on no run opens. */
  hard: number | null
  /** On top of the hard limit, in this period. */
  granted: number
  /** In US dollars, tokens, runs or seconds, as the measure says. */
  spent: number
  left: number | null
  standing: 'free' | 'near' | 'reached'
  /** Tokens whose cost nobody knows: a budget of cost cannot see them. */
  unpriced_tokens: number
  /** Whether open runs are ended when the hard limit is reached. */
  stop_running: boolean
  /** Who may change it and grant more; none: any person. */
  granters: string[]
  /** board: somebody set it. The others are defaults: from the file of a profile, or the configuration. */
  origin: 'board' | 'profile' | 'config'
  /** Unix time in whole seconds. */
  set_at: number | null
  set_by: string | null
  /** Unix time in whole seconds. */
  period_start: number
  /** Null: it never ends. Periods begin and end at midnight UTC. */
  period_end: number | null
}

/** A task as a card on a large board: without its texts. */
export type Card = {
  id: string
  title: string
  assignee: string | null
  status: TaskStatus
  priority: number
  tenant: string | null
  /** Unix time in whole seconds. */
  created_at: number
  /** Unix time in whole seconds. */
  started_at: number | null
  /** Unix time in whole seconds. */
  completed_at: number | null
  /** Unix time in whole seconds. */
  last_heartbeat_at: number | null
  current_run_id: number | null
  link_counts: {
    parents: number
    children: number
  }
  comment_count: number
  /** How many of its children are done; null without children. */
  progress: {
    done: number
    total: number
  } | null
  /** What holds it back, if something was written down; the whole answer is GET /tasks/{id}/why. */
  hold: {
    kind: 'human' | 'approval' | 'time' | 'cooldown' | 'breaker' | 'preflight' | 'pause'
    reason: string
    /** Unix time in whole seconds. */
    until: number | null
  } | null
}

export type CardBoard = {
  columns: {
    name: TaskStatus
    tasks: Card[]
    /** All cards of the column, not only the ones given. */
    count: number
    /** Give it as cursor, with column, for the next cards. */
    next_cursor: string | null
  }[]
  /** Every tenant that has tasks. */
  tenants: string[]
  /** Everybody who has tasks. */
  assignees: string[]
  /** Where the stream of events goes on: /events?since=<this>. */
  latest_event_id: number
  /** Unix time in whole seconds. */
  now: number
}

export type Comment = {
  id: number
  task_id: string
  author: string
  body: string
  /** Unix time in whole seconds. */
  created_at: number
  /** With a whole card: the first run whose worker was told of it; null while none was. */
  delivered_run_id?: number | null | undefined
}

export type Event = {
  /** Grows in the order in which events were committed. */
  id: number
  task_id: string | null
  run_id: number | null
  /** What happened: created, claimed, completed and so on. */
  kind: string
  /** What is told of it; what that is depends on the kind. */
  payload: Record<string, unknown>
  /** Unix time in whole seconds. */
  created_at: number
  /** Who did it. */
  actor: string | null
  /** Where it came in: cli, http, mcp, chat, gateway, runner, import. */
  door: string | null
}

export type Hold = {
  scope: 'task' | 'profile' | 'provider' | 'board'
  /** The task, the profile or the provider; * for the board. */
  target: string
  kind: 'human' | 'approval' | 'time' | 'cooldown' | 'breaker' | 'preflight' | 'pause'
  reason: string
  /** Who or what decided it. */
  actor: string
  /** Unix time in whole seconds. */
  since: number
  /** Unix time in whole seconds. */
  until: number | null
}

export type LateReport = {
  id: number
  run_id: number
  task_id: string
  verb: string
  payload: Record<string, unknown>
  /** Unix time in whole seconds. */
  created_at: number
  /** Unix time in whole seconds. */
  accepted_at: number | null
}

export type LinkedTask = {
  id: string
  title: string
  status: TaskStatus
  /** Unix time in whole seconds. */
  completed_at: number | null
}

export type NewTask = {
  /** One line, at most 500 characters. */
  title: string
  /** What is wanted, in Markdown. */
  body?: string | null | undefined
  /** The profile whose worker does it, or a person. */
  assignee?: string | null | undefined
  /** Whose work it is: tasks can be listed and limited by it. */
  tenant?: string | null | undefined
  /** Higher runs first; 0 by default. */
  priority?: number | null | undefined
  /** scratch, worktree or dir. */
  workspace_kind?: string | null | undefined
  /** An absolute path, for worktree and dir. */
  workspace_path?: string | null | undefined
  /** Tasks it waits for. */
  parents?: string[] | null | undefined
  /** A rough idea: left alone until somebody specifies it. */
  triage?: boolean | null | undefined
  /** Creates it once: a second call gives the task that is there. */
  idempotency_key?: string | null | undefined
  /** How long one run of it may take. */
  max_runtime_seconds?: number | null | undefined
  /** Skills its worker is given on top of its own. */
  skills?: string[] | null | undefined
  /** Who wants it; you by default. */
  created_by?: string | null | undefined
  /** Born held: the reason why nothing runs it until a person unblocks it. */
  hold?: string | null | undefined
  /** Not before this moment, in unix seconds. */
  not_before?: number | null | undefined
}

export type OwnedWorkspace = {
  id: number
  host: string
  path: string
  kind: string
  task_id: string
  run_id: number | null
  state: string
  repository: string | null
  branch: string | null
  reason: string | null
  /** Unix time in whole seconds. */
  created_at: number
  /** Unix time in whole seconds. */
  released_at: number | null
  /** Unix time in whole seconds. */
  trashed_at: number | null
  trash_path: string | null
  task_title: string | null
  task_status: TaskStatus | null
  /** Whether it is on the machine of this server. */
  is_here: boolean
  /** Only with sizes; null when nothing is there, or elsewhere. */
  size_bytes?: number | null | undefined
}

export type Problem = {
  /** What could not be done, the fact, and the next step. */
  detail: string
  /** Stable, for programs. */
  code: string
  /** What to do. */
  next: string
}

export type Profile = {
  name: string
  /** Only those of the home can be written here. */
  origin: 'home' | 'repository' | 'built-in'
  file: string | null
  description: string | null
  agent: string
  command: string[] | null
  model: string | null
  orchestrator: boolean
  environment: {
    allow: string[]
    /** Names only: a value may be a secret. */
    set: string[]
  }
  skills: string[]
  limits: {
    max_runtime_seconds: number | null
    silence_seconds: number | null
    max_running: number | null
    max_attempts: number | null
    attempts_per_day: number | null
    grace_seconds: number | null
    /** In US dollars. */
    cost_per_day: number | null
    tokens_per_day: number | null
    /** In US dollars. */
    cost_per_task: number | null
    tokens_per_task: number | null
  }
  repository: string | null
  workspace: 'scratch' | 'dir' | 'worktree' | null
  instructions: string
}

export type ProfileEntry = {
  name: string
  /** Only those of the home can be written here. */
  origin: 'home' | 'repository' | 'built-in'
  file: string | null
  /** What keeps it from being used; empty when nothing does. */
  problems: string[]
  description: string | null
  agent: string | null
  model: string | null
  /** Whether it splits work up for others. */
  orchestrator: boolean
}

export type ProfileText = {
  name: string
  /** Only those of the home can be written here. */
  origin: 'home' | 'repository' | 'built-in'
  file: string | null
  /** Null for one that is built in. */
  text: string | null
  /** SHA-256 of the text in hex. */
  digest: string | null
  /** What keeps it from being used; empty when nothing does. */
  problems: string[]
}

export type Proposals = {
  kind: 'specify' | 'decompose'
  /** The rough task. */
  task_id: string
  /** The task whose run proposes. */
  helper_id: string
  helper_status: TaskStatus
  profile: string | null
  /** What the rough task said when help was asked for. */
  asked: {
    title: string
    body: string | null
    /** Unix time in whole seconds. */
    at: number
    by: string
  }
  /** Asked for by a setting of the board. */
  automatic: boolean
  /** The rough task was edited since. */
  stale: boolean
  /** What the rough task should say instead. */
  text: {
    title: string
    body: string | null
    assignee: string | null
    /** Unix time in whole seconds. */
    proposed_at: number
    decision: 'accepted' | 'rejected' | null
  } | null
  cards: {
    id: string
    title: string
    assignee: string | null
    status: TaskStatus
    state: 'waiting' | 'released' | 'rejected'
  }[]
}

export type Reason = {
  kind:
    | 'human'
    | 'approval'
    | 'time'
    | 'cooldown'
    | 'breaker'
    | 'preflight'
    | 'pause'
    | 'dependency'
    | 'capacity'
    | 'budget'
    | 'status'
    | 'unassigned'
    | 'stopping'
    | 'no_dispatcher'
  /** The reason in words. */
  text: string
  /** Who or what it waits for. */
  owner: string | null
  /** Unix time in whole seconds. */
  since: number | null
  /** Unix time in whole seconds. */
  until: number | null
  /** The command that lifts it; null when only time or another task does. */
  lift: string | null
  /** The tasks it waits for. */
  blocked_by: string[]
}

export type Run = {
  id: number
  task_id: string
  profile: string | null
  /** Kept and given back, and used for nothing. */
  step_key: string | null
  /** running while it is open, else how it ended. */
  status: string
  /** Who holds the claim: the host and the program; null while nobody does. */
  claim_lock: string | null
  /** Unix time in whole seconds. */
  claim_expires: number | null
  worker_pid: number | null
  /** How long one run may take; null where the profile says it. */
  max_runtime_seconds: number | null
  /** Unix time in whole seconds. */
  last_heartbeat_at: number | null
  /** Unix time in whole seconds. */
  started_at: number
  /** Unix time in whole seconds. */
  ended_at: number | null
  /** How it ended; null while it is open. */
  outcome:
    | 'completed'
    | 'blocked'
    | 'review'
    | 'crashed'
    | 'no_verdict'
    | 'timed_out'
    | 'stalled'
    | 'spawn_failed'
    | 'gave_up'
    | 'reclaimed'
    | 'stopped'
    | 'rate_limited'
    | 'misconfigured'
    | null
  /** What was done, in the words of the worker. */
  summary: string | null
  /** Facts the worker gave along. */
  metadata: Record<string, unknown> | null
  /** Why it ended without success. */
  error: string | null
  exit_code: number | null
  /** What ended the worker, where a signal did. */
  signal: string | null
  /** Which limit ended it, where one did. */
  limit: 'runtime' | 'silence' | null
  /** The end of what the worker printed. */
  last_lines: string | null
  host: string | null
  /** How far its processes are; null when it has none. */
  phase: 'launching' | 'starting' | 'running' | 'gone' | null
  /** On the machine of its runner. */
  log_path: string | null
  /** Null for a run that was claimed by hand. */
  usage: Usage | null
}

export type SearchHit = {
  in: 'body' | 'result' | 'summary' | 'comment'
  /** Who wrote the comment; the profile of the run of a summary. */
  author?: string | null | undefined
  comment_id?: number | undefined
  run_id?: number | undefined
  /** Unix time in whole seconds. */
  at?: number | undefined
  /** On one line, with … where the text goes on. Plain text, never markup. */
  text: string
  /** The hits in it, in UTF-16 units; end is behind the last one. */
  marks: {
    start: number
    end: number
  }[]
}

export type SearchResult = {
  task: {
    id: string
    title: string
    status: TaskStatus
    assignee: string | null
    tenant: string | null
    priority: number
    /** Unix time in whole seconds. */
    created_at: number
    /** Unix time in whole seconds. */
    completed_at: number | null
  }
  /** The whole title. */
  title: {
    /** On one line, with … where the text goes on. Plain text, never markup. */
    text: string
    /** The hits in it, in UTF-16 units; end is behind the last one. */
    marks: {
      start: number
      end: number
    }[]
  }
  /** Where else it was found: at most four, the body first. */
  hits: SearchHit[]
}

export type Setting = {
  key: string
  value: string | number | boolean | string[] | null | Record<string, unknown>
  /** Where it came from: default, <file>:<line>, env <NAME> or option <command>. */
  origin: string
  default: string | number | boolean | string[] | null | Record<string, unknown>
  /** What it may hold. */
  type: string
  about: string
}

export type Stats = {
  by_status: Partial<Record<string, number>>
  /** '' stands for nobody. */
  by_assignee: Partial<Record<string, Partial<Record<string, number>>>>
  oldest_ready_age_seconds: number | null
}

export type StreamFrame =
  | {
      type: 'hello'
      events: Event[]
      cursor: number
      /** The version of the server. */
      version: string
      /** The identity of the board. */
      board: string
      /** Something arrives at least this often; twice that silence means a dead line. */
      heartbeat_seconds: number
      now: number
    }
  | {
      type: 'events'
      events: Event[]
      cursor: number
      /** The cards these events touched, as they are now: put them in place of yours. */
      cards: Card[]
      /** Cards that had the assignee and tenant you asked for, and no longer do: take them away. */
      left: string[]
    }
  | {
      type: 'ping'
      events: Event[]
      cursor: number
      now: number
    }
  | {
      type: 'resync'
      events: Event[]
      cursor: number
      /** Read the board again, then go on from its latest_event_id. */
      reason: string
    }

export type Subscription = {
  task_id: string
  platform: string
  chat_id: string
  /** '' when the chat has no threads. */
  thread_id: string
  user_id: string | null
  /** Unix time in whole seconds. */
  created_at: number
  last_event_id: number
}

export type Task = {
  /** t_ and lowercase hex. */
  id: string
  title: string
  /** What is wanted, in Markdown. */
  body: string | null
  /** The profile whose worker does it, or a person; null for nobody. */
  assignee: string | null
  status: TaskStatus
  /** Higher runs first. */
  priority: number
  created_by: string | null
  /** Unix time in whole seconds. */
  created_at: number
  /** Unix time in whole seconds. */
  started_at: number | null
  /** Unix time in whole seconds. */
  completed_at: number | null
  workspace_kind: 'scratch' | 'dir' | 'worktree'
  workspace_path: string | null
  /** Who holds the claim: the host and the program; null while nobody does. */
  claim_lock: string | null
  /** Unix time in whole seconds. */
  claim_expires: number | null
  /** Whose work it is. */
  tenant: string | null
  /** What came out. */
  result: string | null
  idempotency_key: string | null
  /** How often in a row its worker could not be started. */
  spawn_failures: number
  worker_pid: number | null
  last_spawn_error: string | null
  /** How long one run may take; null where the profile says it. */
  max_runtime_seconds: number | null
  /** Unix time in whole seconds. */
  last_heartbeat_at: number | null
  /** Its open run; null while it has none. */
  current_run_id: number | null
  /** Kept and given back, and used for nothing. */
  workflow_template_id: string | null
  /** Kept and given back, and used for nothing. */
  current_step_key: string | null
  /** What its worker is given on top of its own skills. */
  skills: string[] | null
}

export type TaskChange = {
  /** Where to move it. */
  status?: TaskStatus | null | undefined
  /** '' takes the assignee away. */
  assignee?: string | null | undefined
  /** Higher runs first. */
  priority?: number | null | undefined
  title?: string | null | undefined
  body?: string | null | undefined
  /** What came out. */
  result?: string | null | undefined
  /** Only with status done or review. */
  summary?: string | null | undefined
  /** Only with status done or review. */
  metadata?: Record<string, unknown> | null | undefined
  /** Only with status blocked. */
  block_reason?: string | null | undefined
}

export type TaskDetail = {
  task: Task
  parents: string[]
  children: string[]
  links: {
    parents: string[]
    children: string[]
  }
  comments: Comment[]
  events: Event[]
  runs: Run[]
  holds: Hold[]
  attachments: Attachment[]
  late_reports: LateReport[]
  workspaces: Workspace[]
  /** Runs that were charged, those given back, and what people granted on top of the ceiling. */
  attempts: {
    charged: number
    refunded: number
    granted: number
  }
  /** All its runs together. */
  usage: Usage
}

export type TaskStatus = 'triage' | 'todo' | 'ready' | 'running' | 'blocked' | 'review' | 'done' | 'archived'

export type Token = {
  id: number
  /** For a program, or of a browser that is logged in. */
  kind: 'token' | 'session'
  /** In whose name it acts. */
  name: string
  /** What it is for; of a session, which browser. */
  label: string
  scope: 'read' | 'write' | 'operate'
  /** Unix time in whole seconds. */
  created_at: number
  created_by: string
  /** Unix time in whole seconds. */
  expires_at: number | null
}

export type Usage = {
  runs: number
  runtime_seconds: number
  /** Those read from a cache included. */
  tokens_in: number
  tokens_cached: number
  tokens_out: number
  /** What is known of the cost, reported or estimated; null when nothing is. It may not be all. */
  cost_usd: number | null
  /** The part of it that the price table reckons. */
  estimated_usd: number
  /** Tokens whose cost nobody knows. */
  unpriced_tokens: number
}

export type UsageRow = {
  runs: number
  runtime_seconds: number
  /** Those read from a cache included. */
  tokens_in: number
  tokens_cached: number
  tokens_out: number
  /** What is known of the cost, reported or estimated; null when nothing is. It may not be all. */
  cost_usd: number | null
  /** The part of it that the price table reckons. */
  estimated_usd: number
  /** Tokens whose cost nobody knows. */
  unpriced_tokens: number
  /** The task, profile and so on; a day as YYYY-MM-DD; null for none. */
  key: string | null
}

export type WorkerContext = {
  version: number
  task: Task
  /** The rough task that this one works out, as it was when help was asked for. */
  helps: {
    id: string
    title: string
    body: string | null
    created_by: string | null
  } | null
  /** The latest ones. */
  attempts: Run[]
  older_attempts: number
  parents: {
    id: string
    title: string
    status: string
    finished_at: number | null
    summary: string | null
    metadata: Record<string, unknown> | null
    result: string | null
  }[]
  /** What the assignee completed elsewhere. */
  recent_runs: Run[]
  comments: Comment[]
  older_comments: number
  /** What it may still use, as far as somebody limits it. */
  budgets: Budget[]
  /** Unix time in whole seconds. */
  read_at: number
}

export type Workspace = {
  id: number
  host: string
  path: string
  kind: string
  task_id: string
  run_id: number | null
  state: string
  repository: string | null
  branch: string | null
  reason: string | null
  /** Unix time in whole seconds. */
  created_at: number
  /** Unix time in whole seconds. */
  released_at: number | null
  /** Unix time in whole seconds. */
  trashed_at: number | null
  trash_path: string | null
}

/** The bytes of a file: all of them, or a stream. */
export type UploadContent = Blob | ReadableStream<Uint8Array> | Uint8Array<ArrayBuffer> | string

/** What each operation takes: path, query and body together. */
export interface Inputs {
  /** The board, column by column. With fields=card a slim form for large boards: no texts, a limited number of cards in each column, with counts and cursors. Needs the scope `read`. */
  getBoard: {
    /** Only tasks of this tenant. */
    tenant?: string | undefined
    /** With a column for what is filed away. */
    include_archived?: boolean | undefined
    /** Every task whole (all, the default), or the slim form of cards (card). */
    fields?: 'all' | 'card' | undefined
    /** Cards in each column; 50 by default. Only with fields=card. */
    limit?: number | undefined
    /** This column only. Only with fields=card. */
    column?: TaskStatus | undefined
    /** From where the column goes on. Only with column. */
    cursor?: string | undefined
  }
  /** How many tasks there are, by status and by assignee, and how long the oldest ready one has waited. Needs the scope `read`. */
  getStats: {}
  /** How the dashboard is set up: dashboard.kanban of the configuration. Needs the scope `read`. */
  getConfig: {}
  /** One pass of the dispatcher: starts what is ready. A dry run names what would happen and changes nothing. Needs the scope `operate`. */
  dispatch: {
    /** Only says what a pass would do. */
    dry_run?: boolean | undefined
    /** Starts at most so many; no limit but the caps by default. */
    max?: number | undefined
  }
  /** Tasks by priority, highest first, then by age. Archived ones only when asked for. Needs the scope `read`. */
  listTasks: {
    /** Only tasks of these statuses, separated by commas. */
    status?: string | undefined
    /** 'none' for tasks of nobody. */
    assignee?: string | undefined
    /** Only tasks of this tenant. */
    tenant?: string | undefined
    /** Archived ones as well; they are also given when status names them. */
    archived?: boolean | undefined
    /** 1,000 by default. */
    limit?: number | undefined
    /** next_offset of the page before. */
    offset?: number | undefined
  }
  /** Puts a task on the board: ready, waiting for its parents, or in triage. Needs the scope `write`; the worker of a run may use it (anywhere). */
  createTask: NewTask
  /** Everything about one task. Needs the scope `read`; the worker of a run may use it (own task). */
  getTask: {
    /** The id of a task: t_ and lowercase hex. */
    id: string
  }
  /** Changes a task; all of it or, when something is refused, nothing. Leaving running stops the run first. Needs the scope `write`. */
  updateTask: {
    /** The id of a task: t_ and lowercase hex. */
    id: string
  } & TaskChange
  /** The same change to several tasks; each for itself. Needs the scope `write`. */
  bulkUpdate: {
    /** The tasks to change. */
    ids: string[]
    /** Where to move them. */
    status?: TaskStatus | null | undefined
    /** '' takes the assignee away. */
    assignee?: string | null | undefined
    /** Higher runs first. */
    priority?: number | null | undefined
    /** The same as the status archived; with no other one. */
    archive?: boolean | null | undefined
  }
  /** Leaves a remark on a task. Needs the scope `write`; the worker of a run may use it (anywhere). */
  addComment: {
    /** The id of a task: t_ and lowercase hex. */
    id: string
  } & {
    /** The remark. */
    body: string
    /** Who says it; you by default. A worker always signs with its own name. */
    author?: string | null | undefined
  }
  /** Makes the child wait for the parent. Needs the scope `write`; the worker of a run may use it (anywhere). */
  addLink: {
    /** The task that is waited for. */
    parent_id: string
    /** The task that waits. */
    child_id: string
  }
  /** The child no longer waits for the parent. `ok` is false when there was no such link. Needs the scope `write`; the worker of a run may use it (anywhere). */
  removeLink: {
    /** The task that is waited for. */
    parent_id: string
    /** The task that waits. */
    child_id: string
  }
  /** The files kept with a task, the newest last. Needs the scope `read`; the worker of a run may use it (own task). */
  listAttachments: {
    /** The id of a task: t_ and lowercase hex. */
    id: string
  }
  /** Keeps a file with a task. It is stored as it arrives, or not at all: a file that is cut off, has another digest than announced or is larger than the setting attachments.max_mb leaves nothing behind. Needs the scope `write`; the worker of a run may use it (own task). */
  addAttachment: {
    /** The id of a task: t_ and lowercase hex. */
    id: string
    /** What to call it. Of a path the last part is kept. */
    name: string
    /** The SHA-256 you expect, in hex; any other one is refused. */
    digest?: string | undefined
  } & {
    /** The bytes of the file. Its Content-Type is kept as what the sender says of it. */
    content: UploadContent
  }
  /** The bytes of a file, checked against its digest before they leave. HEAD tells size and digest alone; the ETag is the digest. Needs the scope `read`; the worker of a run may use it (own task). */
  getAttachment: {
    /** The id of a task: t_ and lowercase hex. */
    id: string
    /** The number of the file, as the list has it. */
    attachment: number
  }
  /** Takes a file off a task. The history keeps its name and digest; its bytes are deleted later, once no task names them. Needs the scope `write`. */
  removeAttachment: {
    /** The id of a task: t_ and lowercase hex. */
    id: string
    /** The number of the file, as the list has it. */
    attachment: number
  }
  /** Has a rough task worked out: a run of an orchestrator proposes a better text for it. Needs the scope `write`. */
  specifyTask: {
    /** The id of a task: t_ and lowercase hex. */
    id: string
  } & {
    /** The orchestrator that does it; by default that of the settings. */
    profile?: string | null | undefined
  }
  /** Has a rough task split: a run of an orchestrator proposes tasks, which nothing runs before they are released. Needs the scope `write`. */
  decomposeTask: {
    /** The id of a task: t_ and lowercase hex. */
    id: string
  } & {
    /** The orchestrator that does it; by default that of the settings. */
    profile?: string | null | undefined
  }
  /** Gives a rough task the text that was proposed for it. Refused when it was edited since. Needs the scope `write`. */
  acceptText: {
    /** The id of a task: t_ and lowercase hex. */
    id: string
  } & {
    /** Also when it was edited since. */
    anyway?: boolean | null | undefined
    /** And makes it work, instead of leaving it in triage. */
    ready?: boolean | null | undefined
  }
  /** What is being worked out or waits for a decision; of one rough task, everything that was ever proposed. Needs the scope `read`. */
  listProposals: {
    /** Only what was proposed for this rough task, decided or not. */
    task?: string | undefined
  }
  /** Lets proposed tasks go: all of them or, when one is refused, none. Needs the scope `write`. */
  releaseProposals: {
    /** Proposed tasks, or rough tasks of which all proposals are meant. */
    ids: string[]
  }
  /** Files proposed tasks away; with the id of a rough task also the text proposed for it. Needs the scope `write`. */
  rejectProposals: {
    /** Proposed tasks, or rough tasks of which all proposals are meant. */
    ids: string[]
  }
  /** Why a task is not running: every reason, whose it is, since when, and what lifts it. None when it runs or starts next. Needs the scope `read`; the worker of a run may use it (own task). */
  explainTask: {
    /** The id of a task: t_ and lowercase hex. */
    id: string
  }
  /** The tasks this one waits for, and those that wait for it. Needs the scope `read`; the worker of a run may use it (own task). */
  listTaskLinks: {
    /** The id of a task: t_ and lowercase hex. */
    id: string
  }
  /** The attempts at a task, the oldest first. Needs the scope `read`; the worker of a run may use it (own task). */
  listTaskRuns: {
    /** The id of a task: t_ and lowercase hex. */
    id: string
  }
  /** What a worker of this task is told: the task, earlier attempts, results of its parents, comments. Bounded, whatever the board holds. Needs the scope `read`; the worker of a run may use it (own task). */
  getTaskContext: {
    /** The id of a task: t_ and lowercase hex. */
    id: string
  }
  /** The same as the text that the worker reads. Needs the scope `read`; the worker of a run may use it (own task). */
  getTaskContextText: {
    /** The id of a task: t_ and lowercase hex. */
    id: string
  }
  /** Takes a ready task to be worked on by hand, and makes its workspace. Keep it with heartbeats. Losing is an answer: `claimed` is false, and `refused` says what keeps the task. Needs the scope `write`. */
  claimTask: {
    /** The id of a task: t_ and lowercase hex. */
    id: string
  } & {
    /** How long the claim lasts without a heartbeat; kanban.claim_ttl_seconds by default. */
    ttl_seconds?: number | null | undefined
  }
  /** A sign of life from whoever works on a running task; extends a claim by hand. Needs the scope `write`; the worker of a run may use it (own task). */
  heartbeatTask: {
    /** The id of a task: t_ and lowercase hex. */
    id: string
  } & {
    /** How far the work is. */
    note?: string | null | undefined
  }
  /** The work is done. Files that the metadata names are kept before the completion is acknowledged. The worker of a task that runs is stopped first when somebody else says so. Needs the scope `write`; the worker of a run may use it (own task). */
  completeTask: {
    /** The id of a task: t_ and lowercase hex. */
    id: string
  } & {
    /** What came out. */
    result?: string | null | undefined
    /** What was done; the result when it is left out. */
    summary?: string | null | undefined
    /** Facts; "artifacts" names files of the workspace to keep. */
    metadata?: Record<string, unknown> | null | undefined
  }
  /** Somebody is needed before the work can go on. Needs the scope `write`; the worker of a run may use it (own task). */
  blockTask: {
    /** The id of a task: t_ and lowercase hex. */
    id: string
  } & {
    /** The question, or what is missing. */
    reason?: string | null | undefined
  }
  /** Hands the work over for a second pair of eyes. The reviewer is never the author. Needs the scope `write`; the worker of a run may use it (own task). */
  reviewTask: {
    /** The id of a task: t_ and lowercase hex. */
    id: string
  } & {
    /** What came out. */
    result?: string | null | undefined
    /** What was done; the result when it is left out. */
    summary?: string | null | undefined
    /** Facts; "artifacts" names files of the workspace to keep. */
    metadata?: Record<string, unknown> | null | undefined
  }
  /** The reviewer wants changes: the remarks become a comment, and the task goes back to work. Needs the scope `write`. */
  sendBackTask: {
    /** The id of a task: t_ and lowercase hex. */
    id: string
  } & {
    /** What should change. */
    remarks: string
  }
  /** The question is answered: back to work, or to waiting while a parent is open. Needs the scope `write`. */
  unblockTask: {
    /** The id of a task: t_ and lowercase hex. */
    id: string
  }
  /** Another attempt now: ends waits and holds, and grants attempts beyond the ceiling. A task that is done is taken up again. Needs the scope `operate`. */
  retryTask: {
    /** The id of a task: t_ and lowercase hex. */
    id: string
  } & {
    /** Attempts to grant on top; by default 1 if none is left, else 0. */
    attempts?: number | null | undefined
  }
  /** Stops the run of a task: its whole process tree is ended, and the task stays down until somebody unblocks it. Needs the scope `write`. */
  stopTask: {
    /** The id of a task: t_ and lowercase hex. */
    id: string
  } & {
    /** Why, for whoever looks at it later. */
    reason?: string | null | undefined
    /** What becomes of the task; hold by default. */
    destination?: 'hold' | 'ready' | 'archive' | null | undefined
  }
  /** Nothing new starts for this task from this moment on. What runs goes on. Needs the scope `write`. */
  pauseTask: {
    /** The id of a task: t_ and lowercase hex. */
    id: string
  } & {
    /** Why, for whoever wonders. */
    reason?: string | null | undefined
  }
  /** Lifts the pause of this task. Needs the scope `write`. */
  resumeTask: {
    /** The id of a task: t_ and lowercase hex. */
    id: string
  }
  /** Files a task away. One that runs is stopped first. Needs the scope `write`. */
  archiveTask: {
    /** The id of a task: t_ and lowercase hex. */
    id: string
  }
  /** Takes a task out of the archive, to where it was. Needs the scope `write`. */
  restoreTask: {
    /** The id of a task: t_ and lowercase hex. */
    id: string
  }
  /** Accepts what a worker reported after its run had ended; it counts as the word of whoever accepts it from then on. Needs the scope `write`. */
  acceptLateReport: {
    /** The id of a task: t_ and lowercase hex. */
    id: string
  } & {
    /** As late_reports of the task has it. */
    report_id: number
  }
  /** Tasks by words in title, body, comments, results and summaries of runs, the archive included. All words must be there; "words in quotes" in a row; word* and the last word as a beginning; -word must not be there. Titles come first, then bodies, then what was said; the newest first in each. Needs the scope `read`. */
  searchTasks: {
    /** What somebody typed; nothing in it is an error. */
    q: string
    /** Only tasks of these statuses, separated by commas. */
    status?: string | undefined
    /** 'none' for tasks of nobody. */
    assignee?: string | undefined
    /** Only tasks of this tenant. */
    tenant?: string | undefined
    /** false leaves the archive out. */
    archived?: boolean | undefined
    /** 20 by default. */
    limit?: number | undefined
    /** next_cursor of the page before. */
    cursor?: string | undefined
  }
  /** Events after a cursor, oldest first. The same address streams them, without limit and newest: to a request with `Accept: text/event-stream` as server-sent events, to one that upgrades as a WebSocket. Both go on with every new event until either side leaves, and a client that comes again with the last cursor misses nothing and gets nothing twice. Needs the scope `read`. */
  listEvents: {
    /** Only events with a greater id. A stream without it begins now. */
    since?: number | undefined
    /** Only events of this task. */
    task?: string | undefined
    /** Only events of this run, by its number. */
    run?: number | undefined
    /** Only events of these kinds, separated by commas. */
    kinds?: string | undefined
    /** Only events of tasks of this tenant. */
    tenant?: string | undefined
    /** Only events of tasks of this assignee. */
    assignee?: string | undefined
    /** 1,000 by default. */
    limit?: number | undefined
    /** Newest first. */
    newest?: boolean | undefined
  }
  /** One run. Needs the scope `read`; the worker of a run may use it (own run). */
  getRun: {
    /** The number of a run. */
    id: number
  }
  /** The live processes of a run: its leader, and all of them together. Needs the scope `read`; the worker of a run may use it (own run). */
  inspectRun: {
    /** The number of a run. */
    id: number
  }
  /** Ends a run: asks its processes to stop, and kills them after the grace period. Doing it again changes nothing. Needs the scope `operate`. */
  terminateRun: {
    /** The number of a run. */
    id: number
  } & {
    /** Why, for whoever looks at it later. */
    reason?: string | null | undefined
    /** What becomes of the task: held for a person (by default), or ready for another attempt. */
    afterwards?: 'hold' | 'ready' | null | undefined
  }
  /** Every run that has a worker process now. Needs the scope `read`. */
  listWorkers: {}
  /** What the worker of the last run printed; secrets are masked. Needs the scope `read`; the worker of a run may use it (own task). */
  getTaskLog: {
    /** The id of a task: t_ and lowercase hex. */
    id: string
    /** The last so many bytes only. */
    tail?: number | undefined
  }
  /** What runs used: tokens, cost and time, by task, profile, tenant, provider, model or day. Needs the scope `read`. */
  readUsage: {
    /** profile by default. */
    by?: 'task' | 'profile' | 'tenant' | 'provider' | 'model' | 'day' | undefined
    /** Unix time: from the day (UTC) on that it lies in. */
    since?: number | undefined
    /** Unix time: up to the day (UTC) that it lies in. */
    until?: number | undefined
    /** Only runs of this task. */
    task?: string | undefined
    /** Only runs of this profile. */
    profile?: string | undefined
    /** Only runs of tasks of this tenant. */
    tenant?: string | undefined
    /** Only what this provider was asked for. */
    provider?: string | undefined
    /** Only what this model was asked for. */
    model?: string | undefined
  }
  /** Every budget in force, with how it stands. Those that hold for each single task by default are not listed. Needs the scope `read`. */
  listBudgets: {}
  /** One budget, with all that was ever set and granted on it. Needs the scope `read`. */
  getBudget: {
    /** The scope, name, measure and period with colons between, such as board:cost:day or profile:coder:tokens:month. */
    id: string
  }
  /** Sets a budget, in place of the one that was set or a default. It counts from the next run that would open; what was spent stays spent. Needs the scope `operate`. */
  setBudget: {
    /** The scope, name, measure and period with colons between, such as board:cost:day or profile:coder:tokens:month. */
    id: string
  } & {
    /** From here on people are told that it is near. */
    soft?: number | null | undefined
    /** From here on no run opens. */
    hard?: number | null | undefined
    /** Also ends open runs when the hard limit is reached. */
    stop_running?: boolean | null | undefined
    /** Who may change it and grant more; any person by default. */
    granters?: string[] | null | undefined
  }
  /** Ends a budget that somebody set; a default counts again. Needs the scope `operate`. */
  removeBudget: {
    /** The scope, name, measure and period with colons between, such as board:cost:day or profile:coder:tokens:month. */
    id: string
  }
  /** Grants more on a budget, for its present period. Tasks it held resume by themselves. Needs the scope `operate`. */
  grantBudget: {
    /** The scope, name, measure and period with colons between, such as board:cost:day or profile:coder:tokens:month. */
    id: string
  } & {
    /** In US dollars, tokens, runs or seconds, as the measure says. */
    amount: number
    /** Why, for whoever looks at it later. */
    reason?: string | null | undefined
  }
  /** What the worker of a run printed; secrets are masked. Needs the scope `read`; the worker of a run may use it (own run). */
  getRunLog: {
    /** The number of a run. */
    id: number
    /** The last so many bytes only. */
    tail?: number | undefined
  }
  /** The same as plain text, whole or from the tail on; followed, it arrives as it is printed. Needs the scope `read`; the worker of a run may use it (own run). */
  streamRunLog: {
    /** The number of a run. */
    id: number
    /** The last so many bytes only. */
    tail?: number | undefined
    /** Goes on with what is written, until the run has ended or you leave. */
    follow?: boolean | undefined
  }
  /** What an agent did, in the same words for every agent: one JSON object a line, with `at` and `kind` (message, thinking, tool, result, usage, error and the like). Needs the scope `read`; the worker of a run may use it (own run). */
  streamRunItems: {
    /** The number of a run. */
    id: number
    /** The last so many bytes only. */
    tail?: number | undefined
    /** Goes on with what is written, until the run has ended or you leave. */
    follow?: boolean | undefined
  }
  /** Everything that is held now, whole board, profiles and providers as well as single tasks. Needs the scope `read`. */
  listHolds: {}
  /** Starts nothing new for the whole board, a profile or a provider, from this moment on. What runs goes on. Needs the scope `operate`. */
  pause: {
    /** What is held. */
    scope: 'profile' | 'provider' | 'board'
    /** The name of the profile or provider. */
    target?: string | null | undefined
    /** Why, for whoever wonders. */
    reason?: string | null | undefined
  }
  /** Lifts a pause, and what paused a profile, a provider or the board by rule. Needs the scope `operate`. */
  resume: {
    /** What is held. */
    scope: 'profile' | 'provider' | 'board'
    /** The name of the profile or provider. */
    target?: string | null | undefined
  }
  /** Every workspace: which task it belongs to, whether it is in use, kept or gone, and why. Needs the scope `read`. */
  listWorkspaces: {
    /** Only workspaces of this task. */
    task?: string | undefined
    /** Also those that are gone. */
    all?: boolean | undefined
    /** Measures them; takes a while. */
    sizes?: boolean | undefined
  }
  /** What was changed in a workspace since its task began: commits, uncommitted changes and new files as one unified diff. Needs the scope `read`. */
  getWorkspaceDiff: {
    /** The number of the workspace, as the list has it. */
    id: number
  }
  /** Workspaces in the trash of this machine, the oldest first. Needs the scope `read`. */
  listTrash: {}
  /** Takes a workspace out of the trash, to where it stood. Needs the scope `operate`. */
  restoreWorkspace: {
    /** Its name in the trash. */
    name: string
  }
  /** All profiles: those of the repository of the gateway, of the home, and built in. Broken ones too. Needs the scope `read`. */
  listProfiles: {}
  /** Writes a new profile into the home, to be looked over once. Needs the scope `operate`. */
  createProfile: {
    /** Lowercase letters, digits, - and _. */
    name: string
    /** How its workers are driven; command by default. */
    agent?: string | null | undefined
  }
  /** One profile: how its workers are driven, their limits, their instructions. Needs the scope `read`. */
  getProfile: {
    /** The name of a profile. */
    name: string
  }
  /** Whether workers of a profile could start now, and what is missing. Needs the scope `read`. */
  checkProfile: {
    /** The name of a profile. */
    name: string
  }
  /** The text of a profile, as its file has it. Values in it may be secrets. Needs the scope `operate`. */
  getProfileText: {
    /** The name of a profile. */
    name: string
  }
  /** Puts a text in the place of a profile of the home, or makes a new one. A text that could not be used is refused with every problem, and nothing is written. Profiles that are built in or belong to a repository can only be read. Needs the scope `operate`. */
  putProfileText: {
    /** The name of a profile. */
    name: string
  } & {
    text: string
    /** Of the text this one was made from; refused when somebody has written another one meanwhile. */
    digest?: string | null | undefined
  }
  /** The agents a profile can name: which are installed on this machine, in which version, whether a login was found, and how they are driven. Needs the scope `read`. */
  listAgents: {}
  /** Which chats follow which tasks. Needs the scope `read`. */
  listSubscriptions: {
    /** Only subscriptions to this task. */
    task?: string | undefined
  }
  /** Tells a chat from now on how a task goes: done, blocked, given up, crashed, timed out. `created` is false when it followed the task before. Needs the scope `write`. */
  addSubscription: {
    /** The id of a task: t_ and lowercase hex. */
    task_id: string
    /** telegram, slack, discord and the like. */
    platform: string
    /** The chat, as its platform names it. */
    chat_id: string
    /** The thread in it; none by default. */
    thread_id?: string | null | undefined
    /** Who asked for it. */
    user_id?: string | null | undefined
  }
  /** Tells a chat no more how a task goes. `ok` is false when it did not follow the task. Needs the scope `write`. */
  removeSubscription: {
    /** The id of a task: t_ and lowercase hex. */
    task_id: string
    /** telegram, slack, discord and the like. */
    platform: string
    /** The chat, as its platform names it. */
    chat_id: string
    /** The thread in it; none by default. */
    thread_id?: string | undefined
  }
  /** Every setting with the value in force and where it came from. Passwords are masked. Needs the scope `read`. */
  listSettings: {}
  /** One setting with the value in force and where it came from. Needs the scope `read`. */
  getSetting: {
    /** Its full path, for example kanban.max_running. */
    key: string
  }
  /** Changes one setting in config.yaml, where comments stay; the gateway goes by it from then on, and by those of the server from its next start. What could not be used is refused, and nothing is written. Needs the scope `operate`. */
  putSetting: {
    /** Its full path, for example kanban.max_running. */
    key: string
  } & {
    /** A number, true, false, null, text, or a list of texts. */
    value: string | number | boolean | string[] | null
  }
  /** The backups there are, the newest first. Needs the scope `read`. */
  listBackups: {}
  /** Makes a verified copy of the board while it is in use. It is put back with the gateway stopped, so by the command line: yard restore. Needs the scope `operate`. */
  createBackup: {}
  /** Checks this installation and board, and says for each finding what to do. Changes nothing. Needs the scope `operate`. */
  examine: {}
  /** Removes what is past its time: events of finished tasks, old logs, workspaces of finished tasks, the trash, files nobody names. Needs the scope `operate`. */
  collectGarbage: {
    /** events.retention_days by default. */
    event_retention_days?: number | null | undefined
    /** logs.retention_days by default. */
    log_retention_days?: number | null | undefined
  }
  /** Everybody who can be given tasks, and everybody who has some. Needs the scope `read`. */
  listAssignees: {}
  /** Who you are here, and what you may do. Needs the scope `read`; the worker of a run may use it (anywhere). */
  getSession: {}
  /** Logs out: the session of this browser ends. Needs the scope `read`. */
  endSession: {}
  /** A ticket that opens one WebSocket within 30 seconds, as /events?ticket=…, for clients that cannot send a header with it. Needs the scope `read`. */
  createTicket: {}
  /** Tokens and sessions that are good now. What they are made of is not kept, so it cannot be shown. Needs the scope `operate`. */
  listTokens: {}
  /** Makes a bearer token. It is shown once. Needs the scope `operate`. */
  createToken: {
    /** What it is for. */
    label: string
    scope: 'read' | 'write' | 'operate'
    /** In whose name it acts; yours by default. */
    name?: string | null | undefined
    /** Never by default. */
    expires_in_seconds?: number | null | undefined
  }
  /** Ends a token or a session, at once. Needs the scope `operate`. */
  revokeToken: {
    /** The number of the token or session, as GET /tokens lists it. */
    id: number
  }
}

/** What each operation gives when all went well. */
export interface Outputs {
  getBoard: Board | CardBoard
  getStats: Stats
  getConfig: {
    default_tenant: string
    lane_by_profile: boolean
    include_archived_by_default: boolean
    render_markdown: boolean
  }
  dispatch: {
    spawned: {
      task_id: string
      assignee: string
      workspace: string
    }[]
    skipped_unassigned: string[]
    reclaimed: string[]
    promoted: string[]
    crashed: string[]
    timed_out: string[]
    auto_blocked: string[]
    preflight_failed: {
      task_id: string
      problem: string
    }[]
    adopted: number[]
    waiting: {
      task_id: string
      reason: string
    }[]
  }
  listTasks: {
    tasks: Task[]
    /** Null after the last page. */
    next_offset: number | null
  }
  createTask: {
    task: Task
    /** False when a task with the same idempotency key was there. */
    created: boolean
    /** The task is ready and nothing is there to start it. */
    warning?: string | undefined
  }
  getTask: TaskDetail
  updateTask: {
    task: Task
    /** Its worker is being stopped; the task moves once that is done. */
    stopping?: boolean | undefined
  }
  bulkUpdate: {
    results: {
      id: string
      ok: boolean
      /** Why it was not changed. */
      error?: string | undefined
      /** The same for programs. */
      code?: string | undefined
      /** Its worker is being stopped; the task moves once that is done. */
      stopping?: boolean | undefined
    }[]
  }
  addComment: {
    ok: boolean
    comment: Comment
  }
  addLink: {
    ok: boolean
  }
  removeLink: {
    ok: boolean
  }
  listAttachments: {
    attachments: Attachment[]
  }
  addAttachment: {
    attachment: Attachment
  }
  getAttachment: Response
  removeAttachment: {
    ok: boolean
  }
  specifyTask: {
    /** The task whose run works it out. */
    task: Task
    /** False when the same was asked for before and is under way. */
    created: boolean
    /** Nothing is there to start it. */
    warning?: string | undefined
  }
  decomposeTask: {
    /** The task whose run works it out. */
    task: Task
    /** False when the same was asked for before and is under way. */
    created: boolean
    /** Nothing is there to start it. */
    warning?: string | undefined
  }
  acceptText: {
    task: Task
  }
  listProposals: {
    proposals: Proposals[]
  }
  releaseProposals: {
    /** The proposed tasks as they are now. */
    tasks: Task[]
    /** The rough tasks they were proposed for. */
    subjects: Task[]
  }
  rejectProposals: {
    /** The proposed tasks as they are now. */
    tasks: Task[]
    /** The rough tasks they were proposed for. */
    subjects: Task[]
  }
  explainTask: {
    task_id: string
    status: TaskStatus
    reasons: Reason[]
  }
  listTaskLinks: {
    parents: LinkedTask[]
    children: LinkedTask[]
  }
  listTaskRuns: {
    runs: Run[]
  }
  getTaskContext: WorkerContext
  getTaskContextText: Response
  claimTask: {
    claimed: boolean
    task: Task
    run_id: number | null
    /** A folder on the machine of the server. */
    workspace: string | null
    refused: Reason | null
  }
  heartbeatTask: {
    task: Task
  }
  completeTask: {
    task: Task
    /** Its worker is being stopped; the task moves once that is done. */
    stopping?: boolean | undefined
  }
  blockTask: {
    task: Task
    /** Its worker is being stopped; the task moves once that is done. */
    stopping?: boolean | undefined
  }
  reviewTask: {
    task: Task
    /** Its worker is being stopped; the task moves once that is done. */
    stopping?: boolean | undefined
  }
  sendBackTask: {
    task: Task
  }
  unblockTask: {
    task: Task
  }
  retryTask: {
    task: Task
  }
  stopTask: {
    task: Task
    /** Its worker is being stopped; the task moves once that is done. */
    stopping?: boolean | undefined
  }
  pauseTask: {
    task: Task
    /** Runs that had passed the last check before, and may still start. */
    starting_runs: number[]
  }
  resumeTask: {
    task: Task
    lifted: Hold[]
  }
  archiveTask: {
    task: Task
    /** Its worker is being stopped; the task moves once that is done. */
    stopping?: boolean | undefined
  }
  restoreTask: {
    task: Task
  }
  acceptLateReport: {
    task: Task
    /** Its worker is being stopped; the task moves once that is done. */
    stopping?: boolean | undefined
  }
  searchTasks: {
    results: SearchResult[]
    /** Null after the last page. */
    next_cursor: string | null
  }
  listEvents: {
    events: Event[]
    /** Give it as since to go on from here. */
    cursor: number
  }
  getRun: {
    run: Run
  }
  inspectRun: {
    run_id: number
    alive: boolean
    /** Why it is not alive. */
    reason?: string | undefined
    /** Why there are no figures. */
    error?: string | undefined
    pid?: number | undefined
    /** Of one processor. */
    cpu_percent?: number | null | undefined
    memory_rss_bytes?: number | null | undefined
    memory_vms_bytes?: number | null | undefined
    num_threads?: number | null | undefined
    num_fds?: number | null | undefined
    status?: string | null | undefined
    /** Unix time in seconds. */
    create_time?: number | null | undefined
    cmdline?: string[] | null | undefined
    /** The whole process tree of the run, its leader included. */
    tree?:
      | {
          processes: number
          /** Of one processor. */
          cpu_percent?: number | null | undefined
          memory_rss_bytes?: number | null | undefined
          memory_vms_bytes?: number | null | undefined
          num_threads?: number | null | undefined
          num_fds?: number | null | undefined
          pids: number[]
        }
      | undefined
  }
  terminateRun: {
    ok: boolean
    run_id: number
    task_id: string
    /** stopping: its processes are being ended. */
    state: 'stopping' | 'ended'
  }
  listWorkers: {
    workers: {
      run_id: number
      task_id: string
      task_title: string
      task_status: string
      task_assignee: string | null
      profile: string | null
      worker_pid: number
      /** Unix time in whole seconds. */
      started_at: number
      claim_lock: string | null
      /** Unix time in whole seconds. */
      claim_expires: number | null
      /** Unix time in whole seconds. */
      last_heartbeat_at: number | null
      max_runtime_seconds: number | null
    }[]
    count: number
    /** Unix time in whole seconds. */
    checked_at: number
  }
  getTaskLog: {
    task_id: string
    path: string | null
    exists: boolean
    size_bytes: number
    content: string
    truncated: boolean
  }
  readUsage: {
    by: 'task' | 'profile' | 'tenant' | 'provider' | 'model' | 'day'
    /** The first day. */
    since: string | null
    /** The last day. */
    until: string | null
    rows: UsageRow[]
    total: Usage
  }
  listBudgets: {
    budgets: Budget[]
  }
  getBudget: {
    budget: Budget
    grants: {
      /** In US dollars, tokens, runs or seconds, as the measure says. */
      amount: number
      reason: string
      granted_by: string
      /** Unix time in whole seconds. */
      granted_at: number
      /** Unix time in whole seconds. */
      period_start: number
    }[]
    history: {
      soft: number | null
      hard: number | null
      stop_running: boolean
      granters: string[]
      /** Unix time in whole seconds. */
      set_at: number | null
      set_by: string | null
      /** Unix time in whole seconds. */
      ended_at: number | null
      ended_by: string | null
    }[]
  }
  setBudget: {
    budget: Budget
  }
  removeBudget: {
    ok: boolean
  }
  grantBudget: {
    budget: Budget
  }
  getRunLog: {
    run_id: number
    task_id: string
    path: string | null
    exists: boolean
    size_bytes: number
    content: string
    truncated: boolean
  }
  streamRunLog: Response
  streamRunItems: Response
  listHolds: {
    holds: Hold[]
  }
  pause: {
    /** What is held. */
    scope: 'profile' | 'provider' | 'board'
    target: string
    reason: string
    /** Runs that had passed the last check before, and may still start. */
    starting_runs: number[]
  }
  resume: {
    /** What is held. */
    scope: 'profile' | 'provider' | 'board'
    target: string
    lifted: Hold[]
  }
  listWorkspaces: {
    workspaces: OwnedWorkspace[]
  }
  getWorkspaceDiff: {
    workspace_id: number
    task_id: string
    /** False for a folder that is in no repository: there is nothing to compare. */
    is_git: boolean
    /** The commit it is counted from. */
    base: string | null
    /** One line a file. */
    stat: string
    diff: string
    /** The diff was too long, and ends early. */
    truncated: boolean
    /** New files that are too many or too big to be read by a person. */
    not_shown: string[]
  }
  listTrash: {
    entries: {
      name: string
      task_id: string
      from: string
      /** Unix time in whole seconds. */
      trashed_at: number
      reason: string
    }[]
  }
  restoreWorkspace: {
    name: string
    path: string
  }
  listProfiles: {
    profiles: ProfileEntry[]
  }
  createProfile: ProfileText
  getProfile: Profile
  checkProfile: {
    name: string
    ok: boolean
    problems: {
      message: string
      next: string
    }[]
    /** What may go wrong with workers that can start. */
    warnings: {
      message: string
      next: string
    }[]
  }
  getProfileText: ProfileText
  putProfileText: ProfileText
  listAgents: {
    agents: Agent[]
  }
  listSubscriptions: {
    subscriptions: Subscription[]
  }
  addSubscription: {
    ok: boolean
    created: boolean
  }
  removeSubscription: {
    ok: boolean
  }
  listSettings: {
    settings: Setting[]
  }
  getSetting: Setting
  putSetting: {
    key: string
    value: string | number | boolean | string[] | null | Record<string, unknown>
    /** Where it came from: default, <file>:<line>, env <NAME> or option <command>. */
    origin: string
    default: string | number | boolean | string[] | null | Record<string, unknown>
    /** What it may hold. */
    type: string
    about: string
    /** Something else has the last word over the file. */
    warning?: string | undefined
  }
  listBackups: {
    backups: Backup[]
  }
  createBackup: Backup
  examine: {
    /** False when something failed. */
    ok: boolean
    checks: {
      check: string
      status: 'ok' | 'warn' | 'fail'
      message: string
      /** What to do about it. */
      next: string | null
    }[]
  }
  collectGarbage: {
    events_removed: number
    logs_removed: number
    log_bytes_removed: number
    workspaces_trashed: number
    workspaces_kept: number
    trash_removed: number
    trash_bytes_removed: number
    attachments_removed: number
    attachment_bytes_removed: number
    /** What stays although its time is up. */
    kept: {
      path: string
      reason: string
    }[]
  }
  listAssignees: {
    assignees: {
      name: string
      /** Whether there is a profile of that name. */
      on_disk: boolean
      /** Its tasks by status. */
      counts: Partial<Record<string, number>>
    }[]
  }
  getSession: {
    /** In whose name the caller acts. */
    name: string
    /** Null for the worker of a run. */
    scope: 'read' | 'write' | 'operate' | null
    /** By the token file of the home, a session, a token, or the token of a run. */
    kind: 'owner' | 'session' | 'token' | 'worker'
    /** Unix time in whole seconds. */
    expires_at: number | null
    /** The run whose worker it is, and its task. */
    run: {
      run_id: number
      task_id: string
    } | null
    /** The identity of the board. */
    board: string
    /** The version of the server. */
    version: string
  }
  endSession: {
    ok: boolean
  }
  createTicket: {
    ticket: string
    /** Unix time in whole seconds. */
    expires_at: number
  }
  listTokens: {
    tokens: Token[]
  }
  createToken: {
    /** Send it as Authorization: Bearer. */
    secret: string
    token: Token
  }
  revokeToken: {
    ok: boolean
  }
}
