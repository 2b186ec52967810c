/**
 * Any program that can use a command line: the profile gives its arguments, with placeholders. It is told what to do on
 * standard input and in `{context_file}`, and says how the work went with `yard complete` or `yard block`.
 */
import { join } from 'node:path'
import { unavailable } from '../domain/errors.ts'
import type { AgentRow, LaunchFile, ProfileFault } from './agent.ts'
import { filled, placeholdersIn, templateFault } from './argv-template.ts'
import type { Profile } from './profile.ts'
import { findProgram, programProblem } from './program.ts'

export const command: AgentRow = {
  name: 'command',
  about: 'Starts the program the profile names; the worker reports with the yard command.',
  verdict: 'report',

  checkProfile(profile) {
    const [program, ...rest] = profile.command ?? []
    if (program === undefined) {
      return [
        {
          path: ['command'],
          message:
            'agent command needs a program to start. Write for example command: [my-agent, --prompt-file, "{context_file}"]',
        },
      ]
    }
    const faults: ProfileFault[] = []
    if (program.trim() === '' || placeholdersIn(program).length > 0) {
      faults.push({
        path: ['command', 0],
        message: 'the program of command must be written out, because a task must not choose what is started',
      })
    }
    rest.forEach((argument, index) => {
      const message = templateFault(argument)
      if (message !== null) faults.push({ path: ['command', index + 1], message })
    })
    if (profile.driver !== null && profile.driver !== 'command')
      faults.push({ path: ['driver'], message: DRIVER_FAULT })
    const usesModel = rest.some((argument) => placeholdersIn(argument).includes('model'))
    if (usesModel && profile.model === null)
      faults.push({
        path: ['command'],
        message: 'the command uses {model}, and the profile has no model. Write for example model: large',
      })
    if (!usesModel && profile.model !== null)
      faults.push({
        path: ['model'],
        message:
          'model has no effect, because the command does not use {model}. Add {model} to an argument, or remove it',
      })
    return faults
  },

  preflight({ profile, search }) {
    const problem = programProblem(programOf(profile), search, asker(profile))
    return problem === null ? [] : [problem]
  },

  launch(context) {
    const { profile, task, runId, workspace, folder, search } = context
    const name = programOf(profile)
    const finding = findProgram(name, search)
    if (finding.state !== 'found') {
      const problem = programProblem(name, search, asker(profile))
      throw unavailable(
        'missing_program',
        `${problem?.message ?? `Profile ${profile.name} needs the program ${name}, which was not found.`} ${problem?.next ?? ''}`.trim(),
      )
    }
    const prompt = promptOf(context)
    const offered: Record<'body_file' | 'context_file', LaunchFile> = {
      body_file: { name: 'body.md', content: task.body ?? '', mode: 0o600 },
      context_file: { name: 'context.md', content: prompt, mode: 0o600 },
    }
    const template = (profile.command ?? []).slice(1)
    const used = new Set(template.flatMap(placeholdersIn))
    const values = {
      task: task.id,
      run: String(runId),
      workspace,
      title: task.title,
      profile: profile.name,
      model: profile.model ?? '',
      body_file: join(folder, offered.body_file.name),
      context_file: join(folder, offered.context_file.name),
    }
    return {
      argv: [finding.file, ...template.map((argument) => filled(argument, values))],
      stdin: prompt,
      files: (['body_file', 'context_file'] as const)
        .filter((placeholder) => used.has(placeholder))
        .map((placeholder) => offered[placeholder]),
    }
  },
}

const DRIVER_FAULT =
  'agent command starts its program once. For a program that speaks the Agent Client Protocol write agent: acp'

const programOf = (profile: Profile): string => profile.command?.[0] ?? ''

const asker = (profile: Profile) => ({
  owner: `Profile ${profile.name}`,
  source: `command in ${profile.file ?? 'the profile'}`,
})

/** Instructions of the profile, how to report, and the task as the board knows it. */
const promptOf = ({ profile, task, context }: Parameters<AgentRow['launch']>[0]): string =>
  [profile.instructions, guidance(task.id), context.trim()].filter(Boolean).join('\n\n') + '\n'

const guidance = (
  id: string,
): string => `You are working on task ${id} of a kanban board. Work inside the current folder.
- See the task again at any time: yard context ${id}
- During long work, show that you are alive: yard heartbeat ${id} --note "what you are doing"
- When the work is done: yard complete ${id} --summary "what you did and what others must know"
- When a second pair of eyes is asked for: yard review ${id} --summary "what you did and what to look at"
- When you need a decision or cannot go on: yard block ${id} "what you need and from whom"
Always finish with exactly one of complete, review and block. Just stopping counts as a failed attempt.`
