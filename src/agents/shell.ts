/**
 * The agent that is no agent: the task's body is a script, run in the task's workspace. A body that begins with `#!` is
 * executed by the program it names; any other is run as `sh <file>` would, so the exit code is that of its last command
 * unless the script says `set -e`. Exit 0 completes the task with the last lines of output as its result; anything else is a
 * failed attempt.
 */
import { basename, isAbsolute, join } from 'node:path'
import type { AgentRow } from './agent.ts'
import type { Problem } from './problem.ts'
import { programProblem } from './program.ts'

export const shell: AgentRow = {
  name: 'shell',
  about: 'Runs the body of the task as a script; exit code 0 completes the task.',
  verdict: 'exit-code',

  checkProfile: ({ command, driver, model }) => [
    ...(driver === null
      ? []
      : [{ path: ['driver'], message: 'driver has no effect with agent shell. Remove it' }]),
    ...(command === null
      ? []
      : [
          {
            path: ['command'],
            message:
              'command has no effect with agent shell, which runs the body of the task. Remove it, or write agent: command',
          },
        ]),
    ...(model === null
      ? []
      : [{ path: ['model'], message: 'model has no effect with agent shell. Remove it' }]),
  ],

  preflight({ profile, task, search }) {
    const script = scriptOf(task.body)
    if (script === '') {
      return [
        {
          code: 'empty_body',
          message: `Task ${task.id} has no body, and profile ${profile.name} runs the body as a script.`,
          next: `Write the script into the body: yard edit ${task.id} --body 'echo hello'`,
        },
      ]
    }
    const place = { owner: `The script of task ${task.id}`, source: 'the first line of its body' }
    return programsOf(script)
      .map((program) => programProblem(program, search, place))
      .filter((problem): problem is Problem => problem !== null)
  },

  launch({ task, folder }) {
    const script = scriptOf(task.body)
    const file = join(folder, 'script')
    const hasInterpreter = script.startsWith('#!')
    return {
      argv: hasInterpreter ? [file] : ['/bin/sh', file],
      files: [{ name: 'script', content: script, mode: hasInterpreter ? 0o700 : 0o600 }],
    }
  },
}

/** The body as a script. Browsers send line ends as CRLF, which `#!` lines and shells take for part of the last word. */
function scriptOf(body: string | null): string {
  const script = (body ?? '')
    .replace(/^\uFEFF/, '')
    .replace(/\r\n?/g, '\n')
    .replace(/^(?:[ \t]*\n)+/, '')
    .trimEnd()
  return script.trim() === '' ? '' : `${script}\n`
}

/** What the first line asks for: the interpreter, and behind `env` the program it is to look up. */
function programsOf(script: string): readonly string[] {
  const [, interpreter, rest = ''] = /^#!\s*(\S+)[ \t]*(.*)/.exec(script) ?? []
  if (interpreter === undefined) return ['/bin/sh']
  // The kernel takes a relative interpreter from the current folder, never from PATH.
  const programs = [isAbsolute(interpreter) ? interpreter : `./${interpreter}`]
  if (basename(interpreter) === 'env') {
    const program = rest
      .split(/\s+/)
      .find((word) => word !== '' && !word.startsWith('-') && !word.includes('='))
    if (program !== undefined) programs.push(program)
  }
  return programs
}
