import { RootCommand } from '@bomb.sh/tab'
import { argument, any, command, UsageError } from '../command.ts'
import { completeWords } from '../complete-words.ts'

const SHELLS = ['bash', 'zsh', 'fish'] as const

export const completion = command({
  about:
    'Prints what your shell needs to complete yard: commands, options, statuses, profiles, and tasks with their titles.',
  effect: 'reads',
  hasData: false,
  arguments: {
    shell: argument(`One of ${SHELLS.join(', ')}.`),
    words: any('What was typed so far; for the shell itself.'),
  },
  examples: [
    'source <(yard completion bash)',
    'yard completion zsh > ~/.zsh/completions/_yard',
    'yard completion fish > ~/.config/fish/completions/yard.fish',
  ],
  /** The library prints by itself. */
  async run(context, { arguments: { shell, words } }) {
    // The scripts call back with this word and what was typed.
    if (shell === 'complete') {
      await completeWords(context, words)
      return {}
    }
    if (!SHELLS.some((known) => known === shell))
      throw new UsageError(
        `There is no completion for ${JSON.stringify(shell)}. Use one of ${SHELLS.join(', ')}.`,
      )
    new RootCommand().setup('yard', 'yard completion', shell)
    return {}
  },
})
