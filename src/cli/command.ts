/**
 * What a command is. The table in table.ts lists them all; a door (the terminal, a chat) parses words into an input, runs
 * the command and shows its outcome. A command itself neither reads argv nor prints.
 */
import { parseDuration, DURATION_RULE } from '../domain/duration.ts'
import type { Context } from './context.ts'
import type { Style } from './text/style.ts'

/** The words of an invocation make no sense; nothing was done. */
export class UsageError extends Error {
  override readonly name = 'UsageError'
}

/** What the words of an argument or the value of an option stand for, so that a shell can offer them. */
export type Completes =
  | 'task'
  | 'profile'
  | 'status'
  | 'config-key'
  | 'tenant'
  | 'event-kind'
  | 'file'
  | 'folder'

interface Described {
  readonly help: string
  readonly completes?: Completes
}

export interface Option<T = unknown> extends Described {
  /** What the value is called in the help; a flag has none. */
  readonly value?: string
  /** May be given several times. */
  readonly many?: boolean
  readonly choices?: readonly string[]
  readonly short?: string
  /** Works, but is not shown. */
  readonly hidden?: boolean
  /** Turns the text as it was typed into a value; throws a {@link UsageError} or an Error that says what the value must be. */
  readonly parse?: (text: string) => unknown
  /** Only there for the type of the value. */
  readonly type?: T
}

export interface Argument<T = unknown> extends Described {
  readonly required: boolean
  /** Takes all words that are left. */
  readonly rest?: boolean
  readonly choices?: readonly string[]
  readonly type?: T
}

type More<T> = Partial<Omit<Option<T>, 'type' | 'value' | 'many'>>

export const flag = (help: string, more: More<boolean> = {}): Option<boolean> => ({ help, ...more })

export const text = (value: string, help: string, more: More<string> = {}): Option<string | undefined> => ({
  value,
  help,
  ...more,
})

export const texts = (value: string, help: string, more: More<string> = {}): Option<readonly string[]> => ({
  value,
  help,
  many: true,
  ...more,
})

export const choice = <const C extends readonly string[]>(
  value: string,
  choices: C,
  help: string,
  more: More<string> = {},
): Option<C[number] | undefined> => ({ value, help, choices, ...more })

/** A whole number between two bounds, both included. */
export const wholeNumber = (
  value: string,
  help: string,
  { min = 0, max = Number.MAX_SAFE_INTEGER, ...more }: More<number> & { min?: number; max?: number } = {},
): Option<number | undefined> => ({
  value,
  help,
  ...more,
  parse: (given) => {
    const number = /^-?\d+$/.test(given.trim()) ? Number(given) : Number.NaN
    if (!Number.isSafeInteger(number) || number < min || number > max)
      throw new Error(wholeNumberRule(min, max))
    return number
  },
})

const wholeNumberRule = (min: number, max: number): string =>
  max === Number.MAX_SAFE_INTEGER
    ? min === -Number.MAX_SAFE_INTEGER
      ? 'a whole number'
      : `a whole number, ${min} or more`
    : `a whole number from ${min} to ${max}`

/** A duration as people write it, in seconds. */
export const duration = (value: string, help: string): Option<number | undefined> => ({
  value,
  help,
  parse: (given) => {
    const seconds = parseDuration(given)
    if (seconds === null) throw new Error(DURATION_RULE)
    return seconds
  },
})

export const jsonObject = (value: string, help: string): Option<Record<string, unknown> | undefined> => ({
  value,
  help,
  parse: (given) => {
    let parsed: unknown
    try {
      parsed = JSON.parse(given)
    } catch {
      throw new Error('a JSON object, for example \'{"tests": "passed"}\'')
    }
    if (typeof parsed !== 'object' || parsed === null || Array.isArray(parsed))
      throw new Error('a JSON object, for example \'{"tests": "passed"}\'')
    return parsed
  },
})

type ArgumentMore = Partial<Pick<Argument, 'completes' | 'choices'>>

export const argument = (help: string, more: ArgumentMore = {}): Argument<string> => ({
  help,
  required: true,
  ...more,
})

export const optional = (help: string, more: ArgumentMore = {}): Argument<string | undefined> => ({
  help,
  required: false,
  ...more,
})

/** One word or more. */
export const several = (help: string, more: ArgumentMore = {}): Argument<readonly string[]> => ({
  help,
  required: true,
  rest: true,
  ...more,
})

/** Any number of words, none included. */
export const any = (help: string, more: ArgumentMore = {}): Argument<readonly string[]> => ({
  help,
  required: false,
  rest: true,
  ...more,
})

export const taskId = argument('Id of the task; its beginning is enough.', { completes: 'task' })
export const taskIds = several('Ids of tasks; their beginnings are enough.', { completes: 'task' })

type Options = Readonly<Record<string, Option>>
type Arguments = Readonly<Record<string, Argument>>
type ValueOf<T> = T extends { readonly type?: infer V } ? V : never
// `type` is optional on the specs only so that nobody has to make one up; the value itself follows the builders.
type Values<S> = { readonly [Name in keyof S]: ValueOf<S[Name]> }

export interface Input<A = Record<string, unknown>, O = Record<string, unknown>> {
  readonly arguments: A
  readonly options: O
  /** Whether a program reads the answer. For commands whose behaviour the contract ties to it; the door does the printing. */
  readonly json: boolean
}

/** One line of a command that goes on. */
export interface Line {
  readonly data: unknown
  readonly text: (style: Style) => string
}

/** Said beside the lines, not among them. */
export interface Aside {
  readonly warning: string
}

export interface Outcome {
  /** For programs: what `--json` prints. */
  readonly data?: unknown
  /** For people. Without it a success says nothing. */
  readonly text?: (style: Style) => string
  /** For scripts that do not ask for JSON: what stands in for the text where the output is no terminal. */
  readonly piped?: string
  /** Instead of one answer, lines as they come. */
  readonly lines?: AsyncIterable<Line | Aside>
  /** Commands a person may want next; shown in a terminal only. */
  readonly next?: readonly string[]
  /** Parts that were refused; `data` has them, too. */
  readonly errors?: readonly string[]
  /** Something is not as it should be, whoever reads. */
  readonly warnings?: readonly string[]
  /** Like a warning, but not for programs. */
  readonly notices?: readonly string[]
  /** 1: something of it failed, as `data` and `text` say. 2: nothing was done. */
  readonly exitCode?: 0 | 1 | 2
}

export interface Command {
  /** One sentence for the head of its help. */
  readonly about: string
  readonly arguments: Arguments
  readonly options: Options
  readonly examples: readonly string[]
  /** A command that reads changes nothing at all, and is open to everybody. */
  readonly effect: 'reads' | 'changes'
  /** Whether a worker may use it, in the name of its own run. */
  readonly forWorkers: boolean
  /** Whether it answers with data, and so takes `--json`. */
  readonly hasData: boolean
  run(context: Context, input: Input): Promise<Outcome>
}

export interface CommandSpec<A extends Arguments, O extends Options> {
  readonly about: string
  readonly arguments?: A
  readonly options?: O
  readonly examples?: readonly string[]
  readonly effect: 'reads' | 'changes'
  readonly forWorkers?: boolean
  readonly hasData?: boolean
  run(context: Context, input: Input<Values<A>, Values<O>>): Promise<Outcome>
}

/** A command whose `run` sees its arguments and options with their types. */
export function command<A extends Arguments = {}, O extends Options = {}>(spec: CommandSpec<A, O>): Command {
  return {
    arguments: {},
    options: {},
    examples: [],
    hasData: true,
    forWorkers: false,
    ...spec,
    run: (context, input) => spec.run(context, input as unknown as Input<Values<A>, Values<O>>),
  }
}
