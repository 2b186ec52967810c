/** What `yard profile create` writes: a profile that can be used after one look. */
import { command } from './command.ts'
import { shell } from './shell.ts'

/** What an agent cannot do without, in the words of a profile. */
const ACP_HINT: Readonly<Record<string, string>> = {
  acp: `# The program that speaks the Agent Client Protocol on its standard streams.
command: [my-agent, acp]
# permissions: workspace       # full, workspace or board: how its questions are answered
`,
}

/** The text of a new profile of an agent of the table; `name` is a valid profile name. */
export function profileTemplate(name: string, { agent }: { readonly agent: string }): string {
  const needsCommand = agent === command.name
  const isScript = agent === shell.name
  return `---
description: ${isScript ? 'Runs the body of the task as a script in its workspace.' : `What ${name} is for, in one sentence.`}
agent: ${agent}
${
  needsCommand
    ? `# No shell reads this. Placeholders: {task} {run} {workspace} {title} {body_file} {context_file} {profile} {model}
# The program also gets the content of {context_file} on standard input, and reports with: yard complete, yard block
command: [my-agent, --prompt-file, "{context_file}"]
`
    : ''
}${ACP_HINT[agent] ?? ''}# environment:
#   allow: [MY_API_KEY]        # handed on from the gateway's environment
#   set: { LANG: C.UTF-8 }
# skills: [kanban-worker]
# limits:
#   max_runtime: 2h
#   silence: 20m
#   max_running: 1
#   max_attempts: 3
#   attempts_per_day: 50
#   grace: 10s
# repository: ~/src/project    # for worktree workspaces
# workspace: scratch           # scratch, dir or worktree
---
${isScript ? '' : `You are ${name}. Say here how ${name} works: what to look at first, what to leave alone, when to ask.\n`}`
}
