import { execFileSync } from 'node:child_process'
import { mkdirSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { describe, expect } from 'vitest'
import type { Rig } from '../helpers/rig/rig.ts'
import { scenario } from '../helpers/rig/scenario.ts'

const IDENTITY = {
  GIT_AUTHOR_NAME: 'rig',
  GIT_AUTHOR_EMAIL: 'rig@example.org',
  GIT_COMMITTER_NAME: 'rig',
  GIT_COMMITTER_EMAIL: 'rig@example.org',
}

describe('cards side by side', () => {
  scenario(
    'F21',
    'ten siblings in one repository end with their own commits on their own branches',
    async (rig) => {
      const repository = join(rig.folder, 'user', 'repository')
      mkdirSync(repository)
      const git = (...words: string[]): string =>
        execFileSync('git', words, {
          cwd: repository,
          encoding: 'utf8',
          env: { ...rig.env, ...IDENTITY },
        }).trim()
      git('init', '-q', '-b', 'main')
      writeFileSync(join(repository, 'shared.txt'), 'base\n')
      git('add', '.')
      git('commit', '-qm', 'base')
      const base = git('rev-parse', 'HEAD')
      rig.addProfile('coder', {
        agent: 'command',
        command: rig.workerCommand,
        environment: { set: { ...rig.workerEnvironment.set, ...IDENTITY } },
      })
      const body = `
        for step in 1 2; do
          echo "$YARD_TASK step $step" >>shared.txt
          sleep 0.1
          git add -A . && git commit -qm "$YARD_TASK step $step" || exit 1
        done
        complete "committed"`
      const ids: string[] = []
      for (let i = 0; i < 10; i++)
        ids.push(
          await rig.create({ profile: 'coder', body, options: ['--workspace', `worktree:${repository}`] }),
        )
      for (const id of ids) await rig.untilStatus(id, 'done')
      for (const id of ids) {
        await rig.untilGone(id)
        expect(git('log', '--format=%s', '--reverse', `${base}..yard/${id}`).split('\n')).toEqual([
          `${id} step 1`,
          `${id} step 2`,
        ])
        expect(git('show', `yard/${id}:shared.txt`)).toBe(`base\n${id} step 1\n${id} step 2`)
        expect(rig.starts(id)).toBe(1)
      }
      // The user's own checkout was nobody's workspace.
      expect(git('rev-parse', 'main')).toBe(base)
      expect(git('status', '--porcelain')).toBe('')
    },
    { kanban: { max_running: 5, max_running_per_profile: 5 } },
  )

  scenario(
    'F21',
    'cards that name one plain folder run one after the other, by whatever name they know it',
    async (rig) => {
      const folder = join(rig.folder, 'user', 'folder')
      mkdirSync(folder)
      const body = 'note order begins; work 3; note order ends; complete fine'
      const ids = await Promise.all(
        [folder, `${folder}/`, `${folder}/../folder`, folder].map((path) =>
          rig.create({ body, options: ['--workspace', `dir:${path}`] }),
        ),
      )
      for (const id of ids) await rig.untilStatus(id, 'done')
      for (const id of ids) await rig.untilGone(id)
      const order = rig.notes('order').map((line) => line.split(' ').at(-1))
      expect(order).toEqual(ids.flatMap(() => ['begins', 'ends']))
    },
  )
})

describe('creating a card twice', () => {
  // Two hundred at once through one and several stores: test/conformance; here are whole processes, some of which die.
  scenario(
    'F22',
    'many processes with one key make one card, though some are killed on the way',
    async (rig) => {
      const creators = Number(process.env['YARD_RIG_CREATORS'] ?? 32)
      const words = rig.createWords({
        title: 'the alarm',
        profile: null,
        options: ['--idempotency-key', 'alarm-1', '--json'],
      })
      const answers: { id: string; created: boolean }[] = []
      const failed: string[] = []
      for (let started = 0; started < creators; started += 8) {
        const batch = Array.from({ length: 8 }, () => rig.start(words))
        batch
          .filter((_, index) => index % 4 === 0)
          .forEach(({ child }, index) =>
            setTimeout(() => child.kill('SIGKILL'), 40 + 60 * ((started + index) % 5)),
          )
        for (const { code, signal, stdout, stderr } of await Promise.all(batch.map(({ result }) => result))) {
          if (code === 0) answers.push(JSON.parse(stdout) as (typeof answers)[number])
          else if (signal !== 'SIGKILL') failed.push(stderr)
        }
      }
      expect(failed).toEqual([])
      const ids = rig.board.tasks().map(({ id }) => id)
      expect(ids).toHaveLength(1)
      expect(new Set(answers.map(({ id }) => id))).toEqual(new Set(ids))
      // The creator may have died after its commit and before its answer, so at most one says that it was the first.
      expect(answers.filter(({ created }) => created).length).toBeLessThanOrEqual(1)
      expect(rig.board.events().filter(({ kind }) => kind === 'created')).toHaveLength(1)
      // While the card is open the key is taken; once it is filed away, the alarm may sound again.
      await rig.ok('complete', ids[0]!, '--summary', 'handled')
      expect(await rig.json(...words.slice(0, -1))).toMatchObject({ id: ids[0], created: false })
      await rig.ok('archive', ids[0]!)
      expect(await rig.json(...words.slice(0, -1))).toMatchObject({ created: true })
    },
    { gateway: false },
  )
})

describe('cards that wait for each other', () => {
  scenario(
    'F30',
    'no child starts before its condition, and no circle is stored',
    async (rig) => {
      const parents = await Promise.all([
        rig.create({ title: 'p1', body: 'until_file p1; note order p1; complete one' }),
        rig.create({
          title: 'p2',
          body: 'until_file p2; note order p2; [ -e "$RIG/repaired" ] || exit 1; complete two',
        }),
      ])
      const [p1, p2] = parents
      const child = await rig.create({
        title: 'child',
        body: 'note order child; complete fine',
        options: parents.flatMap((id) => ['--parent', id]),
      })
      const grandchild = await rig.create({
        title: 'grandchild',
        body: 'note order grandchild; complete fine',
        options: ['--parent', child],
      })
      for (const [parent, of] of [
        [grandchild, p1],
        [child, p1],
        [grandchild, child],
        [p1, p1],
      ] as const)
        expect((await rig.yard('link', parent, of)).code).toBe(1)
      rig.signal('p1')
      await rig.untilStatus(p1, 'done')
      rig.signal('p2')
      await rig.untilStatus(p2, 'blocked')
      // A parent that failed, and one that was filed away unfinished, free nobody.
      expect(rig.board.task(child).status).toBe('todo')
      await rig.ok('archive', p2)
      expect(rig.board.task(child).status).toBe('todo')
      const { reasons } = await rig.json<{ reasons: { kind: string; text: string; lift: string }[] }>(
        'why',
        child,
      )
      expect(reasons).toMatchObject([{ kind: 'dependency', lift: `yard unlink ${p2} ${child}` }])
      await rig.ok('restore-task', p2)
      rig.signal('repaired')
      await rig.ok('retry', p2, '--attempts', '1')
      await rig.untilStatus(grandchild, 'done')
      const order = rig.notes('order').map((line) => line.split(' ').at(-1))
      expect(order.slice(-3)).toEqual(['p2', 'child', 'grandchild'])
      expect(order[0]).toBe('p1')

      // A link that comes while the child is ready holds it back; without it the child goes.
      await rig.ok('pause')
      const late = await rig.create({ title: 'late parent', body: 'complete fine' })
      const ready = await rig.create({ title: 'ready child', body: 'complete fine' })
      await rig.ok('link', late, ready)
      expect(rig.board.task(ready).status).toBe('todo')
      await rig.ok('unlink', late, ready)
      expect(rig.board.task(ready).status).toBe('ready')
      await rig.ok('link', late, ready)
      await rig.ok('resume')
      await rig.untilStatus(ready, 'done')
      const claims = rig.board
        .events()
        .filter(({ kind, task_id }) => kind === 'claimed' && [late, ready].includes(task_id ?? ''))
      expect(claims.map(({ task_id }) => task_id)).toEqual([late, ready])
      await restAll(rig)
    },
    { kanban: { max_attempts: 2 } },
  )
})

const restAll = async (rig: Rig): Promise<void> => {
  for (const { id } of rig.board.tasks()) await rig.untilGone(id)
}
