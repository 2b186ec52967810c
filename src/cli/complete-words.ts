/** What a shell offers after Tab: the command table, and names from the board. */
import { RootCommand, type Complete } from '@bomb.sh/tab'
import { EVENT_KINDS } from '../domain/event.ts'
import { TASK_STATUSES } from '../domain/task.ts'
import type { Argument, Completes, Option } from './command.ts'
import type { Context } from './context.ts'
import { findEntry, GROUPS, TABLE } from './table.ts'
import { printed } from './printed.ts'
import { oneLine } from '../lib/safe-text.ts'

interface Offer {
  readonly value: string
  readonly about: string
}

const MAX_TASKS = 200

/** The offers for the words typed so far, the last of which is being typed, in the form the shells' scripts read. */
export async function completeWords(context: Context, words: readonly string[]): Promise<string> {
  const root = new RootCommand()
  for (const [name, { summary }] of Object.entries(GROUPS)) root.command(name, summary)
  for (const { name, aliases = [], summary, hidden } of TABLE) {
    if (hidden === true) continue
    for (const each of [name, ...aliases]) root.command(each, summary)
  }
  const found = findEntry(words.slice(0, -1))
  if (found !== null) {
    const command = await found.entry.load()
    const target = root.command(words.slice(0, found.words).join(' '), found.entry.summary)
    const offers = await offersFor(context, [
      ...Object.values(command.arguments),
      ...Object.values(command.options),
    ])
    for (const [name, argument] of Object.entries(command.arguments))
      target.argument(name, offering(argument, offers), argument.rest === true)
    for (const [name, option] of Object.entries(command.options)) {
      if (option.hidden === true) continue
      if (option.value === undefined) target.option(name, option.help, option.short ?? '')
      else target.option(name, option.help, offering(option, offers), option.short)
    }
    if (command.hasData) target.option('json', 'Answer with JSON')
    target.option('help', 'Show the help')
  }
  return printed(() => root.parse([...words]))
}

const offering =
  ({ choices, completes }: Argument | Option, offers: ReadonlyMap<Completes, readonly Offer[]>) =>
  (complete: Complete): void => {
    for (const choice of choices ?? []) complete(choice, '')
    if (completes !== undefined)
      for (const { value, about } of offers.get(completes) ?? []) complete(value, about)
  }

/** Only what the command can take is looked up. What cannot be looked up is not offered: this is no place for errors. */
async function offersFor(
  context: Context,
  specs: readonly (Argument | Option)[],
): Promise<ReadonlyMap<Completes, readonly Offer[]>> {
  const wanted = new Set(specs.flatMap(({ completes }) => completes ?? []))
  const offers = new Map<Completes, readonly Offer[]>()
  for (const kind of wanted) offers.set(kind, await offersOf(kind, context).catch(() => []))
  return offers
}

async function offersOf(kind: Completes, context: Context): Promise<readonly Offer[]> {
  switch (kind) {
    case 'task':
      return (await tasksOf(context)).map(({ id, title, status }) => ({
        value: id,
        about: `${status}: ${oneLine(title)}`,
      }))
    case 'tenant':
      return [...new Set((await tasksOf(context)).flatMap(({ tenant }) => tenant ?? []))].map((value) => ({
        value,
        about: '',
      }))
    case 'profile':
      return (await context.services.profiles())
        .list()
        .map((finding) =>
          finding.state === 'found'
            ? { value: finding.profile.name, about: oneLine(finding.profile.description ?? '') }
            : { value: finding.name, about: 'broken' },
        )
    case 'status':
      return TASK_STATUSES.map((value) => ({ value, about: '' }))
    case 'event-kind':
      return EVENT_KINDS.map((value) => ({ value, about: '' }))
    case 'config-key': {
      const { configKeys } = await import('../contract/config.ts')
      return configKeys().map(({ key, about }) => ({ value: key, about }))
    }
    case 'file':
    case 'folder':
      return []
  }
}

const tasksOf = async ({ kernel }: Context) => (await kernel()).listTasks({ limit: MAX_TASKS })
