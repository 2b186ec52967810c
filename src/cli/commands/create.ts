import { existsSync } from 'node:fs'
import { homedir } from 'node:os'
import { join } from 'node:path'
import { taskView } from '../../contract/views.ts'
import { assertOnRoster, assertSkillsThere } from '../../domain/roster.ts'
import type { Task } from '../../domain/task.ts'
import { argument, command, duration, flag, text, texts, wholeNumber } from '../command.ts'
import type { Context } from '../context.ts'
import { noticeOfDispatcher, noticeOfProfile, noticeOfSkill } from '../notices.ts'
import { moment } from '../options.ts'
import { oneLine } from '../../lib/safe-text.ts'
import { paintStatus } from '../text/style.ts'

export const create = command({
  about: 'Puts a task on the board: ready, waiting for its parents, or in triage.',
  effect: 'changes',
  forWorkers: true,
  arguments: { title: argument('What is to be done, in a few words.') },
  options: {
    body: text('text', 'What exactly; - reads it from standard input.'),
    assignee: text('profile', 'Who does it.', { completes: 'profile' }),
    parent: texts('id', 'Wait for this task; may be given several times.', { completes: 'task' }),
    tenant: text('name', 'For whom; a name to filter by.', { completes: 'tenant' }),
    workspace: text('where', 'scratch, worktree[:<repository>] or dir:<folder>; scratch by default.'),
    priority: wholeNumber('number', 'Higher runs first; 0 by default.', { min: -Number.MAX_SAFE_INTEGER }),
    triage: flag('A rough idea: leave it alone until somebody specifies it.'),
    'idempotency-key': text('key', 'Create it once: a second call gives the task that is there.'),
    'max-runtime': duration('time', 'How long one attempt may take: 30m, 2h, 1d or seconds.'),
    skill: texts('name', 'A skill its worker needs; may be given several times.'),
    hold: text('reason', 'Born held: nothing runs it until a person unblocks it.'),
    'not-before': moment('time', 'Not before then: 2h from now, or a date such as 2026-11-21T08:00.'),
    'created-by': text('name', 'Who asked for it, if not you.'),
  },
  examples: [
    'yard create "Fix the login" --assignee coder --workspace worktree:/home/me/project',
    'git diff | yard create "Review this" --assignee reviewer --body -',
    'yard create "Ship it" --assignee release --parent t_1a2b --parent t_3c4d',
  ],
  async run(context, { arguments: { title }, options }) {
    const kernel = await context.kernel()
    const assignee = options.assignee === 'none' ? null : (options.assignee ?? null)
    const workspace = workspaceOf(options.workspace, context)
    const missing =
      options.skill.length === 0
        ? []
        : await context.services.missingSkills({
            skills: options.skill,
            assignee,
            workspacePath: workspace.workspacePath ?? null,
          })
    // A person may be about to make the profile or the skill; a worker would leave a card that waits for ever.
    if (context.actor.kind === 'worker') {
      if (assignee !== null) assertOnRoster(await context.services.assignable(), assignee)
      assertSkillsThere(missing)
    }
    const parents: string[] = []
    for (const given of options.parent) parents.push(await kernel.resolveTaskId(given))
    const { task, created } = await kernel.createTask(
      {
        title,
        parents,
        ...workspace,
        body: options.body === '-' ? await context.readInput() : (options.body ?? null),
        assignee,
        tenant: options.tenant ?? null,
        priority: options.priority ?? null,
        triage: options.triage,
        idempotencyKey: options['idempotency-key'] ?? null,
        maxRuntimeSeconds: options['max-runtime'] ?? null,
        skills: options.skill.length > 0 ? options.skill : null,
        hold: options.hold ?? null,
        notBefore: options['not-before'] === undefined ? null : options['not-before'](context.now),
        createdBy: options['created-by'] ?? null,
      },
      context.actor,
    )
    return {
      data: { ...taskView(task), created },
      piped: task.id,
      text: (style) =>
        `${created ? 'Created' : 'There already is'} ${style.paint('bold', task.id)}: ${paintStatus(style, task.status)}${task.assignee === null ? '' : `, for ${oneLine(task.assignee)}`}`,
      notices: [
        ...missing.map((skill) => noticeOfSkill(skill, task.id)),
        ...(await noticesFor(context, task)),
      ],
      next: [
        `yard show ${task.id}`,
        ...(task.status === 'ready' && task.assignee === null ? [`yard assign ${task.id} <profile>`] : []),
      ],
    }
  },
})

/** `scratch`, `worktree`, `worktree:<path>`, `dir:<path>`; which of them make sense is for the kernel to say. */
function workspaceOf(
  given: string | undefined,
  { env }: Context,
): { workspaceKind?: string; workspacePath?: string | null } {
  if (given === undefined) return {}
  const colon = given.indexOf(':')
  if (colon === -1) return { workspaceKind: given, workspacePath: null }
  const path = given.slice(colon + 1)
  const home = env['HOME'] || homedir()
  return {
    workspaceKind: given.slice(0, colon),
    workspacePath: path === '~' ? home : path.startsWith('~/') ? join(home, path.slice(2)) : path,
  }
}

async function noticesFor(context: Context, task: Task): Promise<string[]> {
  if (task.assignee === null) return []
  const notices: string[] = []
  if (!isSurelyKnown(context, task.assignee)) {
    const notice = await noticeOfProfile(context, task.assignee)
    if (notice !== null) notices.push(notice)
  }
  if (task.status !== 'ready') return notices
  notices.push(...(await noticeOfDispatcher(context, task.id)))
  return notices
}

/** Reading profiles is slow, and most names are right. */
const isSurelyKnown = ({ paths }: Context, name: string): boolean =>
  name === 'shell' || existsSync(join(paths.profiles, `${name}.md`))
