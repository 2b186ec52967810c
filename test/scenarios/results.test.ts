import { createHash } from 'node:crypto'
import { existsSync, mkdirSync, readFileSync, symlinkSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { describe, expect } from 'vitest'
import { leaksOf } from '../helpers/rig/leaks.ts'
import { filesIn } from '../helpers/rig/invariants.ts'
import type { Rig } from '../helpers/rig/rig.ts'
import { scenario } from '../helpers/rig/scenario.ts'

const sha256 = (content: Buffer | string): string => createHash('sha256').update(content).digest('hex')

interface Attachment {
  readonly name: string
  readonly size: number
  readonly digest: string
}

/** Looks like no key anybody knows: only its value gives it away. */
const SECRET = 'correct-horse-battery-staple-4711'
const LINES = 'first line of the signing key\nsecond line of the signing key'

describe('no submitted result is lost', () => {
  scenario(
    'F08',
    'declared files outlive completion, crashes, archive and clean-up; undeclared ones stay or lie in the trash',
    async (rig) => {
      const body = `
        echo "the report" >report.md
        head -c 3000000 /dev/urandom >big.bin
        sha256sum big.bin report.md >"$RIG/sums"
        echo precious >undeclared.txt
        ln -s /etc/passwd outside
        mkdir sub && echo nested >sub/nested.txt
        yard complete "$YARD_TASK" --summary fine --metadata '{"artifacts": ["report.md", "outside"]}' 2>"$RIG/refusal" && note accepted
        yard complete "$YARD_TASK" --summary fine --metadata '{"artifacts": ["report.md", "big.bin", "sub/nested.txt"]}' && note acknowledged
        hang`
      const id = await rig.create({ body })
      const child = await rig.create({
        title: 'child',
        body: 'yard context "$YARD_TASK" >"$RIG/context"; complete fine',
        options: ['--parent', id],
      })
      await rig.until('the acknowledgement', () => rig.notes('acknowledged').length === 1)
      await rig.killGateway()
      expect(rig.notes('accepted')).toEqual([])
      expect(readFileSync(join(rig.shared, 'refusal'), 'utf8')).toContain('outside')
      await rig.startGateway()
      await rig.untilStatus(child, 'done')
      await rig.untilGone(id)
      expect(rig.notes('context').join('\\n')).toContain('fine')
      const workspace = join(rig.home, 'workspaces', id)
      expect(readFileSync(join(workspace, 'undeclared.txt'), 'utf8')).toBe('precious\n')

      const sums = readFileSync(join(rig.shared, 'sums'), 'utf8')
      const check = async (): Promise<void> => {
        const { attachments } = await rig.json<{ attachments: Attachment[] }>('show', id)
        expect(attachments.map(({ name }) => name).toSorted()).toEqual([
          'big.bin',
          'report.md',
          'sub/nested.txt',
        ])
        for (const { name, digest, size } of attachments) {
          const to = join(rig.folder, `saved-${digest}`)
          if (!existsSync(to)) await rig.ok('attachments', id, '--save', name, '--to', to)
          expect(sha256(readFileSync(to))).toBe(digest)
          expect(readFileSync(to)).toHaveLength(size)
          if (name !== 'sub/nested.txt') expect(sums).toContain(digest)
        }
      }
      await check()
      await rig.ok('archive', id)
      await rig.ok('gc')
      await check()
      // Not at once gone either: what nobody declared is in the trash.
      expect(
        filesIn(rig.home)
          .filter((file) => file.endsWith('/undeclared.txt'))
          .map((file) => readFileSync(file, 'utf8')),
      ).toEqual(['precious\n'])
    },
    { config: { workspaces: { keep_done_days: 0 } } },
  )

  scenario(
    'F13',
    'a verdict given at the moment of a stop, a timeout, an archive or a crash is on the run or kept as a late report',
    async (rig) => {
      const verdict = 'complete "the paid-for result" && note acknowledged'
      const moments: Record<
        string,
        { come?: (id: string) => Promise<unknown>; body?: string; options?: string[] }
      > = {
        stop: { come: (id) => rig.yard('stop', id) },
        archive: { come: (id) => rig.yard('archive', id) },
        block: { come: (id) => rig.yard('block', id, 'meanwhile') },
        reassignment: { come: (id) => rig.yard('assign', id, 'script', '--stop') },
        'completion by a person': { come: (id) => rig.yard('complete', id, '--summary', 'by hand') },
        'death of the runner': { come: async (id) => rig.killRunner((await rig.untilWorking(id)).id) },
        'death of the gateway': { come: () => rig.restartGateway('SIGKILL') },
        // Its command is under way when the time is up.
        timeout: { body: `ignore_term; work 8; ${verdict}`, options: ['--max-runtime', '1'] },
      }
      for (const [index, [name, { come, body, options = [] }]] of Object.entries(moments).entries()) {
        const go = `go-${index}`
        const id = await rig.create({
          title: name,
          body: body ?? `ignore_term; until_file ${go}; ${verdict}`,
          options,
        })
        await rig.untilWorking(id)
        const coming = come?.(id)
        rig.signal(go)
        await coming
        await rig.untilGone(id)
        if (rig.notes('acknowledged').some((line) => line.startsWith(`${id} `)))
          expect(await keptWords(rig, id), name).toContain('the paid-for result')
        await rig.yard('archive', id)
        await rig.untilStatus(id, 'archived')
        await rig.untilGone(id)
      }
    },
  )

  scenario(
    'F13',
    'a slip in the settings while a worker works does not keep it from reporting',
    async (rig) => {
      const bodies = ['complete "in spite of it"', 'yard heartbeat "$YARD_TASK"; ask "in spite of it?"']
      const ids = await Promise.all(bodies.map((body) => rig.create({ body: `until_file go-on; ${body}` })))
      for (const id of ids) await rig.untilWorking(id)
      rig.configure({ kanban: { ...rig.settings, max_runing: 3 } })
      expect(await rig.refused('list')).toContain('max_running')
      rig.signal('go-on')
      expect(await rig.untilStatus(ids[0]!, 'done', 'blocked')).toMatchObject({ status: 'done' })
      await rig.untilStatus(ids[1]!, 'blocked')
      expect(rig.board.runs(ids[1]!)).toMatchObject([{ outcome: 'blocked', summary: 'in spite of it?' }])
      for (const id of ids) await rig.untilGone(id)
    },
  )

  scenario(
    ['F13', 'F15'],
    'a worker reports over HTTP with the token of its run, and with nothing else',
    async (rig) => {
      const words = String.raw`
tasks=$(sed 's/.*"url":"\([^"]*\)".*/\1/' "$YARD_HOME/server.json")/api/kanban/tasks
token=$(sed 's/.*"token":"\([^"]*\)".*/\1/' "$YARD_CAPABILITY_FILE")
tell() { curl -s -o /dev/null -w '%{http_code}' -H "Authorization: Bearer $1" --json "$2" "$tasks/$3"; }`
      const other = await rig.create({ body: 'hang' })
      const id = await rig.create({
        body: `${words}
note answers "none $(tell none '{}' "$YARD_TASK/heartbeat")"
note answers "other $(tell "$token" '{"summary":"mine"}' ${other}/complete)"
note answers "own $(tell "$token" '{"summary":"over HTTP"}' "$YARD_TASK/complete")"`,
      })
      expect(await rig.untilStatus(id, 'done', 'blocked')).toMatchObject({ status: 'done' })
      await rig.until('the last answer', () => rig.notes('answers').length === 3)
      const said = rig.notes('answers').map((line) => line.split(' ').slice(2).join(' '))
      expect(said).toEqual(['none 401', 'other 403', 'own 200'])
      expect(rig.board.runs(id)).toMatchObject([{ outcome: 'completed', summary: 'over HTTP' }])
      await rig.untilGone(id)
      // A worker that is not to report by itself finds no proof to do so with.
      const script = await rig.create({
        profile: 'script',
        body: `. "$RIG_WORDS"; note proofs "found $(grep -rlE '"run_*[iI]d"' "$YARD_HOME/runs/$YARD_RUN" | wc -l)"`,
      })
      await rig.untilStatus(script, 'done')
      expect(rig.notes('proofs')).toEqual([expect.stringMatching(/found 0$/)])
      await rig.untilGone(script)
      await rig.ok('stop', other)
      await rig.untilGone(other)
    },
  )

  scenario(
    ['F15', 'F16'],
    'what has left its worker, and dropped all that says so, is no person',
    async (rig) => {
      const other = await rig.create({ profile: 'nobody' })
      const verbs = [`complete ${other}`, 'unblock "$T"', 'create sneaked', 'pause']
      const stray = `while ! [ -e "$RIG/go-on" ]; do sleep 0.03; done
${verbs.map((verb) => `yard ${verb} >>"$RIG/said" 2>&1; echo "$?" >>"$RIG/codes"`).join('\n')}
yard list >/dev/null && : >"$RIG/read"`
      writeFileSync(join(rig.shared, 'stray.sh'), stray)
      const id = await rig.create({
        body: 'env -i PATH="$PATH" YARD_HOME="$YARD_HOME" YARD_TEST=1 RIG="$RIG" T="$YARD_TASK" setsid -f sh "$RIG/stray.sh" </dev/null >/dev/null 2>&1; ask "which one?"',
      })
      await rig.untilStatus(id, 'blocked')
      await rig.untilGone(id)
      const before = rig.board.events()
      rig.signal('go-on')
      await rig.until('it to have tried all', () => existsSync(join(rig.shared, 'read')))
      expect(rig.notes('codes')).toEqual(verbs.map(() => '1'))
      expect(rig.notes('said')).toEqual(verbs.map(() => expect.stringContaining('may be part of it')))
      expect(rig.board.events()).toEqual(before)
      // Others without a terminal are persons.
      await rig.ok('archive', id)
    },
  )

  scenario(
    'F13',
    'what an ended run still says is kept to the letter, changes nothing, and is accepted with one command',
    async (rig) => {
      const id = await rig.create({ body: 'cp "$YARD_CAPABILITY_FILE" "$RIG/proof"; note at-work; hang' })
      const run = await rig.untilWorking(id)
      await rig.until('the proof', () => rig.notes('at-work').length === 1)
      await rig.ok('stop', id)
      await rig.untilGone(id)
      // A worker that escaped everything, with the proof of a run that is over.
      const env = {
        ...rig.env,
        YARD_TASK: id,
        YARD_RUN: String(run.id),
        YARD_CAPABILITY_FILE: join(rig.shared, 'proof'),
      }
      const late = await rig.start(['complete', id, '--summary', 'finished after all'], { env }).result
      expect(late).toMatchObject({ code: 1, stdout: '' })
      expect(late.stderr).toContain(`yard accept-late ${id} 1`)
      expect(rig.board.task(id)).toMatchObject({ status: 'blocked', result: null })
      expect(rig.board.runs(id)).toMatchObject([{ id: run.id, outcome: 'stopped' }])
      await rig.ok('accept-late', id, '1')
      expect(rig.board.task(id)).toMatchObject({ status: 'done' })
      expect(await keptWords(rig, id)).toContain('finished after all')
      expect(await rig.refused('accept-late', id, '1')).toContain('was accepted before')

      // Nor does the proof of one run speak for another card, or for a later run.
      const other = await rig.create({ body: 'until_file go-on; complete fine' })
      await rig.untilWorking(other)
      for (const words of [
        ['complete', other, '--summary', 'stolen'],
        ['block', other, 'stolen'],
        ['heartbeat', other],
      ])
        expect((await rig.start(words, { env }).result).code, words.join(' ')).toBe(1)
      expect(rig.board.task(other).status).toBe('running')
      rig.signal('go-on')
      await rig.untilStatus(other, 'done')
      await rig.untilGone(other)
      writeFileSync(join(rig.shared, 'proof'), '')
    },
  )

  scenario(
    'F35',
    'a worker that exits 0 without a word leaves its evidence, loops nowhere, and is accepted by a person',
    async (rig) => {
      const [silent, busy] = await Promise.all([
        rig.create({ title: 'silent', body: 'exit 0' }),
        rig.create({ title: 'busy', body: 'echo "the answer is 42" | tee answer.txt; exit 0' }),
      ])
      for (const id of [silent, busy]) await rig.untilStatus(id, 'blocked')
      expect(rig.board.runs(silent)).toMatchObject([
        { outcome: 'no_verdict', exit_code: 0 },
        { outcome: 'no_verdict', exit_code: 0 },
      ])
      expect(rig.board.runs(busy)).toMatchObject([
        { last_lines: 'the answer is 42' },
        { last_lines: 'the answer is 42' },
      ])
      expect(readFileSync(join(rig.home, 'workspaces', busy, 'answer.txt'), 'utf8')).toBe(
        'the answer is 42\n',
      )
      const { events } = await rig.json<{ events: { kind: string }[] }>('show', busy)
      expect(events.filter(({ kind }) => kind === 'protocol_violation')).toHaveLength(2)
      await rig.ok('complete', busy, '--summary', 'it is 42')
      expect(rig.board.task(busy).status).toBe('done')
    },
    { kanban: { max_attempts: 2 } },
  )
})

describe('the cause of a failure', () => {
  scenario(
    'F36',
    'each run shows its own last words and log, also when failures alternate',
    async (rig) => {
      const endings = [
        'exit 3',
        'kill -KILL $$',
        'exit 0',
        'close_output; exit 5',
        'printf "no line end"; exit 6',
        'flood 3; say after the flood; exit 7',
        `printf '\\033[31mred\\033[0m\\n'; exit 8`,
        'say to stderr >&2; exit 9',
      ]
      const id = await rig.create({
        body: `say "attempt of run $YARD_RUN"\ncase $(grep -c "^$YARD_TASK " "$RIG/starts") in\n${endings.map((ending, index) => `${index + 1}) ${ending};;`).join('\n')}\nesac`,
      })
      await rig.untilStatus(id, 'blocked')
      const runs = rig.board.runs(id)
      expect(runs.map(({ outcome, exit_code, signal }) => [outcome, exit_code ?? signal])).toEqual([
        ['crashed', 3],
        ['crashed', 'SIGKILL'],
        ['no_verdict', 0],
        ['crashed', 5],
        ['crashed', 6],
        ['crashed', 7],
        ['crashed', 8],
        ['crashed', 9],
      ])
      const others = (own: number) =>
        runs.filter(({ id: run }) => run !== own).map(({ id: run }) => `attempt of run ${run}\n`)
      for (const { id: run, log_path, last_lines } of runs) {
        const log = readFileSync(log_path ?? '', 'utf8')
        expect(log.length).toBeLessThan(2.5 * 2 ** 20)
        for (const other of others(run)) expect(log).not.toContain(other)
        if (!log.includes('floods')) expect(log).toContain(`attempt of run ${run}\n`)
        expect(last_lines).not.toBe('')
      }
      expect(runs.map(({ last_lines }) => (last_lines ?? '').split('\n').at(-1))).toEqual([
        `attempt of run ${runs[0]!.id}`,
        `attempt of run ${runs[1]!.id}`,
        `attempt of run ${runs[2]!.id}`,
        `attempt of run ${runs[3]!.id}`,
        'no line end',
        'after the flood',
        'red',
        'to stderr',
      ])
      expect(await rig.ok('log', id)).toContain('to stderr')
    },
    { kanban: { max_attempts: 8 } },
  )
})

describe('secrets', () => {
  // Every form a secret can take: test/runner/secret-mask.test.ts. Here: that nothing goes past the mask, wherever it ends up.
  scenario(
    'F18',
    'that a worker was given are nowhere on the disk, however it prints them and however it ends',
    async (rig) => {
      rig.addProfile('trusted', {
        agent: 'command',
        command: rig.workerCommand,
        environment: {
          set: { ...rig.workerEnvironment.set, SIGNING_KEY: LINES },
          allow: ['MY_API_KEY'],
        },
      })
      const leak = 'leak "$MY_API_KEY"; cat "$YARD_CAPABILITY_FILE"; env; '
      const ids = await Promise.all(
        [
          'complete fine',
          'ask "what now?"',
          'exit 1',
          'kill -KILL $PPID; hang',
          'printf "%s" "$MY_API_KEY"; exit 2',
          // By every word of the command line that a worker may use.
          'complete "it is $MY_API_KEY"',
          'ask "is it $MY_API_KEY or $SIGNING_KEY?"',
          'hand_over "$SIGNING_KEY"',
          'yard comment "$YARD_TASK" "$(printf %s "$MY_API_KEY" | base64 -w 0)"; yard heartbeat "$YARD_TASK" --note "$MY_API_KEY"; complete noted',
          'yard create "use $MY_API_KEY" --body "$SIGNING_KEY" --triage; complete created',
          'yard complete "$YARD_TASK" --result "$SIGNING_KEY" --metadata "{\\"key\\": \\"$MY_API_KEY\\"}"',
        ].map((end) => rig.create({ profile: 'trusted', body: leak + end })),
      )
      for (const id of ids) await rig.untilStatus(id, 'done', 'blocked', 'review')
      for (const id of ids) await rig.untilGone(id)
      expect(rig.secrets).toHaveLength(ids.length)
      expect(await leaksOf([SECRET, LINES], rig)).toEqual([])
      // They were said, and heard without the secret.
      const said = rig.board.allRuns().map(({ summary }) => summary)
      expect(said).toEqual(expect.arrayContaining(['it is [masked]', '[masked]\n[masked]']))
      expect(rig.board.tasks().map(({ title }) => title)).toContain('use [masked]')
    },
    { env: { MY_API_KEY: SECRET }, kanban: { max_attempts: 1 } },
  )
})

describe('secrets in what a worker says', () => {
  scenario(
    'F18',
    'by the command line reach the board by no verb, in no field, in no form and in no number of pieces',
    async (rig) => {
      rig.addProfile('trusted', {
        agent: 'command',
        command: rig.workerCommand,
        environment: { ...rig.workerEnvironment, allow: ['MY_API_KEY'] },
      })
      const says = `S="$MY_API_KEY"; B=$(printf '%s' "$S" | base64 -w 0)
yard heartbeat "$YARD_TASK" --note "note $S" || exit 9
yard comment "$YARD_TASK" "comment $S and $B" || exit 9
env -u MY_API_KEY yard comment "$YARD_TASK" "dropped $S" || exit 9
printf '%s' "$S" | fold -w 7 | while IFS= read -r piece || [ -n "$piece" ]; do printf '%s' "$piece"; sleep 0.02; done |
  yard create "title $S" --body - --triage --idempotency-key "key $S" --tenant "$S" || exit 9
yard create "for a skill" --skill "skill-$S" && exit 9
echo content >"report $S.txt"; yard attach "$YARD_TASK" "report $S.txt" || exit 9
echo "$S" >leak.txt; yard attach "$YARD_TASK" leak.txt && exit 9
yard complete "$YARD_TASK" --summary early --metadata '{"artifacts": ["leak.txt"]}' && exit 9
rm leak.txt
`
      const ends = [
        'yard complete "$YARD_TASK" --summary "done $S" --result "$B" --metadata "{\\"$S\\": [\\"$S\\"]}"',
        'yard block "$YARD_TASK" "asks $S" "$B"',
        'yard review "$YARD_TASK" --summary "look at $S"',
      ]
      const ids = await Promise.all(ends.map((end) => rig.create({ profile: 'trusted', body: says + end })))
      for (const id of ids) await rig.untilStatus(id, 'done', 'blocked', 'review')
      for (const id of ids) await rig.untilGone(id)
      expect(ids.map((id) => rig.board.task(id).status)).toEqual(['done', 'blocked', 'review'])
      // It was said, and is there without the secret.
      for (const id of ids) {
        const shown = JSON.stringify(await rig.json('show', id))
        for (const said of ['note ', 'comment ', 'dropped ', 'report ']) expect(shown).toContain(said)
      }
      expect(JSON.stringify(rig.board.runs(ids[0]!))).toContain('done ')
      const forms = [SECRET, Buffer.from(SECRET).toString('base64').replace(/=+$/, '')]
      const leaks = filesIn(rig.home).filter((file) => {
        const content = readFileSync(file)
        return forms.some((form) => content.includes(form))
      })
      expect(leaks).toEqual([])
    },
    { env: { MY_API_KEY: SECRET }, kanban: { max_attempts: 1 } },
  )
})

describe('folders of the user', () => {
  // What may be removed at all is decided in src/workspaces and proven there (test/workspaces/trash.test.ts).
  scenario(
    'F07',
    'a folder the card was pointed at survives completion, archive and clean-up, however it was named',
    async (rig) => {
      const project = join(rig.folder, 'user', 'project')
      mkdirSync(project)
      writeFileSync(join(project, 'source.txt'), 'years of work\n')
      symlinkSync(project, join(rig.folder, 'user', 'link'))
      const names = [project, join(rig.folder, 'user', 'link'), `${project}/../project`, `${project}/.`]
      for (const name of names) {
        const ids = [
          await rig.create({
            body: 'touch "by-$YARD_TASK"; complete fine',
            options: ['--workspace', `dir:${name}`],
          }),
          await rig.create({ profile: 'script', body: 'exit 0', options: ['--workspace', `dir:${name}`] }),
        ]
        for (const id of ids) await rig.untilStatus(id, 'done')
        for (const id of ids) await rig.untilGone(id)
        await rig.ok('archive', ...ids)
      }
      // Places nobody may work in, and a disposable workspace at a path of the user's.
      for (const place of ['/', join(rig.folder, 'user'), rig.home, join(rig.home, 'workspaces')]) {
        const id = await rig.create({
          profile: 'script',
          body: 'touch here',
          options: ['--workspace', `dir:${place}`],
        })
        await rig.until('the place to be refused', () =>
          rig.board.holds(id).some(({ kind }) => kind === 'preflight'),
        )
        expect(rig.board.runs(id)).toEqual([])
        await rig.ok('archive', id)
      }
      expect(await rig.refused('create', 'x', '--workspace', `scratch:${project}`)).toContain(project)
      await rig.ok('gc')
      expect(
        filesIn(project)
          .filter((file) => !file.includes('/by-'))
          .map((file) => readFileSync(file, 'utf8')),
      ).toEqual(['years of work\n'])
      expect(filesIn(project)).toHaveLength(1 + names.length)
    },
    { config: { workspaces: { keep_done_days: 0, trash_retention_days: 0 } } },
  )
})

/** Everything the board keeps of what a card's workers said. */
async function keptWords(rig: Rig, id: string): Promise<string> {
  const { runs, late_reports } = await rig.json<{ runs: unknown[]; late_reports: unknown[] }>('show', id)
  return JSON.stringify([runs, late_reports])
}
