/** A worker's words without the secrets it was given, before any command sees them. */
import { maskInput } from '../lib/mask-input.ts'
import type { Command, Input } from './command.ts'

/** Names of files on the disk stay as they are: they lead to what is read, and are masked where they reach the board. */
export function maskWords(
  { arguments: args, options }: Command,
  input: Input,
  mask: (text: string) => string,
): Input {
  const masked = (
    values: Readonly<Record<string, unknown>>,
    specs: Command['arguments'] | Command['options'],
  ) =>
    Object.fromEntries(
      Object.entries(values).map(([name, value]) => {
        const kind = specs[name]?.completes
        return [name, kind === 'file' || kind === 'folder' ? value : maskInput(value, mask)]
      }),
    )
  return { ...input, arguments: masked(input.arguments, args), options: masked(input.options, options) }
}
