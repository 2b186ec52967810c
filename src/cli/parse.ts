/**
 * From words to a command and its input. Only the command that is meant is loaded. Nothing here prints or ends the
 * process, so a chat can use it as well as a terminal.
 */
import {
  Argument as Positional,
  Command as Program,
  CommanderError,
  InvalidArgumentError,
  Option as Switch,
} from 'commander'
import { nearest } from '../lib/nearest.ts'
import { UsageError, type Argument, type Command, type Input, type Option } from './command.ts'
import { groupHelp, overview } from './help.ts'
import { findEntry, GROUPS, TABLE, type Entry } from './table.ts'

export type Parsed =
  | { readonly kind: 'command'; readonly entry: Entry; readonly command: Command; readonly input: Input }
  /** Something to read instead: a help, the version. */
  | { readonly kind: 'text'; readonly text: string }

export interface ParseOptions {
  readonly version: string
  /** Columns for the help. */
  readonly width: number
}

/** Throws a {@link UsageError} when the words make no sense. */
export async function parse(words: readonly string[], options: ParseOptions): Promise<Parsed> {
  const [first, ...rest] = words
  if (first === undefined || first === '--help' || first === '-h' || (first === 'help' && rest.length === 0))
    return { kind: 'text', text: overview(options) }
  if (first === '--version' || first === '-V' || first === '-v')
    return { kind: 'text', text: options.version }
  if (first === 'help') return parse([...rest.filter((word) => !word.startsWith('-')), '--help'], options)
  if (first.startsWith('-'))
    throw new UsageError(`${first} stands where a command should. Write: yard <command> ${first}`)
  const found = findEntry(words)
  const group = own(GROUPS, first)
  if (
    found === null ||
    (found.words === 1 && group !== undefined && isUnknownMember(first, rest[0], found.entry))
  )
    return group === undefined ? unknownCommand(first) : parseGroup(first, rest, options)
  const command = await found.entry.load()
  return parseCommand(found.entry, command, words.slice(found.words), options)
}

/** A group that is a command of its own takes options, and no words that are none of its members. */
const isUnknownMember = (group: string, word: string | undefined, entry: Entry): boolean =>
  entry.name === group && word !== undefined && !word.startsWith('-')

/** What people type who know another tool. */
const SYNONYMS: Readonly<Record<string, string>> = {
  add: 'create',
  new: 'create',
  done: 'complete',
  finish: 'complete',
  delete: 'archive',
  remove: 'archive',
  rm: 'archive',
  info: 'show',
  view: 'show',
  get: 'show',
  cat: 'show',
  logs: 'log',
  events: 'tail',
  start: 'gateway start',
  serve: 'gateway start',
  status: 'gateway status',
  kill: 'stop',
  cancel: 'stop',
  explain: 'why',
  take: 'claim',
  update: 'edit',
  rename: 'edit',
  profiles: 'profile list',
  settings: 'config',
  tree: 'show',
}

/** `constructor` is a word like any other. */
const own = <T>(record: Readonly<Record<string, T>>, name: string): T | undefined =>
  Object.hasOwn(record, name) ? record[name] : undefined

function unknownCommand(word: string): never {
  const known = TABLE.filter(({ hidden }) => hidden !== true).map(({ name }) => name.split(' ')[0] ?? name)
  const near = nearest(word, [...new Set(known)])
  // Of very short words nearly everything is a slip.
  const guess = own(SYNONYMS, word) ?? (word.length > 3 || near?.startsWith(word.charAt(0)) ? near : null)
  throw new UsageError(
    `There is no command ${JSON.stringify(word)}.${guess === null ? '' : ` Did you mean: yard ${guess}`}\nAll commands: yard --help`,
  )
}

function parseGroup(group: string, rest: readonly string[], { width }: ParseOptions): Parsed {
  const [word] = rest
  if (word === undefined || word === '--help' || word === '-h')
    return { kind: 'text', text: groupHelp(group, width) }
  const members = TABLE.filter(({ name }) => name.startsWith(`${group} `)).map(({ name }) =>
    name.slice(group.length + 1),
  )
  const guess = nearest(word, members)
  throw new UsageError(
    `There is no command "${group} ${word}".${guess === null ? ` There is: ${members.join(', ')}` : ` Did you mean: yard ${group} ${guess}`}`,
  )
}

function parseCommand(
  entry: Entry,
  command: Command,
  words: readonly string[],
  { width }: ParseOptions,
): Parsed {
  const { program, read, help } = programOf(entry, command, width)
  try {
    program.parse([...words], { from: 'user' })
  } catch (error) {
    if (!(error instanceof CommanderError)) throw error
    if (error.code === 'commander.helpDisplayed') return { kind: 'text', text: help() }
    throw new UsageError(`${sentence(error.message)}\nSee: yard ${entry.name} --help`, { cause: error })
  }
  return { kind: 'command', entry, command, input: read() }
}

const sentence = (message: string): string => {
  const text = message.replace(/^error: /, '')
  return text.charAt(0).toUpperCase() + text.slice(1)
}

function programOf(entry: Entry, command: Command, width: number) {
  let shown = ''
  const program = new Program(`yard ${entry.name}`)
    .description(command.about)
    .exitOverride()
    .allowExcessArguments(false)
    .showSuggestionAfterError()
    .configureOutput({
      writeOut: (text) => void (shown += text),
      writeErr: () => {},
      getOutHelpWidth: () => width,
      getOutHasColors: () => false,
    })
    .helpOption('-h, --help', 'Show this help')
  for (const alias of entry.aliases ?? []) program.alias(alias)
  const places = Object.entries(command.arguments)
  for (const [name, argument] of places) program.addArgument(positional(name, argument))
  const switches = Object.entries(command.options).map(([name, option]) => ({
    name,
    option,
    switched: switchOf(name, option),
  }))
  for (const { switched } of switches) program.addOption(switched)
  if (command.hasData) program.option('--json', 'Answer with JSON on standard output')
  if (command.examples.length > 0)
    program.addHelpText(
      'after',
      `\nExamples:\n${command.examples.map((example) => `  ${example}`).join('\n')}`,
    )

  const read = (): Input => {
    const given: Record<string, unknown> = program.opts()
    return {
      arguments: Object.fromEntries(
        places.map(([name, argument], index) => [
          name,
          program.processedArgs[index] ?? (argument.rest ? [] : undefined),
        ]),
      ),
      options: Object.fromEntries(
        switches.map(({ name, option, switched }) => [
          name,
          given[switched.attributeName()] ?? absent(option),
        ]),
      ),
      json: given['json'] === true,
    }
  }
  return { program, read, help: () => shown }
}

const absent = (option: Option): unknown =>
  option.value === undefined ? false : option.many ? [] : undefined

function positional(name: string, { help, required, rest, choices }: Argument): Positional {
  const word = `${name}${rest === true ? '...' : ''}`
  const made = new Positional(required ? `<${word}>` : `[${word}]`, help)
  return choices === undefined ? made : made.argParser((given) => oneOf(given, choices))
}

function switchOf(name: string, option: Option): Switch {
  const { value, many, short, choices, help, hidden } = option
  const flags = `${short === undefined ? '' : `-${short}, `}--${name}${value === undefined ? '' : ` <${value}>`}`
  const made = new Switch(flags, choices === undefined ? help : `${help} (${choices.join(', ')})`)
  if (hidden === true) made.hideHelp()
  if (value === undefined) return made
  const read = (given: string): unknown =>
    choices === undefined ? readValue(given, option) : oneOf(given, choices)
  return made.argParser((given: string, earlier: unknown) =>
    many === true ? [...((earlier as unknown[] | undefined) ?? []), read(given)] : read(given),
  )
}

function readValue(given: string, { parse: read }: Option): unknown {
  if (read === undefined) return given
  try {
    return read(given)
  } catch (error) {
    throw new InvalidArgumentError(`It must be ${(error as Error).message}.`)
  }
}

function oneOf(given: string, choices: readonly string[]): string {
  if (choices.includes(given)) return given
  const guess = nearest(given, choices)
  throw new InvalidArgumentError(
    `It must be one of ${choices.join(', ')}.${guess === null ? '' : ` Did you mean ${guess}?`}`,
  )
}
