import { existsSync, readFileSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { describe, expect, test } from 'vitest'
import { behaviour } from '../behaviours.ts'
import { Home } from './home.ts'

interface TaskJson {
  readonly id: string
  readonly status: string
  readonly [field: string]: unknown
}
interface Bulk {
  readonly results: readonly {
    readonly id: string
    readonly ok: boolean
    readonly code?: string
    readonly task?: TaskJson
  }[]
}

const TASK_FIELDS = [
  'id',
  'title',
  'body',
  'assignee',
  'status',
  'priority',
  'created_by',
  'created_at',
  'started_at',
  'completed_at',
  'workspace_kind',
  'workspace_path',
  'claim_lock',
  'claim_expires',
  'tenant',
  'result',
  'idempotency_key',
  'spawn_failures',
  'worker_pid',
  'last_spawn_error',
  'max_runtime_seconds',
  'last_heartbeat_at',
  'current_run_id',
  'workflow_template_id',
  'current_step_key',
  'skills',
]
const RUN_FIELDS = [
  'id',
  'task_id',
  'profile',
  'step_key',
  'status',
  'claim_lock',
  'claim_expires',
  'worker_pid',
  'max_runtime_seconds',
  'last_heartbeat_at',
  'started_at',
  'ended_at',
  'outcome',
  'summary',
  'metadata',
  'error',
]

describe('making cards', () => {
  behaviour('cli.first-use', 'the first use of any verb makes the board', async () => {
    using home = new Home()
    expect(await home.ok('list')).toBe('')
    expect(existsSync(join(home.path, 'kanban.db'))).toBe(true)
  })

  behaviour('cli.init', 'init makes home and board, lists profiles and prints the next step', async () => {
    using home = new Home()
    home.write('profiles/coder.md', '---\nagent: shell\n---\n')
    home.write('profiles/broken.md', '---\nagnt: shell\n---\n')
    const { code, stdout, stderr } = await home.yard('init')
    expect(code).toBe(0)
    expect(stdout).toContain(home.path)
    expect(stdout).toMatch(/profiles\s+coder, shell/)
    expect(stdout).toContain('yard create "<title>" --assignee coder')
    expect(stdout).toContain('yard gateway start')
    expect(stderr).toContain('Profile broken cannot be used')
    const again = await home.json<{ home: string; profiles: string[]; next: string[] }>('init')
    expect(again).toMatchObject({ home: home.path, profiles: ['coder', 'shell'] })
  })

  behaviour(['cli.create', 'data.task'], 'create takes every field of a card', async () => {
    using home = new Home()
    const parent = await home.create('first')
    const other = await home.create('second')
    const folder = join(home.folder, 'project')
    const task = await home.json<TaskJson>(
      'create', '  Fix the login  ', '--body', 'All of it', '--assignee', 'shell', '--parent', parent, '--parent', other.slice(2, 9),
      '--tenant', 'acme', '--workspace', `dir:${folder}`, '--priority', '7', '--idempotency-key', 'k1', '--max-runtime', '30m',
      '--skill', ' a ', '--skill', 'b', '--skill', 'a', '--created-by', 'mia',
    ) // prettier-ignore
    expect(Object.keys(task)).toEqual(expect.arrayContaining(TASK_FIELDS))
    expect(task).toMatchObject({
      title: 'Fix the login',
      body: 'All of it',
      assignee: 'shell',
      status: 'todo',
      priority: 7,
      created_by: 'mia',
      tenant: 'acme',
      workspace_kind: 'dir',
      workspace_path: folder,
      idempotency_key: 'k1',
      max_runtime_seconds: 1800,
      skills: ['a', 'b'],
      created: true,
    })
    expect(task.id).toMatch(/^t_[0-9a-f]{8}$/)
    const same = await home.json<TaskJson>('create', 'something else', '--idempotency-key', 'k1')
    expect(same).toMatchObject({ id: task.id, title: 'Fix the login', created: false })
    expect(await home.json('create', 'rough', '--triage', '--assignee', 'shell')).toMatchObject({
      status: 'triage',
      skills: null,
      body: null,
    })
    expect(await home.json('create', 'held', '--hold', 'ask me first')).toMatchObject({ status: 'blocked' })
    expect(await home.json('create', 'later', '--not-before', '2h')).toMatchObject({ status: 'todo' })
    expect(await home.json('create', 'in a checkout', '--workspace', 'worktree')).toMatchObject({
      workspace_kind: 'worktree',
      workspace_path: null,
    })
    expect(await home.json('create', 'at home', '--workspace', 'dir:~/x')).toMatchObject({
      workspace_path: join(home.folder, 'x'),
    })
  })

  test('create takes the body from standard input, and gives scripts the id alone', async () => {
    using home = new Home()
    const { stdout, code } = await home.run(['create', 'piped', '--body', '-'], { stdin: 'line 1\nline 2\n' })
    expect(code).toBe(0)
    expect(stdout).toMatch(/^t_[0-9a-f]{8}\n$/)
    expect(await home.json('show', stdout.trim())).toMatchObject({ task: { body: 'line 1\nline 2\n' } })
  })

  behaviour('cli.create', 'create warns when nothing would run the card, and only then', async () => {
    using home = new Home()
    const warned = await home.yard('create', 'x', '--assignee', 'shell')
    expect(warned.stderr).toContain('yard gateway start')
    for (const words of [['--json', '--assignee', 'shell'], ['--triage', '--assignee', 'shell'], []]) {
      const { stderr, code } = await home.yard('create', 'x', ...words)
      expect({ stderr, code }).toEqual({ stderr: '', code: 0 })
    }
    const unknown = await home.yard('create', 'x', '--assignee', 'shel')
    expect(unknown.stderr).toContain('There is no profile shel. Did you mean shell?')
    const unskilled = await home.yard('create', 'x', '--skill', 'kanban-workr', '--skill', 'kanban-worker')
    expect(unskilled.stderr).toMatch(
      /^\S* ?There is no skill kanban-workr, and t_\w+ waits for it\. Did you mean kanban-worker\?$/m,
    )
    expect(unskilled.stderr).not.toContain('skill kanban-worker,')
  })

  test('what create cannot make is refused with the value', async () => {
    using home = new Home()
    const cases: readonly (readonly [readonly string[], string])[] = [
      [['   '], 'needs a title'],
      [['x', '--parent', 't_00000000'], 't_00000000'],
      [['x', '--workspace', 'cloud'], '"cloud"'],
      [['x', '--workspace', 'dir:relative/path'], '"relative/path"'],
      [['x', '--workspace', 'worktree:./repo'], '"./repo"'],
      [['x', '--workspace', 'dir:'], 'dir:<absolute path>'],
      [['x', '--skill', 'a,b'], '"a,b"'],
      [['x', '--assignee', 'two words'], '"two words"'],
    ]
    for (const [words, value] of cases)
      expect(await home.refused('create', ...words), words.join(' ')).toContain(value)
    expect(await home.json('list')).toEqual([])
  })
})

describe('looking at cards', () => {
  behaviour(
    ['cli.list', 'list.order', 'list.filters', 'list.archived'],
    'list and ls filter and sort',
    async () => {
      using home = new Home()
      const low = await home.create('low', '--assignee', 'shell', '--tenant', 'acme', '--priority', '3')
      const high = await home.create('high', '--priority', '5', '--assignee', 'alice')
      const done = await home.create('done', '--priority', '2')
      const archived = await home.create('archived', '--priority', '1')
      await home.ok('complete', done)
      await home.ok('archive', archived)
      const ids = async (...words: string[]) => (await home.json<TaskJson[]>(...words)).map(({ id }) => id)
      expect(await ids('list')).toEqual([high, low, done])
      expect(await ids('ls', '--archived')).toEqual([high, low, done, archived])
      expect(await ids('list', '--mine')).toEqual([high])
      expect(await ids('list', '--assignee', 'shell')).toEqual([low])
      expect(await ids('list', '--assignee', 'none')).toEqual([done])
      expect(await ids('list', '--status', 'done')).toEqual([done])
      expect(await ids('list', '--status', 'ready,done')).toEqual([high, low, done])
      expect(await ids('list', '--tenant', 'acme')).toEqual([low])
      expect(await ids('list', '--limit', '1')).toEqual([high])
      const table = await home.ok('list')
      expect(table.split('\n')[1]).toMatch(new RegExp(`^${high} +ready +high +alice +5`))
    },
  )

  behaviour(
    ['cli.show', 'data.run', 'data.event', 'data.comment'],
    'show prints task, links, comments, runs and events',
    async () => {
      using home = new Home()
      const parent = await home.create('the parent')
      const id = await home.create('the card', '--parent', parent, '--body', 'what to do')
      const child = await home.create('the child', '--parent', id)
      await home.ok('complete', parent, '--summary', 'prepared')
      await home.ok('comment', id, 'mind', 'the', 'gap')
      await home.ok('claim', id)
      await home.ok('block', id, 'which colour?')
      const shown = await home.json<Record<string, object[]>>('show', id)
      expect(shown).toMatchObject({
        task: { id, title: 'the card', status: 'blocked' },
        links: { parents: [parent], children: [child] },
        parents: [parent],
        children: [child],
        comments: [{ task_id: id, author: 'alice', body: 'mind the gap' }],
        runs: [{ task_id: id, outcome: 'blocked', summary: 'which colour?' }],
        reasons: [{ kind: 'human', text: 'which colour?', owner: 'alice', lift: `yard unblock ${id}` }],
      })
      expect(Object.keys(shown['runs']?.[0] ?? {})).toEqual(expect.arrayContaining(RUN_FIELDS))
      const events = shown['events'] as {
        id: number
        kind: string
        actor: string
        door: string
        created_at: number
        payload: object
      }[]
      expect(events.map(({ kind }) => kind)).toEqual([
        'created',
        'promoted',
        'commented',
        'claimed',
        'blocked',
      ])
      expect(events.find(({ kind }) => kind === 'blocked')).toMatchObject({
        actor: 'alice',
        door: 'cli',
        payload: { reason: 'which colour?' },
      })
      const page = await home.ok('show', id)
      for (const text of [
        'the card',
        'blocked',
        'what to do',
        'the parent',
        'the child',
        'mind the gap',
        'which colour?',
        `→ yard unblock ${id}`,
      ])
        expect(page).toContain(text)
    },
  )

  behaviour(['why.reason'], 'why names every reason with its owner and what lifts it', async () => {
    using home = new Home()
    const parent = await home.create('the parent')
    const waiting = await home.create('waits', '--parent', parent)
    expect(await home.json('why', waiting)).toMatchObject({
      status: 'todo',
      reasons: [{ kind: 'dependency', blocked_by: [parent] }],
    })
    await home.ok('pause', '--reason', 'release day')
    const { reasons } = await home.json<{ reasons: { kind: string; lift: string | null }[] }>('why', parent)
    expect(reasons).toMatchObject([
      { kind: 'pause', lift: 'yard resume' },
      { kind: 'unassigned', lift: `yard assign ${parent} <profile>` },
      { kind: 'no_dispatcher', lift: 'yard gateway start' },
    ])
    expect(await home.ok('why', parent)).toMatch(/the board: release day \(by alice.*\)\n +→ yard resume/)
    await home.ok('resume')
    expect(await home.refused('resume')).toContain('it is not paused')
    expect(await home.json('pause', 'provider:acme')).toMatchObject({ scope: 'provider', target: 'acme' })
    expect(await home.ok('resume', 'provider:acme')).toContain('Resumed provider acme')
  })

  test('an id may be shortened as long as it is clear', async () => {
    using home = new Home()
    const byDigit = new Map<string, string[]>()
    const clash = () => [...byDigit].find(([, same]) => same.length > 1)
    while (clash() === undefined) {
      const made = await home.create('a card')
      byDigit.set(made[2]!, [...(byDigit.get(made[2]!) ?? []), made])
    }
    const [digit, several] = clash()!
    expect(await home.refused('show', `t_${digit}`)).toMatch(new RegExp(`could be .*${several[0]}`))
    const [id] = several
    expect((await home.json<{ task: TaskJson }>('show', id!.slice(0, 8))).task.id).toBe(id)
    expect((await home.json<{ task: TaskJson }>('show', id!.slice(2).toUpperCase())).task.id).toBe(id)
    expect(await home.refused('show', 'xyz')).toContain('is not a card')
    const missing = await home.refused('show', 't_00000000')
    expect(missing).toContain('t_00000000 not found')
    expect(missing).toContain(join(home.path, 'kanban.db'))
  })

  behaviour(['cli.stats'], 'stats and assignees count', async () => {
    using home = new Home()
    await home.create('a', '--assignee', 'shell')
    const done = await home.create('b', '--assignee', 'mia')
    await home.ok('complete', done)
    const stats = await home.json<Record<string, unknown>>('stats')
    expect(stats).toMatchObject({
      by_status: { ready: 1, done: 1 },
      by_assignee: { shell: { ready: 1 }, mia: { done: 1 } },
    })
    expect(stats['oldest_ready_age_seconds']).toBeTypeOf('number')
    expect(await home.json('assignees')).toEqual([
      { name: 'mia', on_disk: false, counts: { done: 1 } },
      { name: 'shell', on_disk: true, counts: { ready: 1 } },
    ])
    expect(await home.ok('stats')).toMatch(/ready 1 {2}done 1/)
    expect(await home.ok('assignees')).toMatch(/shell +yes +1/)
  })

  behaviour(['cli.runs', 'cli.context'], 'runs and context show the past of a card', async () => {
    using home = new Home()
    const id = await home.create('a card', '--body', 'the body')
    expect(await home.ok('runs', id)).toBe('')
    await home.ok('claim', id)
    await home.ok('complete', id, '--summary', 'all done', '--metadata', '{"tests": 3}')
    expect(await home.json('runs', id)).toMatchObject([
      { task_id: id, outcome: 'completed', summary: 'all done', metadata: { tests: 3 } },
    ])
    expect(await home.ok('runs', id)).toMatch(/completed +alice .*all done/)
    const context = await home.ok('context', id)
    for (const text of [id, 'the body', 'all done']) expect(context).toContain(text)
    expect(await home.json('context', id)).toMatchObject({
      task: { id },
      attempts: [{ summary: 'all done' }],
      comments: [],
    })
  })
})

describe('working on cards', () => {
  behaviour(
    ['cli.claim', 'cli.heartbeat', 'claim.ttl'],
    'claim prints the workspace, and heartbeats keep it',
    async () => {
      using home = new Home()
      const id = await home.create('by hand')
      const path = (await home.ok('claim', id, '--ttl', '60')).trim()
      expect(path).toBe(join(home.path, 'workspaces', id))
      expect(existsSync(path)).toBe(true)
      const before = (await home.json<{ task: TaskJson }>('show', id)).task
      expect(before).toMatchObject({
        status: 'running',
        claim_lock: expect.stringMatching(/:alice$/) as string,
      })
      expect(await home.json('heartbeat', id, '--note', 'half way')).toMatchObject({ id, status: 'running' })
      const second = await home.run(['claim', id, '--json'], {})
      expect(second).toMatchObject({ code: 1, stdout: '' })
      expect(JSON.parse(second.stderr)).toMatchObject({
        code: 'not_claimable',
        detail: expect.stringContaining('it is running') as string,
      })
      const other = await home.create('another')
      expect(await home.json('claim', other)).toMatchObject({
        task: { id: other, status: 'running' },
        run_id: 2,
        workspace: expect.any(String) as string,
      })
      expect(await home.refused('heartbeat', await home.create('idle'))).toContain('nobody has claimed it')
      const lost = await home.create('nowhere', '--workspace', 'dir:/does/not/exist')
      expect(await home.refused('claim', lost)).toContain('does not exist')
    },
  )

  behaviour(
    ['cli.bulk', 'complete.bulk', 'cli.complete', 'cli.block'],
    'bulk verbs give each card its own outcome',
    async () => {
      using home = new Home()
      const [a, b, c] = [await home.create('a'), await home.create('b'), await home.create('c')]
      const mixed = await home.yard('complete', a, 't_00000000', 'nonsense', b, '--result', 'fine', '--json')
      expect(mixed).toMatchObject({ code: 1, stderr: '' })
      const { results } = JSON.parse(mixed.stdout) as Bulk
      expect(results).toMatchObject([
        { id: a, ok: true, task: { status: 'done', result: 'fine' } },
        { id: 't_00000000', ok: false, code: 'task_not_found' },
        { id: 'nonsense', ok: false, code: 'bad_task_id' },
        { id: b, ok: true },
      ])
      const text = await home.yard('complete', a, c)
      expect(text).toMatchObject({
        code: 1,
        stdout: `${c}: done\n`,
        stderr: expect.stringContaining(`Cannot complete ${a}: it is done`) as string,
      })
      expect(await home.misused('complete', a, b, '--summary', 'x')).toContain('belong to one task')
      expect(await home.misused('complete', a, b, '--metadata', '{}')).toContain('belong to one task')

      const [d, e] = [await home.create('d'), await home.create('e')]
      await home.ok('block', d, 'ask', 'legal', '--ids', e)
      for (const id of [d, e])
        expect(await home.json('why', id)).toMatchObject({
          status: 'blocked',
          reasons: [{ text: 'ask legal' }],
        })
      expect((await home.json<Bulk>('unblock', d, e)).results.map(({ task }) => task?.status)).toEqual([
        'ready',
        'ready',
      ])
      expect((await home.json<Bulk>('archive', d, e)).results.map(({ task }) => task?.status)).toEqual([
        'archived',
        'archived',
      ])
      expect((await home.json<Bulk>('restore-task', d, e)).results.map(({ task }) => task?.status)).toEqual([
        'ready',
        'ready',
      ])
      expect(await home.refused('unblock', d)).toContain('only blocked cards can be unblocked')
    },
  )

  behaviour(
    'complete.artifacts',
    'files named in the metadata are kept before the card is done',
    async () => {
      using home = new Home()
      const id = await home.create('with files')
      const workspace = (await home.ok('claim', id)).trim()
      writeFileSync(join(workspace, 'report.md'), '# report\n')
      expect(await home.refused('complete', id, '--metadata', '{"artifacts": ["missing.md"]}')).toContain(
        'missing.md',
      )
      expect(await home.json('why', id)).toMatchObject({ status: 'running' })
      await home.ok('complete', id, '--metadata', '{"artifacts": ["report.md"]}')
      expect(await home.json('attachments', id)).toMatchObject([{ task_id: id, name: 'report.md', size: 9 }])
      const saved = await home.run(['attachments', id, '--save', 'report.md', '--to', 'copy.md'], {})
      expect(saved.stdout.trim()).toBe(join(home.folder, 'copy.md'))
      expect(readFileSync(join(home.folder, 'copy.md'), 'utf8')).toBe('# report\n')
      expect(await home.refused('attachments', id, '--save', 'report.md', '--to', 'copy.md')).toContain(
        'a file is there',
      )
      expect(await home.refused('attachments', id, '--save', 'other.md')).toContain('report.md')
      expect(await home.misused('attachments', id, '--to', 'x')).toContain('--save')
    },
  )

  behaviour('cli.attach', 'files are kept from a path or from standard input, all or none', async () => {
    using home = new Home()
    const id = await home.create('with files')
    writeFileSync(join(home.folder, 'a report.md'), '# report\n')
    writeFileSync(join(home.folder, 'b.csv'), 'x,y\n')
    const digest = 'd33d1d2ee4e5fe6d2bd3fbd4bb9a3b7b4ee4f0b8be8b5d7f3a0a1d3a2f7ac1d0'
    expect(await home.json('attach', id, 'a report.md', 'b.csv')).toMatchObject([
      { task_id: id, name: 'a report.md', size: 9, mime: 'text/markdown', created_by: 'alice' },
      { name: 'b.csv', size: 4 },
    ])
    const piped = await home.run(['attach', id, '-', '--name', '../dump.sql', '--json'], {
      stdin: 'select 1',
    })
    const [dump] = JSON.parse(piped.stdout) as { id: number; name: string; size: number }[]
    expect(dump).toMatchObject({ name: 'dump.sql', size: 8 })
    expect(await home.refused('attach', id, 'b.csv', '--digest', digest)).toContain('was announced')
    expect(await home.refused('attach', id, 'b.csv', 'missing.txt').catch(String)).toContain('no such file')
    expect(await home.refused('attach', id, '.')).toContain('it is a folder')
    expect(await home.misused('attach', id, '-')).toContain('--name')
    expect(await home.misused('attach', id, 'a', 'b', '--name', 'x')).toContain('--name')
    expect(await home.json('attachments', id)).toHaveLength(3)
    await home.run(['attachments', id, '--save', 'dump.sql'], {})
    expect(readFileSync(join(home.folder, 'dump.sql'), 'utf8')).toBe('select 1')
    await home.ok('config', 'set', 'attachments.max_mb', '1')
    writeFileSync(join(home.folder, 'large'), Buffer.alloc(2 ** 20 + 1))
    expect(await home.refused('attach', id, 'large')).toContain('over the limit of 1 MiB')
    expect(await home.ok('detach', id, String(dump?.id))).toContain('Detached dump.sql')
    expect(await home.json('attachments', id)).toHaveLength(2)
    expect(await home.refused('detach', id, String(dump?.id))).toContain('has no file')
    expect(await home.misused('detach', id, 'dump.sql')).toContain('yard attachments')
  })

  behaviour('cli.search', 'words find tasks, and the hits stand out on a terminal', async () => {
    using home = new Home()
    const shop = await home.create('Deploy the shop', '--body', 'roll it out', '--tenant', 'acme')
    const notes = await home.create('Write notes', '--assignee', 'shell')
    await home.ok('comment', notes, 'about the shop')
    await home.ok('archive', notes)
    const ids = async (...words: string[]) =>
      (JSON.parse(await home.ok('search', '--json', ...words)) as { task: { id: string } }[]).map(
        ({ task }) => task.id,
      )
    expect(await ids('shop')).toEqual([shop, notes])
    expect(await ids('shop', '--skip-archive')).toEqual([shop])
    expect(await ids('shop', '--tenant', 'acme')).toEqual([shop])
    expect(await ids('shop', '--status', 'archived', '--assignee', 'shell')).toEqual([notes])
    expect(await ids('--', 'shop', '-deploy')).toEqual([notes])
    expect(await ids('deploy', 'roll it')).toEqual([shop])
    expect(await ids('deploy', 'it roll')).toEqual([])
    expect(await ids('shop', '--limit', '1')).toEqual([shop])
    const text = await home.ok('search', 'shop')
    expect(text).toContain(`${notes}  archived  Write notes`)
    expect(text).toContain('comment by alice: about the shop')
    const { stdout } = await home.run(['search', 'shop'], { env: { FORCE_COLOR: '1' } })
    expect(stdout).toContain('about the \u001b[1m\u001b[33mshop\u001b[39m\u001b[22m')
    expect(await home.run(['search', 'elephant'], {})).toMatchObject({ code: 0, stdout: '' })
    expect(await home.run(['search', '"', '(', 'AND'], {})).toMatchObject({ code: 0, stdout: '' })
    expect(await home.misused('search')).toContain('words')
  })

  behaviour(['review.other'], 'a review goes to somebody else, and may come back', async () => {
    using home = new Home()
    const id = await home.create('reviewed')
    await home.ok('claim', id)
    expect(await home.refused('review', id)).toContain('it is running')
    await home.ok('stop', id, '--destination', 'ready')
    await home.ok('review', id, '--summary', 'please look')
    expect(await home.refused('complete', id)).toContain('the reviewer must be somebody else')
    const bob = { env: { YARD_USER: 'bob' } }
    const sent = await home.run(['send-back', id, 'wrong', 'file', '--json'], bob)
    expect(JSON.parse(sent.stdout)).toMatchObject({ id, status: 'ready' })
    expect(await home.json('show', id)).toMatchObject({ comments: [{ author: 'bob', body: 'wrong file' }] })
    await home.ok('review', id)
    expect((await home.run(['complete', id], bob)).code).toBe(0)
    expect(await home.refused('send-back', id, 'again')).toContain('only cards in review')
    expect(await home.misused('review', id, id, '--summary', 'x')).toContain('belong to one task')
  })

  behaviour(
    ['cli.assign', 'assign.running'],
    'assign takes a profile or none, and is refused while the card runs',
    async () => {
      using home = new Home()
      const id = await home.create('x')
      expect(await home.json('assign', id, 'shell')).toMatchObject({ assignee: 'shell' })
      expect((await home.yard('assign', id, 'shel')).stderr).toContain('Did you mean shell?')
      expect(await home.json('assign', id, 'none')).toMatchObject({ assignee: null })
      await home.ok('claim', id)
      expect(await home.refused('assign', id, 'shell')).toContain('it is running')
    },
  )

  behaviour(['cli.link', 'link.refusals'], 'link and unlink take parent and child', async () => {
    using home = new Home()
    const [a, b, c] = [await home.create('a'), await home.create('b'), await home.create('c')]
    expect(await home.json('link', a, b)).toEqual({ parent_id: a, child_id: b, linked: true })
    await home.ok('link', b, c)
    expect(await home.json('why', b)).toMatchObject({ status: 'todo' })
    expect(await home.refused('link', a, a)).toContain('to itself')
    expect(await home.refused('link', c, a)).toContain('wait for each other for ever')
    expect(await home.refused('link', a, 't_00000000')).toContain('t_00000000')
    expect(await home.json('unlink', a, b)).toEqual({ parent_id: a, child_id: b, unlinked: true })
    expect(await home.json('why', b)).toMatchObject({ status: 'ready' })
    expect((await home.yard('unlink', a, b)).code).toBe(1)
  })

  behaviour('cli.comment', 'comment takes words, standard input and an author', async () => {
    using home = new Home()
    const id = await home.create('x')
    expect(await home.json('comment', id, 'two', 'words')).toMatchObject({
      author: 'alice',
      body: 'two words',
    })
    const piped = await home.run(['comment', id, '-', '--author', 'mia', '--json'], {
      stdin: 'from a file\n',
    })
    expect(JSON.parse(piped.stdout)).toMatchObject({ author: 'mia', body: 'from a file' })
    expect(await home.refused('comment', id, '  ')).toContain('the comment is empty')
  })

  test('edit changes what is named and nothing else', async () => {
    using home = new Home()
    const id = await home.create(
      'old',
      '--body',
      'keep me',
      '--skill',
      'a',
      '--tenant',
      'acme',
      '--max-runtime',
      '2h',
    )
    expect(await home.json('edit', id, '--title', 'new', '--priority', '3')).toMatchObject({
      title: 'new',
      priority: 3,
      body: 'keep me',
      tenant: 'acme',
      skills: ['a'],
    })
    expect(
      await home.json(
        'edit',
        id,
        '--tenant',
        'none',
        '--skill',
        'none',
        '--max-runtime',
        'none',
        '--body',
        '',
      ),
    ).toMatchObject({ tenant: null, skills: null, max_runtime_seconds: null, body: null })
    expect(await home.misused('edit', id)).toContain('Nothing to change')
    expect(await home.refused('edit', id, '--title', ' ')).toContain('needs a title')
  })

  behaviour('move.table', 'move goes by whatever verb leads there, or says why not', async () => {
    using home = new Home()
    const id = await home.create('x', '--triage')
    expect(await home.json('move', id, 'ready')).toMatchObject({ status: 'ready' })
    expect(await home.json('move', id, 'blocked', '--reason', 'hm')).toMatchObject({ status: 'blocked' })
    expect(await home.json('move', id, 'todo')).toMatchObject({ status: 'ready' })
    expect(await home.refused('move', id, 'running')).toContain('yard claim')
    expect(await home.json('move', id, 'done', '--summary', 's')).toMatchObject({ status: 'done' })
    expect(await home.refused('move', id, 'blocked')).toContain('it is done')
    expect(await home.json('move', id, 'ready')).toMatchObject({ status: 'ready' })
    expect(await home.json('move', id, 'archived')).toMatchObject({ status: 'archived' })
  })

  test('stop and retry: a stopped card stays down until somebody wants another attempt', async () => {
    using home = new Home()
    const id = await home.create('x')
    expect(await home.refused('stop', id)).toContain('nothing runs for it')
    await home.ok('claim', id)
    expect((await home.json<Bulk>('stop', id, '--reason', 'wrong branch')).results).toMatchObject([
      { ok: true, task: { status: 'blocked' } },
    ])
    expect((await home.json<Bulk>('retry', id, '--attempts', '2')).results).toMatchObject([
      { ok: true, task: { status: 'ready' } },
    ])
    await home.ok('complete', id)
    expect((await home.json<Bulk>('retry', id)).results).toMatchObject([
      { ok: true, task: { status: 'ready' } },
    ])
    await home.ok('archive', id)
    expect(await home.refused('retry', id)).toContain('restore-task')
  })

  test('pause holds the board, a profile or a card, and says what it holds', async () => {
    using home = new Home()
    const id = await home.create('x')
    expect(await home.json('pause', id, '--reason', 'later')).toMatchObject({
      scope: 'task',
      target: id,
      reason: 'later',
      starting_runs: [],
    })
    expect(await home.json('pause', 'coder')).toMatchObject({ scope: 'profile', target: 'coder' })
    expect(await home.json('pause')).toMatchObject({ scope: 'board' })
    expect(await home.refused('claim', id)).toContain('later')
    expect(await home.json('resume', id)).toMatchObject({ lifted: [{ kind: 'pause', reason: 'later' }] })
    expect(await home.refused('pause', 't_00000000')).toContain('not found')
  })

  behaviour('cli.notify', 'notify-subscribe, -list and -unsubscribe keep the chats of a card', async () => {
    using home = new Home()
    const id = await home.create('x')
    const chat = ['--platform', 'telegram', '--chat-id', '42']
    expect(
      await home.json('notify-subscribe', id, ...chat, '--thread-id', '7', '--user-id', 'u'),
    ).toMatchObject({ task_id: id, thread_id: '7', subscribed: true })
    expect(await home.json('notify-subscribe', id, ...chat)).toMatchObject({ subscribed: true })
    expect(await home.json('notify-subscribe', id, ...chat)).toMatchObject({ subscribed: false })
    const listed = await home.json<object[]>('notify-list', id)
    expect(listed).toHaveLength(2)
    expect(listed).toContainEqual(
      expect.objectContaining({
        task_id: id,
        platform: 'telegram',
        chat_id: '42',
        thread_id: '7',
        user_id: 'u',
      }),
    )
    expect(await home.ok('notify-unsubscribe', id, ...chat)).toContain('no longer follows')
    expect((await home.yard('notify-unsubscribe', id, ...chat)).code).toBe(1)
    expect(await home.json('notify-list')).toHaveLength(1)
    expect(await home.misused('notify-subscribe', id, '--platform', 'telegram')).toContain('--chat-id')
    expect(await home.refused('notify-subscribe', 't_00000000', ...chat)).toContain('not found')
  })
})
