/** The stories that every real agent is driven through, and what some agents cannot do, in words for docs/agents.md. */

export const STORIES = {
  completes: 'W01 W06 completes a card with the tools of its run, and leaves the home of the user as it was',
  reads:
    'F56 is told what the board knows, with ages and authors, and the words of others in fences they cannot leave',
  blocks: 'F46 W02 W06 blocks with a question, and goes on in its own session when it is answered',
  leads: 'an orchestrator creates cards for others and links them',
  forgets: 'F35 is asked once more in its session when it stops without a verdict',
  hears: 'W11 hears once what is said while it works, and it is written down',
  silent: 'F35 ends without a verdict when it stays silent, with its last words as evidence',
  refused: 'F34 is refused what its profile does not allow, and the card says so',
  flaky: 'recovers by itself from two refusals of an overloaded provider',
  limited:
    'F32 a limit of the provider holds all its cards once, charges none, and one run tries whether it is over',
  locked: 'F33 a key that is not accepted holds the profile once, and repairing it frees all cards',
  overflows: 'a conversation that has become too long begins anew once',
  lost: 'begins anew, with the whole document, when its session cannot be found again',
  hangs: 'F26 hangs in a question to its model, and is stopped with everything it started',
  survives: 'goes on and completes while the gateway is killed and started again',
  leaves: 'leaves processes behind, and they are ended with the run',
  sneaks: 'F15 F16 nothing it starts can report on a card, or lift anything',
  tells: 'F18 a secret it was given is in no log, no answer and no file of the board, however it is printed',
} as const
export type Story = keyof typeof STORIES

const NO_SESSION = 'Every run begins anew: it cannot be asked to go on in a session of its own from outside.'
const ONE_TURN =
  'It is started once for each turn, and can be told nothing meanwhile: it reads what was said when it looks at its card.'
const ONLY_FULL = 'It offers nothing less than full permissions, so there is nothing it would refuse.'

/** Why an agent is not driven through a story. */
export const CANNOT: Readonly<Record<string, Partial<Record<Story, string>>>> = {
  codex: { hears: ONE_TURN },
  opencode: { hears: ONE_TURN },
  qwen: { hears: ONE_TURN },
  copilot: { hears: ONE_TURN },
  cline: { hears: ONE_TURN, forgets: NO_SESSION, lost: NO_SESSION, refused: ONLY_FULL },
  continue: { hears: ONE_TURN, forgets: NO_SESSION, lost: NO_SESSION },
  kimi: {
    overflows:
      'It makes a conversation that has become too long shorter by itself, with the help of its model.',
  },
}

/** What a story shows of an agent that does part of it only. */
export const PARTLY: Readonly<Record<string, Partial<Record<Story, string>>>> = {
  gemini: {
    blocks:
      'It overwrites a session that is loaded in the minute in which it began; the worker then begins anew, and is told what happened.',
  },
  cline: { blocks: 'Goes on in a new session, and is told what happened.' },
  continue: { blocks: 'Goes on in a new session, and is told what happened.' },
}
