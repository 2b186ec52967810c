/**
 * From a rough card to finished work, with two real agents of different vendors. The commands a person types here are those
 * of the section "Two agents, one rough idea" in docs/guide.md; the test compares the two.
 */
import { execFileSync } from 'node:child_process'
import { mkdirSync, readFileSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { describe, expect, test } from 'vitest'
import { assertInvariants } from '../helpers/rig/invariants.ts'
import { checkout } from '../helpers/rig/program.ts'
import type { Rig } from '../helpers/rig/rig.ts'
import { openAgentRig } from './agent-rig.ts'
import { CLIENTS, writeSettings } from './clients.ts'
import { installAgent } from './install-agent.ts'
import type { Step } from './scripted-model.ts'

const HEADING = '## Two agents, one rough idea'

/** Commands of the section, as they stand there. */
function guideCommands(): readonly string[] {
  const guide = readFileSync(join(checkout, 'docs/guide.md'), 'utf8')
  const section = guide.split(`${HEADING}\n`)[1]?.split(/^## /m)[0]
  if (section === undefined) throw new Error(`docs/guide.md has no section ${HEADING}`)
  return [...section.matchAll(/^```sh\n([\s\S]*?)^```$/gm)]
    .flatMap(([, block]) => block?.split('\n') ?? [])
    .map((line) => line.replace(/\s+#.*$/, '').trim())
    .filter(Boolean)
}

/** Splits a line as a shell would, as far as this guide needs it. */
const wordsOf = (line: string): string[] =>
  [...line.matchAll(/"([^"]*)"|(\S+)/g)].map(([, quoted, plain]) => quoted ?? plain ?? '')

/** A person who types what the guide says, with what the guide leaves open filled in. */
class Person {
  readonly #rig: Rig
  readonly typed: string[] = []
  readonly known: Record<string, string> = {}

  constructor(rig: Rig) {
    this.#rig = rig
  }

  async types(line: string): Promise<string> {
    // What tells the scripted model its part is not for readers.
    this.typed.push(`yard ${line.replace(/ \[\[\w+\]\]/, '')}`)
    const words = wordsOf(line).map((word) =>
      word.replace(/<([\w -]+)>/g, (_, name: string) => {
        const value = this.known[name]
        if (value === undefined) throw new Error(`nothing is known of <${name}>`)
        return value
      }),
    )
    return this.#rig.ok(...words)
  }
}

function git(folder: string, ...words: string[]): string {
  return execFileSync('git', words, { cwd: folder, encoding: 'utf8' }).trim()
}

function makeRepository(folder: string): void {
  mkdirSync(folder)
  git(folder, 'init', '--quiet', '--initial-branch=main')
  git(folder, 'config', 'user.name', 'Tester')
  git(folder, 'config', 'user.email', 'tester@example.com')
  writeFileSync(join(folder, 'README.md'), '# Greetings\n')
  git(folder, 'add', '.')
  git(folder, 'commit', '--quiet', '-m', 'Begin')
}

const complete = (summary: string): Step => ({ tool: 'kanban_complete', args: { summary } })

const agentRows = (rig: Rig, task: string) =>
  rig.board.all<{
    run_id: number
    agent: string
    session_id: string
    resumed_from: number | null
    cwd: string
  }>(
    'select run_id, agent, session_id, resumed_from, cwd from run_agents where task_id = ? order by run_id',
    task,
  )

const VENDORS = ['claude', 'codex']
const wanted = process.env['YARD_AGENTS'] ?? VENDORS.join(',')
const isWanted = wanted === 'all' || VENDORS.every((name) => wanted.split(',').includes(name))
const missing: string[] = []
for (const name of isWanted ? VENDORS : []) {
  const agent = await installAgent(name)
  if (!agent.ok) missing.push(agent.reason)
}
for (const reason of missing) console.warn(`SKIPPED: the story of two agents: ${reason}`)

describe.skipIf(!isWanted || missing.length > 0)('two agents, one rough idea', () => {
  test('a rough card is decomposed, released, worked on by two vendors side by side, and collected', async () => {
    await using given = await openAgentRig()
    const { rig, model } = given
    const person = new Person(rig)
    const repository = join(rig.folder, 'greetings')
    makeRepository(repository)
    person.known['repository'] = repository

    // The people of this board, as anybody would hire them; then they are pointed at the scripted model.
    const userHome = join(rig.folder, 'user')
    await person.types('profile install orchestrator --agent claude')
    await person.types('profile install writer --agent claude')
    await person.types('profile install backend-dev --agent codex')
    for (const [profile, agent] of [
      ['orchestrator', 'claude'],
      ['writer', 'claude'],
      ['backend-dev', 'codex'],
    ] as const) {
      const client = CLIENTS[agent]?.(model.url)
      const program = await installAgent(agent)
      if (client === undefined || !program.ok) throw new Error(`${agent} is not there`)
      writeSettings(client, userHome)
      const file = join(rig.home, 'profiles', `${profile}.md`)
      const settings = { command: [program.program], environment: { set: client.set } }
      const lines = Object.entries(settings).map(([key, value]) => `${key}: ${JSON.stringify(value)}`)
      writeFileSync(file, readFileSync(file, 'utf8').replace(/^---\n/, `---\n${lines.join('\n')}\n`))
    }
    const before = given.userFiles()
    await rig.startGateway()

    // What the models do.
    const bothAreThere = Promise.withResolvers<void>()
    const named = (mark: string) =>
      rig.board.tasks().find(({ title }) => title.includes(`[[${mark}]]`))?.id ?? ''
    model.script('split', [
      { tool: 'kanban_list', args: {} },
      {
        tool: 'kanban_create',
        args: {
          title: 'Greet in a file [[hello]]',
          assignee: 'writer',
          body: 'Write hello.txt and commit it.',
        },
      },
      {
        tool: 'kanban_create',
        args: {
          title: 'Say goodbye in a file [[bye]]',
          assignee: 'backend-dev',
          body: 'Write bye.txt and commit it.',
        },
      },
      () => ({
        tool: 'kanban_create',
        args: {
          title: 'Tell what there is [[sum]]',
          assignee: 'writer',
          body: 'Bring both reports together.',
          parents: [named('hello'), named('bye')],
        },
      }),
      {
        tool: 'kanban_propose',
        args: {
          title: 'Two files that greet [[collect]]',
          acceptance: ['both files are on a branch of their own'],
        },
      },
      complete('three cards'),
      { say: 'Done.' },
    ])
    model.script('hello', [
      {
        tool: 'Bash',
        args: {
          command: 'echo hello > hello.txt && git add hello.txt && git commit --quiet -m "Say hello"',
          description: 'write and commit',
        },
        after: bothAreThere.promise,
      },
      { tool: 'kanban_block', args: { reason: 'Whom shall it greet?' } },
      { say: 'I wait for an answer.' },
      {
        tool: 'Bash',
        args: {
          command: 'echo hello, harbour > hello.txt && git commit --quiet -am "Greet the harbour"',
          description: 'write and commit',
        },
      },
      complete('hello.txt greets the harbour'),
      { say: 'Done.' },
    ])
    model.script('bye', [
      {
        tool: 'exec_command',
        args: { cmd: 'echo bye > bye.txt && git add bye.txt && git commit --quiet -m "Say goodbye"' },
        after: bothAreThere.promise,
      },
      complete('bye.txt says goodbye'),
      { say: 'Done.' },
    ])
    model.script('sum', [complete('two files, two branches'), { say: 'Done.' }])
    model.script('collect', [complete('it greets and says goodbye'), { say: 'Done.' }])

    // A person has an idea, and has it split.
    const idea = (
      await person.types(
        'create "Something that greets [[split]]" --triage --workspace worktree:<repository>',
      )
    ).trim()
    person.known['idea'] = idea
    const helper = (await person.types('decompose <idea>')).trim()
    await rig.untilStatus(helper, 'done')
    await rig.untilGone(helper)
    const [hello, bye, sum] = [named('hello'), named('bye'), named('sum')]
    const proposals = await person.types('proposals <idea>')
    for (const id of [hello, bye, sum]) expect(proposals).toMatch(new RegExp(`${id} +waiting`))
    expect([hello, bye, sum, idea].map((id) => rig.board.task(id).status)).toEqual([
      'blocked',
      'blocked',
      'blocked',
      'triage',
    ])
    expect(rig.board.allRuns().map(({ task_id }) => task_id)).toEqual([helper])

    // The person agrees, and two vendors work at the same moment, each in a worktree of its own.
    await person.types('release <idea>')
    expect(rig.board.task(idea)).toMatchObject({ status: 'todo', assignee: 'orchestrator' })
    const [first, second] = [await rig.untilWorking(hello), await rig.untilWorking(bye)]
    await rig.until(
      'both models to be asked',
      () => model.asked('hello').length > 0 && model.asked('bye').length > 0,
    )
    for (const run of [first, second])
      expect(rig.board.allRuns().find(({ id }) => id === run.id)?.ended_at).toBeNull()
    const [ofHello] = agentRows(rig, hello)
    const [ofBye] = agentRows(rig, bye)
    expect([ofHello?.agent, ofBye?.agent]).toEqual(['claude', 'codex'])
    expect(ofHello?.cwd).not.toBe(ofBye?.cwd)
    bothAreThere.resolve()

    // One asks, the other is done.
    await rig.untilStatus(hello, 'blocked')
    await rig.untilStatus(bye, 'done')
    for (const id of [hello, bye]) await rig.untilGone(id)
    person.known['card'] = hello
    expect(await person.types('why <card>')).toContain('Whom shall it greet?')
    expect(rig.board.task(sum).status).toBe('todo')

    // The answer is a comment; the agent goes on in its own session.
    await person.types('comment <card> "The harbour, please."')
    await person.types('unblock <card>')
    await rig.untilStatus(hello, 'done')
    await rig.untilGone(hello)
    const [asking, answered] = agentRows(rig, hello)
    expect(answered).toMatchObject({ session_id: asking?.session_id, resumed_from: asking?.run_id })
    expect(model.asked('hello').at(-1)?.body).toContain('The harbour, please.')
    expect(rig.board.runs(hello).map(({ outcome }) => outcome)).toEqual(['blocked', 'completed'])

    // The summary collects both handoffs, and the idea itself everything.
    for (const id of [sum, idea]) {
      await rig.untilStatus(id, 'done')
      await rig.untilGone(id)
    }
    for (const word of ['hello.txt greets the harbour', 'bye.txt says goodbye'])
      for (const script of ['sum', 'collect']) expect(model.asked(script)[0]?.body).toContain(word)
    expect(model.asked('collect')[0]?.body).toContain('two files, two branches')
    expect(await person.types('show <idea>')).toContain('it greets and says goodbye')
    expect(rig.board.task(idea).title).toBe('Two files that greet [[collect]]')

    // Each branch has its own commits and nobody else's; the person's own checkout is as it was.
    const commits = (id: string) =>
      git(repository, 'log', '--format=%s', `main..yard/${id}`).split('\n').filter(Boolean)
    expect(commits(hello)).toEqual(['Greet the harbour', 'Say hello'])
    expect(commits(bye)).toEqual(['Say goodbye'])
    for (const id of [sum, idea, helper]) expect(commits(id)).toEqual([])
    expect(git(repository, 'status', '--porcelain')).toBe('')
    expect(git(repository, 'log', '--format=%s', 'main')).toBe('Begin')

    expect(given.userFiles()).toEqual(before)
    expect(proposals).toContain(helper)
    expect(person.typed).toEqual(guideCommands())
    await assertInvariants(rig)
  })
})
