/** Who does the work: profiles, their texts, and the agents they can name. */
import { DRIVERS } from '../../domain/cli-agent.ts'
import { z } from 'zod'
import { WORKSPACE_KINDS } from '../../domain/task.ts'
import { optional, word } from './fields.ts'
import { operation } from './operation.ts'
import { numberOrNull, text, textOrNull } from './shapes.ts'

const name = word.describe('The name of a profile.')
const origin = z
  .enum(['home', 'repository', 'built-in'])
  .describe('Only those of the home can be written here.')

const problems = z.array(text).describe('What keeps it from being used; empty when nothing does.')

const profileEntry = z
  .strictObject({
    name: text,
    origin,
    file: textOrNull,
    problems,
    description: textOrNull,
    agent: textOrNull,
    model: textOrNull,
    orchestrator: z.boolean().describe('Whether it splits work up for others.'),
  })
  .meta({ id: 'ProfileEntry' })

const profile = z
  .strictObject({
    name: text,
    origin,
    file: textOrNull,
    description: textOrNull,
    agent: text,
    command: z.array(text).nullable(),
    model: textOrNull,
    orchestrator: z.boolean(),
    environment: z.strictObject({
      allow: z.array(text),
      set: z.array(text).describe('Names only: a value may be a secret.'),
    }),
    skills: z.array(text),
    limits: z.strictObject({
      max_runtime_seconds: numberOrNull,
      silence_seconds: numberOrNull,
      max_running: numberOrNull,
      max_attempts: numberOrNull,
      attempts_per_day: numberOrNull,
      grace_seconds: numberOrNull,
      cost_per_day: numberOrNull.describe('In US dollars.'),
      tokens_per_day: numberOrNull,
      cost_per_task: numberOrNull.describe('In US dollars.'),
      tokens_per_task: numberOrNull,
    }),
    repository: textOrNull,
    workspace: z.enum(WORKSPACE_KINDS).nullable(),
    instructions: text,
  })
  .meta({ id: 'Profile' })

const profileText = z
  .strictObject({
    name: text,
    origin,
    file: textOrNull,
    text: textOrNull.describe('Null for one that is built in.'),
    digest: textOrNull.describe('SHA-256 of the text in hex.'),
    problems,
  })
  .meta({ id: 'ProfileText' })

const finding = z.strictObject({ message: text, next: text })

export const profileOperations = {
  listProfiles: operation('listProfiles', {
    subject: 'Profiles',
    about:
      'All profiles: those of the repository of the gateway, of the home, and built in. Broken ones too.',
    scope: 'read',
    gives: 'The profiles, each with what keeps it from being used.',
    output: z.strictObject({ profiles: z.array(profileEntry) }),
  }),

  createProfile: operation('createProfile', {
    subject: 'Profiles',
    about: 'Writes a new profile into the home, to be looked over once.',
    scope: 'operate',
    body: z.strictObject({
      name: text.describe('Lowercase letters, digits, - and _.'),
      agent: optional(text).describe('How its workers are driven; command by default.'),
    }),
    gives: 'The text that was written, to be edited.',
    output: profileText,
    status: 201,
  }),

  getProfile: operation('getProfile', {
    subject: 'Profiles',
    about: 'One profile: how its workers are driven, their limits, their instructions.',
    scope: 'read',
    params: { name },
    gives: 'The profile. Of its variables only the names.',
    output: profile,
  }),

  checkProfile: operation('checkProfile', {
    subject: 'Profiles',
    about: 'Whether workers of a profile could start now, and what is missing.',
    scope: 'read',
    params: { name },
    gives: 'What is missing, and what may go wrong, each with what to do.',
    output: z.strictObject({
      name: text,
      ok: z.boolean(),
      problems: z.array(finding),
      warnings: z.array(finding).describe('What may go wrong with workers that can start.'),
    }),
  }),

  getProfileText: operation('getProfileText', {
    subject: 'Profiles',
    about: 'The text of a profile, as its file has it. Values in it may be secrets.',
    scope: 'operate',
    params: { name },
    gives: 'The text, with the digest to give along with a changed one.',
    output: profileText,
  }),

  putProfileText: operation('putProfileText', {
    subject: 'Profiles',
    about:
      'Puts a text in the place of a profile of the home, or makes a new one. A text that could not be used is refused with every problem, and nothing is written. Profiles that are built in or belong to a repository can only be read.',
    scope: 'operate',
    params: { name },
    body: z.strictObject({
      text,
      digest: optional(text).describe(
        'Of the text this one was made from; refused when somebody has written another one meanwhile.',
      ),
    }),
    gives: 'The text that is there now.',
    output: profileText,
  }),

  listAgents: operation('listAgents', {
    subject: 'Profiles',
    about:
      'The agents a profile can name: which are installed on this machine, in which version, whether a login was found, and how they are driven.',
    scope: 'read',
    gives: 'The agents of the table and of the configuration.',
    output: z.strictObject({
      agents: z.array(
        z
          .strictObject({
            name: text,
            about: text,
            driver: z.enum(DRIVERS).nullable().describe('Null for agents that are no program of their own.'),
            other_driver: z.enum(DRIVERS).nullable().describe('What a profile may choose instead.'),
            reports_by: z.enum(['tools', 'command', 'exit code']),
            program: textOrNull.describe('Null when it is not installed.'),
            version: textOrNull,
            tested_version: textOrNull,
            has_login: z.boolean().nullable().describe('Null where it cannot be told.'),
            own: z.boolean().describe('Whether it is one of the configuration.'),
            install: textOrNull.describe('How a person gets it.'),
          })
          .meta({ id: 'Agent' }),
      ),
    }),
  }),
}
