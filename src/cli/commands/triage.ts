import { proposalsView, taskView } from '../../contract/views.ts'
import { assertOnRoster } from '../../domain/roster.ts'
import type { TriageKind } from '../../domain/triage.ts'
import type { ProposalsDecided } from '../../kernel/decide-proposals.ts'
import type { Kernel } from '../../kernel/kernel.ts'
import { any, command, flag, optional, taskId, text, texts, UsageError, type Outcome } from '../command.ts'
import { noticeOfDispatcher } from '../notices.ts'
import { oneLine } from '../../lib/safe-text.ts'
import { proposalsPage } from '../text/proposals-page.ts'
import { paintStatus } from '../text/style.ts'
import { count } from '../../lib/amounts.ts'

const helped = (kind: TriageKind, about: string) =>
  command({
    about,
    effect: 'changes',
    arguments: { id: taskId },
    options: {
      profile: text(
        'name',
        'The orchestrator that does it; by default triage.profile, or the only one there is.',
        {
          completes: 'profile',
        },
      ),
    },
    examples: [`yard ${kind} t_1a2b`, `yard ${kind} t_1a2b --profile orchestrator`],
    async run(context, { arguments: { id }, options }) {
      const kernel = await context.kernel()
      const subjectId = await kernel.resolveTaskId(id)
      const profile = await context.services.orchestrator(options.profile ?? null)
      const { helper, created } = await kernel.askHelp(subjectId, { kind, profile }, context.actor)
      return {
        data: { ...taskView(helper), created },
        piped: helper.id,
        text: (style) =>
          `${created ? `${oneLine(profile)} works ${subjectId} out in` : `${subjectId} is being worked out already, in`} ${style.paint('bold', helper.id)}: ${paintStatus(style, helper.status)}`,
        notices: helper.status === 'ready' ? await noticeOfDispatcher(context, helper.id) : [],
        next: [`yard log ${helper.id} --follow`, `yard proposals ${subjectId}`],
      }
    },
  })

export const specify = helped(
  'specify',
  'Has a rough task worked out: a run of an orchestrator proposes a better text, which you accept or reject.',
)

export const decompose = helped(
  'decompose',
  'Has a rough task split: a run of an orchestrator proposes tasks for others, and nothing runs them before you release them.',
)

export const proposals = command({
  about:
    'Lists what is being worked out or waits for your decision; of one rough task, everything that was ever proposed for it.',
  effect: 'reads',
  arguments: { id: optional('The rough task.', { completes: 'task' }) },
  examples: ['yard proposals', 'yard proposals t_1a2b'],
  async run(context, { arguments: { id } }) {
    const kernel = await context.kernel()
    const subject = id === undefined ? null : await kernel.resolveTaskId(id)
    const all = await kernel.listProposals(subject)
    return {
      data: all.map(proposalsView),
      text: (style) =>
        all.length === 0
          ? subject === null
            ? 'Nothing waits for a decision.'
            : `Nothing was proposed for ${subject}.`
          : all.map((one) => proposalsPage(style, one)).join('\n\n'),
    }
  },
})

const proposed = any('Proposed tasks, or a rough task whose proposals are all meant.', { completes: 'task' })

async function meant(
  kernel: Kernel,
  given: readonly string[],
  { all, verb }: { all: boolean; verb: string },
): Promise<readonly string[]> {
  if (all && given.length > 0)
    throw new UsageError(`--all means every proposal of the board. Leave it out, or the ids.`)
  if (all) return kernel.listWaitingProposals()
  if (given.length === 0)
    throw new UsageError(
      `Say which: yard ${verb} <id>…, or yard ${verb} --all for every proposal of the board.`,
    )
  const ids: string[] = []
  for (const each of given) ids.push(await kernel.resolveTaskId(each))
  return ids
}

const decided = ({ cards, subjects }: ProposalsDecided, verb: string): Outcome => ({
  data: { tasks: cards.map(taskView), subjects: subjects.map(taskView) },
  text: (style) =>
    cards.length + subjects.length === 0
      ? 'Nothing waits for a decision.'
      : [
          ...cards.map(
            (card) =>
              `${card.id}: ${paintStatus(style, card.status)}${card.assignee === null ? '' : `, for ${oneLine(card.assignee)}`}`,
          ),
          ...subjects.map(
            (subject) =>
              `${subject.id}, ${verb === 'release' ? 'which collects the results' : 'for which it was proposed'}: ${paintStatus(style, subject.status)}`,
          ),
        ].join('\n'),
  next: subjects.map(({ id }) => `yard show ${id}`),
})

export const release = command({
  about:
    'Lets proposed tasks go. Once all of a rough task are decided on, it waits for those that were released and collects their results.',
  effect: 'changes',
  arguments: { ids: proposed },
  options: { all: flag('Every proposed task of the board.') },
  examples: ['yard release t_1a2b t_3c4d', 'yard release --all'],
  async run(context, { arguments: { ids }, options: { all } }) {
    const kernel = await context.kernel()
    const wanted = await meant(kernel, ids, { all, verb: 'release' })
    const result =
      wanted.length === 0 ? { cards: [], subjects: [] } : await kernel.releaseProposals(wanted, context.actor)
    const stale: string[] = []
    for (const { id } of result.subjects) {
      const last = (await kernel.listProposals(id)).at(-1)
      if (last?.isStale === true && last.request.decision?.was !== 'accepted')
        stale.push(
          `${id} was edited after these were asked for: they are about its older text. See: yard proposals ${id}`,
        )
    }
    return { ...decided(result, 'release'), warnings: stale }
  },
})

export const reject = command({
  about:
    'Files proposed tasks away; with the id of a rough task also the text proposed for it. The rough task stays as it is.',
  effect: 'changes',
  arguments: { ids: proposed },
  options: { all: flag('Every proposed task of the board.') },
  examples: ['yard reject t_1a2b', 'yard reject t_3c4d t_5e6f'],
  async run(context, { arguments: { ids }, options: { all } }) {
    const kernel = await context.kernel()
    const wanted = await meant(kernel, ids, { all, verb: 'reject' })
    const result =
      wanted.length === 0 ? { cards: [], subjects: [] } : await kernel.rejectProposals(wanted, context.actor)
    return decided(result, 'reject')
  },
})

export const accept = command({
  about: 'Gives a rough task the text that was proposed for it. It stays in triage until you make it work.',
  effect: 'changes',
  arguments: { id: taskId },
  options: {
    ready: flag('And makes it work right away.'),
    anyway: flag('Also when the task was edited after the text was asked for.'),
  },
  examples: ['yard accept t_1a2b', 'yard accept t_1a2b --ready'],
  async run(context, { arguments: { id }, options: { ready, anyway } }) {
    const kernel = await context.kernel()
    const task = await kernel.acceptText(await kernel.resolveTaskId(id), { ready, anyway }, context.actor)
    return {
      data: taskView(task),
      text: (style) => `${task.id}: ${paintStatus(style, task.status)} ${oneLine(task.title)}`,
      next: task.status === 'triage' ? [`yard move ${task.id} ready`, `yard decompose ${task.id}`] : [],
    }
  },
})

export const propose = command({
  about:
    'For a worker whose own task asks it to specify or decompose another one: hands in the text that one should have.',
  effect: 'changes',
  forWorkers: true,
  options: {
    title: text('text', 'The outcome, in a few words.'),
    body: text('text', 'Goal, background, limits; - reads it from standard input.'),
    acceptance: texts('sentence', 'What must be true when it is done; may be given several times.'),
    assignee: text('profile', 'Who should have it, when nobody has it yet.', { completes: 'profile' }),
  },
  examples: ['yard propose --title "Sort the list by date" --body - --acceptance "newest first"'],
  async run(context, { options: { title, body, acceptance, assignee } }) {
    const kernel = await context.kernel()
    const roster = await context.services.assignable()
    if (assignee !== undefined) assertOnRoster(roster, assignee)
    const { request, ...said } = await kernel.proposeText(
      {
        title: title ?? null,
        body: body === '-' ? await context.readInput() : (body ?? null),
        acceptance,
        assignee: assignee ?? null,
      },
      context.actor,
      { scripts: roster.flatMap(({ name, runsScript }) => (runsScript ? [name] : [])) },
    )
    return {
      data: { task_id: request.subjectId, ...said },
      text: () =>
        `Proposed for ${request.subjectId}${acceptance.length === 0 ? '' : `, with ${count(acceptance.length, 'criterion', 'criteria')}`}. A person decides on it.`,
    }
  },
})
