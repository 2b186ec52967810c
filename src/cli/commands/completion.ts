import { RootCommand } from '@bomb.sh/tab'
import { argument, any, command, UsageError } from '../command.ts'
import { completeWords } from '../complete-words.ts'
import { printed } from '../printed.ts'

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
  async run(context, { arguments: { shell, words } }) {
    // The scripts call back with this word and what was typed.
    if (shell === 'complete') {
      const offers = await completeWords(context, words)
      return { text: () => offers }
    }
    if (!SHELLS.some((known) => known === shell))
      throw new UsageError(
        `There is no completion for ${JSON.stringify(shell)}. Use one of ${SHELLS.join(', ')}.`,
      )
    const script = printed(() => new RootCommand().setup('yard', 'yard completion', shell))
    return { text: () => (shell === 'bash' ? forAnyBash(script) : script) }
  },
})

const NEEDS_PACKAGE = '_get_comp_words_by_ref -n "=:" cur prev words cword'

/** The script counts on the package bash-completion, and on being read once per shell; neither is certain. */
const forAnyBash = (script: string): string =>
  script.replaceAll(/^readonly /gm, '').replace(
    NEEDS_PACKAGE,
    `if declare -F _get_comp_words_by_ref > /dev/null; then
        ${NEEDS_PACKAGE}
    else
        words=("\${COMP_WORDS[@]}") cword=$COMP_CWORD cur="\${COMP_WORDS[COMP_CWORD]}" prev="\${COMP_WORDS[COMP_CWORD-1]}"
    fi`,
  )
