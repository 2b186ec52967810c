/** Looking at cards, and adding to the board. */
import { invalid } from '../../domain/errors.ts'
import { assertOnRoster, assertSkillsThere, type AssignableProfile } from '../../domain/roster.ts'
import { TASK_STATUSES, WORKSPACE_KINDS } from '../../domain/task.ts'
import { contextText } from '../../kernel/worker-context.ts'
import type { SearchPage, SearchResult } from '../../domain/search.ts'
import type { SearchOptions } from '../../kernel/search-tasks.ts'
import { asList, oneOf, optionalText, taskId, text, wholeNumber, words, yesOrNo } from '../fields.ts'
import { reach, reachToRead } from '../scope.ts'
import { orchestratorRunTool, orchestratorTool, tool, type ToolContext } from '../tool.ts'
import { cardLine, fileLine, linkLines } from '../views.ts'

export const show = tool({
  name: 'kanban_show',
  about:
    'Shows a card as its worker is told it: title and body, earlier attempts, results of finished parents, comments. Of a finished card, such as one that yours waited for, also its whole result. Call it first.',
  input: { task_id: optionalText('Another card than your own: one that it waited for, or one you created.') },
  reads: true,
  async run(context, { task_id: given }) {
    const id = await reachToRead(context, given ?? ownCard(context), 'show')
    const { kernel, run } = context
    const told = await kernel.workerContext(id)
    const { task, parents, children, attachments } = await kernel.showTask(id)
    return {
      task: {
        ...cardLine(task),
        created_by: task.createdBy,
        workspace_kind: task.workspaceKind,
        workspace_path: task.workspacePath,
        skills: task.skills,
        max_runtime_seconds: task.maxRuntimeSeconds,
      },
      run_id: task.currentRunId,
      is_own: id === run?.taskId,
      parents: linkLines(parents),
      children: linkLines(children),
      attachments: attachments.slice(-MOST_FILES).map(fileLine),
      context: contextText(told, 'mcp'),
    }
  },
})

const MOST_FILES = 50

export const comment = tool({
  name: 'kanban_comment',
  about: 'Leaves a remark on a card, for people and for later workers. It does not answer or move anything.',
  input: {
    task_id: taskId('The card.'),
    body: text('The remark.'),
    author: optionalText('Ignored: the board signs with the name it knows you by.'),
  },
  async run(context, { task_id: given, body }) {
    const id = await reach(context, given, 'comment on')
    const left = await context.kernel.commentTask(id, body, null, context.actor)
    return { task_id: id, comment_id: left.id, author: left.author }
  },
})

export const create = tool({
  name: 'kanban_create',
  about:
    'Puts a new card on the board for somebody else to work on. It starts as soon as its parents are done, so give the body everything its worker must know. Where your own card asks you to decompose another one, it is a proposal that a person releases.',
  input: {
    title: text('What is to be done, in a few words.'),
    assignee: text('The profile that is to do it.'),
    body: optionalText('Everything its worker must know: the goal, the limits, how to check the result.'),
    parents: words('Ids of cards that must be done first.'),
    tenant: optionalText('By default that of your own card.'),
    priority: wholeNumber('Higher runs first; 0 by default.', -1_000_000, 1_000_000),
    workspace_kind: oneOf(WORKSPACE_KINDS, 'Where it is worked on; scratch, an empty folder, by default.'),
    workspace_path: optionalText('The absolute path of a dir or worktree workspace.'),
    triage: yesOrNo('Only an idea: nobody works on it before a person specifies it.'),
    idempotency_key: optionalText('With the same key the same card is given back instead of a second one.'),
    max_runtime_seconds: wholeNumber('How long a run may take.', 1, 31_536_000),
    skills: words('Skills its worker needs besides its own.'),
  },
  async run(context, input) {
    const assignee = input.assignee.trim()
    if (assignee === '')
      throw invalid(
        'empty_assignee',
        'Cannot create the card: the assignee is empty. Give the name of a profile.',
      )
    await assertAssignable(context, assignee)
    const skills = asList(input.skills)
    const workspacePath = input.workspace_path ?? null
    assertSkillsThere((await context.missingSkills?.({ skills, assignee, workspacePath })) ?? [])
    const parents: string[] = []
    for (const parent of asList(input.parents))
      parents.push(await reachToRead(context, parent, 'create a card that waits for'))
    const { task, created } = await context.kernel.createTask(
      {
        title: input.title,
        assignee,
        body: input.body ?? null,
        parents,
        tenant: input.tenant ?? (await ownTenant(context)),
        priority: input.priority ?? null,
        workspaceKind: input.workspace_kind ?? null,
        workspacePath,
        triage: input.triage ?? false,
        idempotencyKey: input.idempotency_key ?? null,
        maxRuntimeSeconds: input.max_runtime_seconds ?? null,
        skills: input.skills === undefined ? null : skills,
      },
      context.actor,
    )
    return {
      task_id: task.id,
      created,
      status: task.status,
      assignee: task.assignee,
      tenant: task.tenant,
      parents,
      ...(context.missingSkills === null && skills.length > 0 ? { note: UNCHECKED_SKILLS } : {}),
      ...(await proposalNote(context)),
    }
  },
})

const UNCHECKED_SKILLS =
  'Nobody here knows which skills there are: the card waits if one of those it needs is missing.'

/** A run that decomposes should not wonder why nothing starts. */
async function proposalNote({ kernel, run }: ToolContext): Promise<{ readonly proposal?: string }> {
  if (run === null || (await kernel.helpOf(run.taskId)) === null) return {}
  return { proposal: 'It is proposed; nothing runs it before a person releases it.' }
}

export const propose = orchestratorRunTool({
  name: 'kanban_propose',
  about:
    'Where your own card asks you to specify or decompose another card: hands in the text that one should have. What you leave out stays. A person decides; a second call replaces the first.',
  input: {
    title: optionalText('The outcome, in a few words.'),
    body: optionalText('Goal, background, limits, what is out of scope; as its worker will read it.'),
    acceptance: words(
      'What must be true when the work is done: sentences that can be checked. They end the body, so a profile that runs the body as a script takes none.',
    ),
    assignee: optionalText('The profile that should have it, when nobody has it yet.'),
  },
  async run(context, { title, body, acceptance, assignee }) {
    if (assignee !== undefined && assignee.trim() !== '') await assertAssignable(context, assignee.trim())
    const proposed = await context.kernel.proposeText(
      {
        title: title ?? null,
        body: body ?? null,
        acceptance: asList(acceptance),
        assignee: assignee ?? null,
      },
      context.actor,
      { scripts: await scripts(context) },
    )
    return {
      task_id: proposed.request.subjectId,
      title: proposed.title,
      body: proposed.body,
      assignee: proposed.assignee,
      next: 'A person decides on it. Go on with your own card.',
    }
  },
})

export const link = tool({
  name: 'kanban_link',
  about: 'Makes a card you created wait for another one: the child starts once the parent is done.',
  input: { parent_id: taskId('The card to wait for.'), child_id: taskId('The card that waits.') },
  async run(context, { parent_id: parent, child_id: child }) {
    const childId = await reach(context, child, 'link')
    const parentId = await reachToRead(context, parent, 'link')
    const linked = await context.kernel.linkTasks(parentId, childId, context.actor)
    const { status } = await context.kernel.getTask(childId)
    return { parent_id: parentId, child_id: childId, linked, child_status: status }
  },
})

export const unblock = orchestratorTool({
  name: 'kanban_unblock',
  about:
    'Lets a card go on whose worker had asked something. Leave the answer with kanban_comment first. What a person holds stays held.',
  input: { task_id: taskId('The blocked card.') },
  async run({ kernel, actor }, { task_id: given }) {
    const task = await kernel.freeTask(await kernel.resolveTaskId(given), actor)
    return { task_id: task.id, status: task.status }
  },
})

const MOST_CARDS = 200

export const list = tool({
  name: 'kanban_list',
  about:
    'Lists cards. An orchestrator sees the whole board and who can be given cards; any other worker its own card and the cards it created.',
  input: {
    status: oneOf(TASK_STATUSES, 'Only cards in this status; without it, all but archived ones.'),
    assignee: optionalText('Only cards of this profile.'),
    tenant: optionalText('Only cards of this tenant.'),
    query: optionalText(
      'Only cards with these words in title, body, comments or results; "a phrase", begin*, -not. The best match first.',
    ),
    limit: wholeNumber('How many; 50 by default.', 1, MOST_CARDS),
    offset: wholeNumber('How many to skip.', 0, 1_000_000),
  },
  reads: true,
  async run(context, { status, assignee, tenant, query, limit = 50, offset = 0 }) {
    const filter = {
      ...(status === undefined ? {} : { status: [status] }),
      ...(assignee === undefined ? {} : { assignee }),
      ...(tenant === undefined ? {} : { tenant }),
    }
    if (query !== undefined) {
      const wanted = { ...filter, archived: false, limit: limit + 1, offset }
      const found = await findCards(context, query, wanted)
      return { cards: found.slice(0, limit), more: found.length > limit }
    }
    const found = context.orchestrator
      ? await context.kernel.listTasks({ ...filter, limit: limit + 1, offset })
      : (await ownCards(context))
          .filter((task) => (status === undefined ? task.status !== 'archived' : task.status === status))
          .filter((task) => assignee === undefined || task.assignee === assignee)
          .filter((task) => tenant === undefined || task.tenant === tenant)
          .slice(offset, offset + limit + 1)
    return {
      cards: found.slice(0, limit).map(cardLine),
      more: found.length > limit,
      ...(context.orchestrator && context.profiles !== null
        ? { profiles: rosterOf(await context.profiles()) }
        : {}),
    }
  },
})

const rosterOf = (profiles: readonly AssignableProfile[]) =>
  profiles.map(({ name, description }) => ({ name, description }))

/** Cards within reach that hold the words, each with the line that shows it. */
async function findCards(
  context: ToolContext,
  query: string,
  { limit, offset, ...filter }: Omit<SearchOptions, 'cursor'> & { readonly offset: number },
) {
  const { kernel, orchestrator } = context
  const among = orchestrator ? undefined : await ownIds(context)
  const found: SearchResult[] = []
  for (let cursor: string | null = null; found.length < offset + limit;) {
    const page: SearchPage = await kernel.searchTasks(query, { ...filter, among, limit: MOST_CARDS, cursor })
    found.push(...page.results)
    cursor = page.next
    if (cursor === null) break
  }
  const shown = found.slice(offset, offset + limit)
  return Promise.all(
    shown.map(async ({ card, hits: [hit] }) => ({
      ...cardLine(await kernel.getTask(card.id)),
      ...(hit === undefined ? {} : { found: { in: hit.place.kind, text: hit.excerpt.text } }),
    })),
  )
}

/** The own card first, then what its runs created. */
const ownIds = async ({ kernel, run }: ToolContext): Promise<string[]> =>
  run === null ? [] : [run.taskId, ...(await kernel.listCreatedBy(run.taskId))]

const ownCards = async (context: ToolContext) =>
  Promise.all((await ownIds(context)).map((id) => context.kernel.getTask(id)))

function ownCard({ run }: ToolContext): string {
  if (run !== null) return run.taskId
  throw invalid(
    'no_own_card',
    'Cannot show a card: there is no run here whose card it could be. Give a task_id.',
  )
}

async function ownTenant({ kernel, run }: ToolContext): Promise<string | null> {
  return run === null ? null : (await kernel.getTask(run.taskId)).tenant
}

/** The profiles that run the body of a card as a script. */
const scripts = async ({ profiles }: ToolContext): Promise<readonly string[]> =>
  ((await profiles?.()) ?? []).flatMap(({ name, runsScript }) => (runsScript ? [name] : []))

/** A card for nobody who exists would wait for ever. */
async function assertAssignable({ profiles }: ToolContext, assignee: string): Promise<void> {
  const roster = await profiles?.()
  if (roster !== undefined) assertOnRoster(roster, assignee)
}
