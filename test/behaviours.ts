/**
 * What we owe the outside: one sentence per behaviour, each with an id. Tests cite the ids through {@link behaviour}, and
 * one test finds the behaviours nobody cites.
 */
import { test } from 'vitest'

export const BEHAVIOURS = {
  // What the board stores, and the shapes in which it says so
  'data.task': 'a task has the fields that existing clients know, under their names',
  'data.task-id': 'a task id is t_ and lowercase hex, and no two cards share one',
  'data.reserved': 'workflow_template_id and current_step_key are stored and returned, and route nothing',
  'data.run': 'a run has the fields that existing clients know, and its outcome once it has ended',
  'data.run-open': 'a run is open exactly while its card points at it, and a card has at most one',
  'data.zero-length-run':
    'a handoff on a card nobody had claimed is kept as a run of no length; without a handoff there is none',
  'data.comment': 'a comment has id, task_id, author, body and created_at',
  'data.event': 'an event has id, task_id, run_id, kind, payload and created_at, and ids only grow',
  'data.event-kinds': 'the events of the lifecycle carry the payload that existing clients read',
  'data.event-run': 'an event caused inside a run carries the id of the run',
  'data.link': 'a link is a parent_id and a child_id',
  'data.subscription': 'a subscription is one per task, platform, chat and thread',
  'data.text': 'text is stored to the letter in both databases, or refused with the reason',

  // Boards made elsewhere
  'upgrade.columns': 'opening an older kanban.db adds the tables and columns that are missing',
  'upgrade.in-flight': 'cards that were running get a run row',
  'upgrade.event-kinds': 'events get the names they have today',
  'upgrade.twice': 'running the upgrade twice changes nothing',

  // Creating
  'create.title': 'a title is required, and trimmed',
  'create.status': 'a card starts ready without unfinished parents, todo with, and triage when asked',
  'create.unknown-parent': 'a parent that is not on the board is refused by name, also for triage',
  'create.workspace': 'an unknown workspace kind and a relative path are refused with the value',
  'create.skills': 'skills are trimmed and deduplicated, a comma in one is refused, and null stays null',
  'create.idempotency': 'with an idempotency key the card that has it and is not archived is given back',
  'create.not-before': 'a card with a start time waits for it',
  'create.held': 'a card that is born held runs only after a person let it go',

  // Links
  'link.refusals': 'a link to itself, a circle and an unknown end are refused',
  'link.waits':
    'a ready card goes back to todo for a parent that is not done, and stays ready for one that is',
  'link.unlink': 'removing a link promotes the child when nothing is left to wait for',
  'link.promotion': 'a finished parent promotes exactly the children that now qualify',

  // Claiming by hand
  'claim.single-winner': 'of many who claim a card, one wins',
  'claim.losing': 'losing a claim is an answer, not an error',
  'claim.ttl': 'a claim by hand lasts 900 seconds when nothing else is asked',
  'claim.heartbeat': 'a heartbeat extends a claim, and never shortens it',
  'claim.expiry': 'a claim that ran out is taken back',

  // Verdicts and moves
  'complete.from': 'running, ready, blocked and reviewed cards can be completed, and no others',
  'complete.summary': 'the summary falls back to the result',
  'complete.bulk': 'bulk completion refuses a summary and metadata',
  'complete.artifacts': 'files the metadata names are kept before a completion is acknowledged',
  'block.from': 'running and ready cards can be blocked, and no others',
  'unblock.place': 'unblocking gives ready, or todo while a parent is open',
  'assign.running': 'assigning is refused while the card runs',
  'archive.running': 'archiving a running card ends its run as reclaimed, after its processes are gone',
  'archive.restore': 'an archived card comes back to where it was',
  'review.other': 'the reviewer is never the author',
  'move.table': 'a card moves only along the transition table, whatever the surface',

  // Listing and context
  'list.order': 'cards are listed by priority, highest first, then by creation',
  'list.archived': 'archived cards are hidden unless asked for',
  'list.filters': 'a listing can be narrowed to an assignee, a status and a tenant',
  'context.sections':
    'a worker is told its card, earlier attempts, finished parents, its recent work and the comments',
  'context.bounded': 'what a worker is told is bounded, whatever the board holds, and cuts are visible',

  // The dispatcher
  'dispatch.pass':
    'a pass adopts or reclaims, promotes, and starts every ready, assigned, admissible card up to the caps',
  'dispatch.dry-run': 'a dry run names what would happen and changes nothing',
  'dispatch.failure-limit':
    'a card whose start fails five times in a row is blocked with the last error, and a success resets the count',
  'dispatch.crashed':
    'a worker that is gone while its run is open has crashed, and its card is ready again within its attempts',
  'dispatch.timed-out': 'a run over its time limit is ended with its whole tree: TERM, five seconds, KILL',
  'dispatch.health': 'ready work, free capacity and no start for six passes give one warning in five minutes',

  // Runs, fences, stops
  'run.once': 'a run ends exactly once; ending it twice changes nothing',
  'run.next': 'the next run opens only after the processes of the last one are gone',
  'fence.secret': 'a worker is heard only with the secret of its own run, and on its own card',
  'fence.late': 'what an ended run still says is kept as a late report, never applied and never dropped',
  'fence.accept': 'a person can accept a late report',
  'fence.scope': 'a worker cannot move cards, lift holds or link cards it did not create',
  'stop.target': 'a stopped card arrives where it was asked to go once its processes are gone',
  'stop.first': 'the first request to stop stands, and a different one is told so',

  // Why a card waits
  'why.reason': 'every waiting card says why, since when, and which verb frees it',
  'hold.kinds': 'each kind of hold is lifted by its own rule only',

  // The first start
  'roster.install':
    'profiles of the starter roster are installed for an agent that is here or named, and none that is there is replaced unasked',
  'roster.proposed':
    'the first start proposes profiles for the agents that are installed, and writes none unasked',
  'skills.install':
    'the skills are placed where agents look, on request only, and nothing that somebody changed is replaced or removed',

  // Rough cards
  'triage.helper':
    'help with a rough card is an ordinary run on a card of its own, and the rough card itself never runs',
  'triage.proposals':
    'what a run creates while it decomposes is held until a person releases it, whatever the run says',
  'triage.bounds': 'proposals are bounded in number and depth, and go to profiles that exist',
  'triage.frozen':
    'proposals are about the text as it was when they were asked for, and say so when it has changed',
  'triage.collector':
    'a rough card waits for what was released for it, gets the results, and leaves triage with the last decision',
  'triage.text': 'a proposed text counts once somebody accepted it',
  'triage.automatic':
    'the board helps and agrees by itself only while its settings say so, read at every decision',

  // Settings
  'config.unknown-key': 'an unknown key is an error that names the nearest known one',
  'config.effective': 'yard config shows the value in force and where it came from',
  'config.dispatch-in-gateway':
    'YARD_DISPATCH_IN_GATEWAY=0 switches dispatching off, and any other value leaves it to the file',
  'config.defaults': 'without a file, every setting has the documented value',

  // Finding cards
  'search.words':
    'search takes words, phrases, beginnings and -words, without regard to case and to the marks of Latin letters',
  'search.rank': 'titles come before bodies before what was said, the newest first, page by page',
  'search.filters': 'search narrows by status, assignee, tenant and archive',
  'search.places': 'search says where a card was found, with the hits marked as data',
  'search.current': 'search is never behind the board, whoever writes to it',
  'search.safe': 'nothing that can be typed into a search is an error',
  'search.same': 'both databases find the same',

  // The command line
  'cli.help': 'every verb has --help',
  'cli.json': 'with --json, stdout holds JSON only and warnings go to stderr',
  'cli.exit-codes': 'the exit code is 0 for done, 1 for refused or failed, 2 for usage or deprecated',
  'cli.first-use': 'first use creates the board',
  'cli.init': 'yard init creates board and home, lists the profiles found and prints the next step',
  'cli.create': 'yard create takes every field of a card, and warns when nothing would run it',
  'cli.list': 'yard list and yard ls take --mine, --assignee, --status, --tenant, --archived and --json',
  'cli.show': 'yard show prints task, links, comments, runs and events',
  'cli.assign': 'yard assign takes a profile or none',
  'cli.link': 'yard link and yard unlink take parent and child',
  'cli.claim': 'yard claim takes --ttl and prints the workspace',
  'cli.comment': 'yard comment takes words and --author',
  'cli.bulk': 'complete, block, unblock and archive take several ids; one failure does not stop the rest',
  'cli.attach': 'yard attach keeps files with a card, yard detach takes one off',
  'cli.search': 'yard search finds cards by words, with filters, and shows where they are',
  'cli.complete': 'yard complete takes --result, --summary and --metadata',
  'cli.block': 'yard block takes reason words and --ids',
  'cli.heartbeat': 'yard heartbeat takes --note',
  'cli.runs': 'yard runs lists the runs of a card',
  'cli.context': 'yard context prints what the worker is told',
  'cli.log': 'yard log takes --tail in bytes',
  'cli.tail': 'yard tail and yard watch follow the board live, by assignee, tenant and kinds',
  'cli.stats':
    'yard stats and yard assignees count by status and assignee, with the age of the oldest ready task',
  'cli.dispatch': 'yard dispatch makes one pass, with --dry-run, --max, --failure-limit and --json',
  'cli.gateway': 'yard gateway starts, stops and tells the status of the long-lived process',
  'cli.daemon': 'yard daemon says how to start the gateway and exits 2; --force runs the dispatcher alone',
  'cli.notify': 'yard notify-subscribe, notify-list and notify-unsubscribe keep the chats of a card',
  'cli.gc': 'yard gc removes old events, logs and trash, and prints counts',

  // Agents
  'agents.detect': 'agents on the PATH are found with their version, and with whether there is a login',
  'agents.version-cache': 'a program is asked for its version once, and again when its file is replaced',
  'mail.once':
    'a comment made while a worker works reaches it once where its driver can deliver it, its own never, and that is recorded',
  'mail.fenced': 'only the run itself takes comments in, and what it did not hear waits for the next attempt',
  'agents.own':
    'agents that config.yaml adds are checked, listed, taken on while the gateway runs, and work like the others',
  'acp.tools': 'an agent that speaks the Agent Client Protocol works with the tools of its run',
  'acp.session':
    'it is reminded, resumed and begun afresh in sessions of one process, and replayed history is dropped',
  'acp.permissions': 'its questions are answered by the permissions of its profile, as narrowly as possible',
  'acp.login': 'it is logged in by a key and given its model; otherwise a person is told what to do',
  'acp.errors': 'whatever it does wrong ends its run in the right class, with its last words',
  'acp.stop': 'it is asked to end its turn before it is ended',
  'agents.list': 'yard agents lists every agent with what is installed of it',
  // The server
  'http.board':
    'GET /board has the columns in order, with counts, progress and ages, and the names around them',
  'http.create': 'POST /tasks makes a task, and 400 names what is wrong with one',
  'http.task': 'GET /tasks/:id has the task with comments, events, links and runs, or is a 404',
  'http.patch': 'PATCH /tasks/:id does all of a change or nothing of it, with 400, 404 or 409',
  'http.bulk': 'POST /tasks/bulk answers for each id by itself',
  'http.links': 'comments are added, and links are made and removed, by the routes that clients know',
  'http.numbers': 'GET /stats and GET /config have the numbers and settings that clients know',
  'http.dispatch': 'POST /dispatch makes one pass, or says what it would do',
  'http.task-log': 'GET /tasks/:id/log has the end of the last log, and never a file from elsewhere',
  'http.runs': 'workers are listed by one query, a run is given by its number, and terminated with an author',
  'http.inspect': 'GET /runs/:id/inspect has the figures of a live process, or why there are none',
  'http.events': 'WS /events sends events with a cursor, and closes with 1008 for strangers',
  'http.guide': 'what docs/api.md tells people to type works, and prints what it says',
  'http.options':
    'options of yard gateway start go before the settings, and every command tells the true address',
  'http.port': 'a port that was asked for is taken or refused, never replaced',
  'http.expose': 'other machines get in only where somebody said that they may, with a warning without TLS',
  'http.tls': 'with a certificate the board is served by HTTPS, and the cookie is kept to that',
  'http.proxy': 'forwarded addresses and schemes are believed only where a proxy was announced',
  'http.token-file':
    'a token file that is good for nothing lets nobody in, is told by the doctor and replaced at the next start',
  'stream.restart':
    'clients of the stream go on after a restart of the gateway without a missed or a repeated event',
  'stream.half-open': 'an end of the stream that vanishes without a word is noticed by the other one',
  'stream.slow':
    'a client that does not read is told to read the board again, and is never buffered without end',
  'metrics.true': 'the numbers a monitor is given are those of the board and of the gateway',
  'metrics.bounded': 'nobody can fill a monitor with names of their own',
  'metrics.latency': 'how soon a ready task is claimed and started is measured',
  'browser.login': 'a newcomer logs in from the link that yard open prints, and nobody else does',
  'browser.foreign': 'a page of another origin can neither read the board nor change it',
  'browser.readable': 'every page can be read by everybody: light and dark, narrow and wide',
  'browser.inert': 'scripts in texts do not run, wherever these are shown',
  'http.moves': 'whatever the command line does with a card, HTTP does with the same refusals',
  'http.follow':
    'the log of a run is sent as it is written, no faster than it is read, until the run has ended',
  'http.profiles': 'profiles of the home are written whole and usable, or not at all; others are only read',
  'http.workspaces': 'workspaces are listed, compared and restored, and nothing beside them is reached',
  'http.installation':
    'settings, backups, the doctor and the clearing away say over HTTP what they say in a terminal',
  'trace.spans': 'requests, passes and runs are traced for whoever collects by OpenTelemetry',
  'trace.off': 'without a collector nothing is traced, and what cannot be sent is said',
  'http.log': 'the log of a run can be read where its runner wrote it',

  // The tools of workers and orchestrators
  'tools.seven': 'the seven tools of a worker take the inputs that existing workers know',
  'tools.more': 'a worker can list, attach and ask for review, too, and an orchestrator can unblock',
  'tools.offered': 'tools are offered to a run and to an orchestrator somebody named, and to nobody else',
  'tools.eras': 'clients of both eras of the protocol get the same tools, over HTTP and over stdio',
  'tools.answers': 'results are JSON, and refusals are JSON with what, fact, next and whether to call again',
  'tools.scope':
    'a run reaches its own card and the cards it created, and reads what its own waited for; an orchestrator the board',

  // What must not happen here: the rows of the reliability catalogue
  F01: 'two workers never work on one card',
  F02: 'a tripped breaker stays tripped until a person grants attempts',
  F03: 'every ending counts, and each one repeated for ever stops at the ceiling',
  F04: 'loops of endings that look healthy stop at the ceiling too',
  F05: 'work that a person held back is not executed',
  F06: 'nothing fans out or starts while it is still being typed',
  F07: 'no folder of the user is ever deleted',
  F08: 'results are never destroyed by success',
  F09: 'the store survives any crash with every acknowledged change',
  F10: 'a missing or damaged board is an error, never an empty one',
  F11: 'no descendant survives its worker',
  F12: 'live workers never exceed a cap',
  W06: 'tokens and cost are counted by task, profile, tenant, provider, model and day, and budgets hold new runs',
  F13: 'finished work is never refused or discarded',
  F15: 'nothing that a worker starts acts as the worker',
  F16: 'no worker lifts the gate it stands before',
  F17: 'nothing is served without a credential, and no text is ever code',
  F18: 'no secret given to a worker reaches a log, a comment, a result or an event',
  F20: 'no wrong process is judged or killed',
  F21: 'no two runs share a folder or a branch',
  F22: 'retried creation makes no duplicate cards',
  F24: 'a running card is not archived or deleted under its worker',
  F25: 'a healthy worker is not reclaimed',
  F26: 'a hung or looping worker is not held for ever',
  F29: 'no card is ready and never run without a reason and a verb that frees it',
  F30: 'no dependency deadlocks, and no child starts before its condition',
  F33: 'a dead credential or a missing model is not tried with every card',
  F34: 'what is missing at the start is said, spends no attempt, and loops nowhere',
  F35: 'a clean exit without a verdict keeps its evidence and loops nowhere',
  F36: 'each run shows its own last words and the true class of its failure',
  F37: 'every released schema opens, and a newer one is refused',
  F38: 'descriptors, memory and processes stay flat over many operations',
  F42: 'restart and update neither kill nor strand workers',
  F43: 'no state is written past the rules, and the events replay to the rows',
  F44: 'reads and previews change nothing',
  F45: 'nothing starts while it is paused, and what was stopped stays down',
  F47: 'sleep and clock changes end no run',
  F50: 'an attachment is byte-identical to the file, or refused',
  F52: 'no setting is dropped silently',
  F55: 'no change is without an author',
  F56: 'what a worker is told is bounded, and says where it comes from',
  F66: 'a refused report can be corrected and repeated',
  F67: 'tests and tools never write to a live board',
} as const satisfies Record<string, string>

export type BehaviourId = keyof typeof BEHAVIOURS

/** A test that proves (a part of) one or more behaviours. */
export const behaviour = (
  ids: BehaviourId | readonly BehaviourId[],
  sentence: string,
  prove: () => void | Promise<void>,
  timeoutMs?: number,
): void => test(`${sentence} [${[ids].flat().join(', ')}]`, prove, timeoutMs)
