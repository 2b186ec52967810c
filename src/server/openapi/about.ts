/** What the document says before and between its operations. */
import type { Subject } from '../../contract/operations/operation.ts'

export const ABOUT = `The board over HTTP. What the command line does, with the same rules and the same refusals.

**The way in.** Every request needs a credential, but for the login and the health of the server. Its scope is \`read\`, \`write\` or \`operate\`, each of which includes the one before; every operation says which it needs. Send a token as \`Authorization: Bearer …\`; browsers have a cookie instead.

**What goes in.** JSON in UTF-8, at most 8 MiB, and nothing that is not described: a name that is not known is refused, never ignored. Where a name of a body may be left out, null means the same. In a query, several values are separated by commas.

**What comes out.** JSON with all the names that are described. Times are Unix time in whole seconds, costs US dollars. Every answer has \`X-Request-Id\`, by which the log of the gateway knows the request; send one to choose it. GET can be asked as HEAD. An answer with an \`ETag\` is a 304 to whoever has it already.

**What is refused.** Always with the same three names: \`detail\` says in words what could not be done, the fact that stopped it and the next step; \`code\` is stable, for programs; \`next\` is what to do about it, often a command. What is refused with a status below 500 has changed nothing; only what a worker says after the end of its run is kept, for a person to accept. A method that an address does not know is a 405, with those it does in \`Allow\`.

**Doing it twice.** Linking, subscribing, ending a run and revoking a token can be asked for again, and then change nothing. Creating a task is like that with an \`idempotency_key\`.`

export const SUBJECTS: Readonly<Record<Subject | 'Server', string>> = {
  Board: 'The whole board, its numbers, and a pass of the dispatcher.',
  Tasks: 'What is to be done: create, read, change, comment, and ask why one does not run.',
  Attachments: 'Files kept with tasks, byte for byte.',
  Triage: 'Rough ideas: have them worked out, and decide on what was proposed.',
  Links: 'Which task waits for which.',
  Runs: 'The attempts at tasks: their processes, their logs, and the way to end one.',
  Moves: 'What is done with one task, verb by verb, as on the command line.',
  Search: 'Tasks by the words in them.',
  Events: 'Everything that happened, as pages and as streams.',
  Usage: 'What runs cost, and the budgets that hold new ones back.',
  Holds: 'What keeps the board, a profile or a provider from starting anything.',
  Workspaces: 'Where tasks are worked on, what was changed there, and the trash.',
  Profiles: 'Who does the work, and the agents that can be named.',
  Subscriptions: 'Chats that are told how a task goes.',
  Installation: 'Settings, backups, the doctor, and what is past its time.',
  Access: 'Your own session, and the tokens of programs.',
  Server: 'What the server answers beside the board. These addresses begin at its root.',
}
