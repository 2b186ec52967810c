/**
 * Every command there is, in the order of the help. What a command is made of is loaded when it is used, so this list
 * holds only what finding it and listing it takes.
 */
import type { Command } from './command.ts'

export interface Entry {
  /** One word, or two for a command of a group: `gateway start`. */
  readonly name: string
  readonly aliases?: readonly string[]
  readonly summary: string
  readonly section: Section
  /** Works, but is not listed. */
  readonly hidden?: boolean
  /** Goes on until it is stopped, so that a chat cannot offer it. */
  readonly live?: boolean
  readonly load: () => Promise<Command>
}

export const SECTIONS = {
  work: 'Cards',
  triage: 'Rough ideas',
  flow: 'Reporting and deciding',
  look: 'Looking',
  run: 'Running',
  keep: 'Keeping',
  setup: 'Setting up',
} as const
export type Section = keyof typeof SECTIONS

/** What the first word of a two-word command stands for. */
export const GROUPS: Readonly<Record<string, { readonly summary: string; readonly section: Section }>> = {
  gateway: { summary: 'Start, stop and look at the long-lived process', section: 'run' },
  profile: { summary: 'Profiles: who does the work', section: 'setup' },
  workspaces: { summary: 'Every workspace, whose it is and why it is there', section: 'look' },
  skills: { summary: 'Skills of the package, for agents you start yourself', section: 'setup' },
  budget: { summary: 'Budgets: what may be spent, and who grants more', section: 'run' },
  token: { summary: 'Tokens: who may use the HTTP interface', section: 'setup' },
  config: { summary: 'Settings: what holds, and where it came from', section: 'setup' },
}

export const TABLE: readonly Entry[] = [
  {
    name: 'create',
    summary: 'Put a task on the board',
    section: 'work',
    load: async () => (await import('./commands/create.ts')).create,
  },
  {
    name: 'list',
    aliases: ['ls'],
    summary: 'List tasks',
    section: 'work',
    load: async () => (await import('./commands/list.ts')).listTasks,
  },
  {
    name: 'search',
    aliases: ['find'],
    summary: 'Find tasks by the words in them',
    section: 'work',
    load: async () => (await import('./commands/search.ts')).search,
  },
  {
    name: 'show',
    summary: 'Everything about one task',
    section: 'work',
    load: async () => (await import('./commands/show.ts')).show,
  },
  {
    name: 'edit',
    summary: 'Change title, body, priority and the like',
    section: 'work',
    load: async () => (await import('./commands/edit.ts')).edit,
  },
  {
    name: 'assign',
    summary: 'Give a task to a profile, or to nobody',
    section: 'work',
    load: async () => (await import('./commands/assign.ts')).assign,
  },
  {
    name: 'link',
    summary: 'Make a task wait for another one',
    section: 'work',
    load: async () => (await import('./commands/link.ts')).link,
  },
  {
    name: 'unlink',
    summary: 'Let it wait no longer',
    section: 'work',
    load: async () => (await import('./commands/link.ts')).unlink,
  },
  {
    name: 'comment',
    summary: 'Leave a remark on a task',
    section: 'work',
    load: async () => (await import('./commands/comment.ts')).comment,
  },
  {
    name: 'attach',
    summary: 'Keep files with a task',
    section: 'work',
    load: async () => (await import('./commands/attach.ts')).attach,
  },
  {
    name: 'detach',
    summary: 'Take a file off a task',
    section: 'work',
    load: async () => (await import('./commands/attach.ts')).detach,
  },
  {
    name: 'attachments',
    summary: 'Files kept with a task',
    section: 'work',
    load: async () => (await import('./commands/attachments.ts')).attachments,
  },

  {
    name: 'specify',
    summary: 'Have a rough task worked out',
    section: 'triage',
    load: async () => (await import('./commands/triage.ts')).specify,
  },
  {
    name: 'decompose',
    summary: 'Have a rough task split into proposals',
    section: 'triage',
    load: async () => (await import('./commands/triage.ts')).decompose,
  },
  {
    name: 'proposals',
    summary: 'What is proposed, and what waits for a decision',
    section: 'triage',
    load: async () => (await import('./commands/triage.ts')).proposals,
  },
  {
    name: 'accept',
    summary: 'Take the text proposed for a rough task',
    section: 'triage',
    load: async () => (await import('./commands/triage.ts')).accept,
  },
  {
    name: 'release',
    summary: 'Let proposed tasks go',
    section: 'triage',
    load: async () => (await import('./commands/triage.ts')).release,
  },
  {
    name: 'reject',
    summary: 'File proposals away',
    section: 'triage',
    load: async () => (await import('./commands/triage.ts')).reject,
  },
  {
    name: 'propose',
    summary: 'Of a worker: the text a rough task should have',
    section: 'triage',
    load: async () => (await import('./commands/triage.ts')).propose,
  },

  {
    name: 'claim',
    summary: 'Take a ready task yourself',
    section: 'flow',
    load: async () => (await import('./commands/claim.ts')).claim,
  },
  {
    name: 'heartbeat',
    summary: 'Say that you are still at it',
    section: 'flow',
    load: async () => (await import('./commands/heartbeat.ts')).heartbeat,
  },
  {
    name: 'complete',
    summary: 'The work is done',
    section: 'flow',
    load: async () => (await import('./commands/complete.ts')).complete,
  },
  {
    name: 'block',
    summary: 'Somebody is needed',
    section: 'flow',
    load: async () => (await import('./commands/block.ts')).block,
  },
  {
    name: 'unblock',
    summary: 'The question is answered: back to work',
    section: 'flow',
    load: async () => (await import('./commands/unblock.ts')).unblock,
  },
  {
    name: 'review',
    summary: 'Hand over for a second pair of eyes',
    section: 'flow',
    load: async () => (await import('./commands/review.ts')).review,
  },
  {
    name: 'send-back',
    summary: 'The reviewer wants changes',
    section: 'flow',
    load: async () => (await import('./commands/review.ts')).sendBack,
  },
  {
    name: 'accept-late',
    summary: 'Accept what a worker reported too late',
    section: 'flow',
    load: async () => (await import('./commands/accept-late.ts')).acceptLate,
  },
  {
    name: 'retry',
    summary: 'Another attempt, with more granted if need be',
    section: 'flow',
    load: async () => (await import('./commands/retry.ts')).retry,
  },
  {
    name: 'move',
    summary: 'Move a task to another status',
    section: 'flow',
    load: async () => (await import('./commands/move.ts')).move,
  },
  {
    name: 'archive',
    summary: 'File tasks away',
    section: 'flow',
    load: async () => (await import('./commands/archive.ts')).archive,
  },
  {
    name: 'restore-task',
    summary: 'Take tasks out of the archive',
    section: 'flow',
    load: async () => (await import('./commands/archive.ts')).restoreTask,
  },

  {
    name: 'why',
    summary: 'Why a task is not running',
    section: 'look',
    load: async () => (await import('./commands/why.ts')).why,
  },
  {
    name: 'runs',
    summary: 'The attempts at a task',
    section: 'look',
    load: async () => (await import('./commands/runs.ts')).runs,
  },
  {
    name: 'log',
    summary: 'What its worker printed',
    section: 'look',
    load: async () => (await import('./commands/log.ts')).log,
  },
  {
    name: 'context',
    summary: 'What its worker is told',
    section: 'look',
    load: async () => (await import('./commands/worker-context.ts')).workerContext,
  },
  {
    name: 'tail',
    summary: 'Follow the events of a task',
    section: 'look',
    live: true,
    load: async () => (await import('./commands/watch.ts')).tail,
  },
  {
    name: 'watch',
    summary: 'Follow the whole board',
    section: 'look',
    live: true,
    load: async () => (await import('./commands/watch.ts')).watch,
  },
  {
    name: 'stats',
    summary: 'Tasks by status and assignee',
    section: 'look',
    load: async () => (await import('./commands/stats.ts')).stats,
  },
  {
    name: 'assignees',
    summary: 'Who has how many tasks',
    section: 'look',
    load: async () => (await import('./commands/stats.ts')).assignees,
  },
  {
    name: 'usage',
    summary: 'Tokens, cost and time that runs used',
    section: 'look',
    load: async () => (await import('./commands/usage.ts')).usage,
  },
  {
    name: 'workspaces',
    summary: 'Every workspace, whose it is and why it is there',
    section: 'look',
    load: async () => (await import('./commands/workspaces.ts')).workspaces,
  },
  {
    name: 'workspaces restore',
    summary: 'Take one out of the trash',
    section: 'look',
    load: async () => (await import('./commands/workspaces.ts')).workspacesRestore,
  },

  {
    name: 'budget list',
    summary: 'Every budget, and how it stands',
    section: 'run',
    load: async () => (await import('./commands/budget.ts')).budgetList,
  },
  {
    name: 'budget show',
    summary: 'One budget, its grants and its past',
    section: 'run',
    load: async () => (await import('./commands/budget.ts')).budgetShow,
  },
  {
    name: 'budget set',
    summary: 'Hold new runs when so much is spent',
    section: 'run',
    load: async () => (await import('./commands/budget.ts')).budgetSet,
  },
  {
    name: 'budget grant',
    summary: 'Grant more for this period',
    section: 'run',
    load: async () => (await import('./commands/budget.ts')).budgetGrant,
  },
  {
    name: 'budget remove',
    summary: 'End a budget',
    section: 'run',
    load: async () => (await import('./commands/budget.ts')).budgetRemove,
  },
  {
    name: 'gateway start',
    summary: 'Start it: dispatching, live updates, dashboard',
    section: 'run',
    live: true,
    load: async () => (await import('./commands/gateway.ts')).gatewayStart,
  },
  {
    name: 'gateway stop',
    summary: 'Stop it; workers go on',
    section: 'run',
    load: async () => (await import('./commands/gateway.ts')).gatewayStop,
  },
  {
    name: 'gateway status',
    summary: 'Whether it runs, and how it is',
    section: 'run',
    load: async () => (await import('./commands/gateway.ts')).gatewayStatus,
  },
  {
    name: 'gateway install-service',
    summary: 'Have the system start it at login',
    section: 'run',
    load: async () => (await import('./commands/install-service.ts')).installService,
  },
  {
    name: 'daemon',
    summary: 'Deprecated: see gateway start',
    section: 'run',
    hidden: true,
    live: true,
    load: async () => (await import('./commands/daemon.ts')).daemon,
  },
  {
    name: 'open',
    summary: 'A link that logs your browser in',
    section: 'run',
    load: async () => (await import('./commands/open.ts')).open,
  },
  {
    name: 'dispatch',
    summary: 'Start what is ready, once',
    section: 'run',
    load: async () => (await import('./commands/dispatch.ts')).dispatch,
  },
  {
    name: 'stop',
    summary: 'Stop the run of a task and keep it down',
    section: 'run',
    load: async () => (await import('./commands/stop.ts')).stop,
  },
  {
    name: 'pause',
    summary: 'Start nothing new: board, profile or task',
    section: 'run',
    load: async () => (await import('./commands/pause.ts')).pause,
  },
  {
    name: 'resume',
    summary: 'Lift a pause',
    section: 'run',
    load: async () => (await import('./commands/pause.ts')).resume,
  },
  {
    name: 'mcp',
    summary: 'The tools of the board, for an agent of yours',
    section: 'run',
    live: true,
    load: async () => (await import('./commands/mcp.ts')).mcp,
  },

  {
    name: 'doctor',
    summary: 'Check this installation, with a next step for each finding',
    section: 'keep',
    load: async () => (await import('./commands/doctor.ts')).doctor,
  },
  {
    name: 'backup',
    summary: 'Back the board up',
    section: 'keep',
    load: async () => (await import('./commands/backup.ts')).backup,
  },
  {
    name: 'restore',
    summary: 'Bring a backup back',
    section: 'keep',
    load: async () => (await import('./commands/backup.ts')).restore,
  },
  {
    name: 'gc',
    summary: 'Remove what is past its time',
    section: 'keep',
    load: async () => (await import('./commands/gc.ts')).gc,
  },
  {
    name: 'notify-subscribe',
    summary: 'Tell a chat how a task goes',
    section: 'keep',
    load: async () => (await import('./commands/notify.ts')).notifySubscribe,
  },
  {
    name: 'notify-list',
    summary: 'Which chats follow which tasks',
    section: 'keep',
    load: async () => (await import('./commands/notify.ts')).notifyList,
  },
  {
    name: 'notify-unsubscribe',
    summary: 'Tell that chat no more',
    section: 'keep',
    load: async () => (await import('./commands/notify.ts')).notifyUnsubscribe,
  },

  {
    name: 'init',
    summary: 'Make home and board, and say what comes next',
    section: 'setup',
    load: async () => (await import('./commands/init.ts')).init,
  },
  {
    name: 'agents',
    summary: 'Agents a profile can name, and which are installed',
    section: 'setup',
    load: async () => (await import('./commands/agents.ts')).agents,
  },
  {
    name: 'profile list',
    summary: 'All profiles',
    section: 'setup',
    load: async () => (await import('./commands/profile.ts')).profileList,
  },
  {
    name: 'profile show',
    summary: 'One profile',
    section: 'setup',
    load: async () => (await import('./commands/profile.ts')).profileShow,
  },
  {
    name: 'profile create',
    summary: 'Write a new one',
    section: 'setup',
    load: async () => (await import('./commands/profile.ts')).profileCreate,
  },
  {
    name: 'profile install',
    summary: 'Take one of the starter roster',
    section: 'setup',
    load: async () => (await import('./commands/profile.ts')).profileInstall,
  },
  {
    name: 'profile check',
    summary: 'Whether its workers could start now',
    section: 'setup',
    load: async () => (await import('./commands/profile.ts')).profileCheck,
  },
  {
    name: 'skills list',
    summary: 'Where they are, and whether they are current',
    section: 'setup',
    load: async () => (await import('./commands/skills.ts')).skillsList,
  },
  {
    name: 'skills install',
    summary: 'Place them where agents look',
    section: 'setup',
    load: async () => (await import('./commands/skills.ts')).skillsInstall,
  },
  {
    name: 'skills remove',
    summary: 'Take them away again',
    section: 'setup',
    load: async () => (await import('./commands/skills.ts')).skillsRemove,
  },
  {
    name: 'config',
    summary: 'Every setting with its value and origin',
    section: 'setup',
    load: async () => (await import('./commands/config.ts')).configShow,
  },
  {
    name: 'config get',
    summary: 'One setting',
    section: 'setup',
    load: async () => (await import('./commands/config.ts')).configGet,
  },
  {
    name: 'config set',
    summary: 'Change one setting in config.yaml',
    section: 'setup',
    load: async () => (await import('./commands/config.ts')).configSet,
  },
  {
    name: 'config path',
    summary: 'Where config.yaml is',
    section: 'setup',
    load: async () => (await import('./commands/config.ts')).configPath,
  },
  {
    name: 'token create',
    summary: 'A token for a program',
    section: 'setup',
    load: async () => (await import('./commands/token.ts')).tokenCreate,
  },
  {
    name: 'token list',
    summary: 'Tokens, and browsers that are logged in',
    section: 'setup',
    load: async () => (await import('./commands/token.ts')).tokenList,
  },
  {
    name: 'token revoke',
    summary: 'End one of them',
    section: 'setup',
    load: async () => (await import('./commands/token.ts')).tokenRevoke,
  },
  {
    name: 'completion',
    summary: 'Completion for your shell',
    section: 'setup',
    live: true,
    load: async () => (await import('./commands/completion.ts')).completion,
  },
  {
    name: 'demo',
    summary: 'Play four stories on a throw-away board',
    section: 'setup',
    load: async () => (await import('./commands/demo.ts')).demo,
  },
]

/** The entry that the words begin with, and how many of them name it; null when there is none. */
export function findEntry(
  words: readonly string[],
): { readonly entry: Entry; readonly words: number } | null {
  const [first, second] = words
  const two = TABLE.find(({ name }) => name === `${first} ${second}`)
  if (two !== undefined) return { entry: two, words: 2 }
  const one = TABLE.find(({ name, aliases }) => name === first || (aliases?.includes(first ?? '') ?? false))
  return one === undefined ? null : { entry: one, words: 1 }
}
