import { spawn } from 'node:child_process'
import { once } from 'node:events'
import { mkdirSync, mkdtempSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { drivenBy, type CliAgent, type Condition } from '../../src/domain/cli-agent.ts'
import { compileStart } from '../../src/agents/compile-start.ts'
import { CLI_AGENTS } from '../../src/agents/table.ts'
import { DISPATCHER } from '../../src/dispatch/deps.ts'
import { newUuid } from '../../src/lib/ids.ts'
import { ownIdentity } from '../../src/lib/process-identity.ts'
import { serveRunTools } from '../../src/runner/serve-tools.ts'
import { CLIENTS, writeSettings, type Client } from '../../test/realclients/clients.ts'
import { installedAgent } from '../../test/realclients/install-agent.ts'
import { ScriptedModel } from '../../test/realclients/scripted-model.ts'
import { BENCH_POLICY, newBoardFile, openBoard, PERSON, type OpenedBoard } from '../harness/boards.ts'
import { verdict, type BenchContext, type Case, type Row } from '../harness/case.ts'
import { newHome, startGateway, type Home } from '../harness/home.ts'
import { isCounted, residentMbOf } from '../harness/processes.ts'
import { markdownTable } from '../harness/report.ts'
import { interleaved } from '../harness/rounds.ts'
import { median, number, range, spread } from '../harness/statistics.ts'
import { sleep } from '../harness/time.ts'
import { BOOT_ID, LOG_FOLDER } from '../harness/subject.ts'

const TARGET = { overheadMs: 150, runnerMb: 65 } as const
const AGENTS = ['claude', 'codex'] as const
const VARIANTS = ['hand', 'card'] as const
const TITLE = 'Paint the door [[paints]]'

export const agent: Case = {
  name: 'agent',
  about:
    'A real agent with a scripted model: from the acknowledged card until nothing of its run is left, against the same command line with the same model and the same tools from its start to its exit; and the memory of the runner meanwhile.',
  run: async (context) => {
    const rows: Row[] = []
    const details: string[][] = []
    const skipped: string[] = []
    for (const name of AGENTS) {
      const found = CLI_AGENTS.find((each) => each.name === name)
      // By hand it is told everything at its start.
      const row = found === undefined ? null : drivenBy(found, 'command')
      const installed = installedAgent(name)
      if (row === null || !installed.ok) {
        skipped.push(`${name} was not measured: ${installed.ok ? 'it has no row' : installed.reason}.`)
        continue
      }
      const measured = await measure(row, installed.program, context)
      rows.push(...measured.rows)
      details.push(measured.detail)
    }
    for (const sentence of skipped) console.log(`agent: ${sentence}`)
    const table =
      details.length === 0
        ? ''
        : markdownTable(['ms', 'by hand', 'as a card', 'on top, round by round'], details)
    return { rows, details: [table, ...skipped].filter(Boolean).join('\n\n') }
  },
}

async function measure(
  row: CliAgent,
  program: string,
  { quick, folder, say }: BenchContext,
): Promise<{ rows: Row[]; detail: string[] }> {
  const home = newHome(folder)
  await using model = await ScriptedModel.open()
  model.script('paints', [{ tool: 'kanban_complete', args: { summary: 'it is blue' } }, { say: 'All done.' }])
  const client = CLIENTS[row.name]?.(model.url)
  if (client === undefined) throw new Error(`how ${row.name} is pointed at a model is not known`)
  writeSettings(client, home.env['HOME'] ?? folder)
  mkdirSync(home.paths.profiles, { recursive: true })
  const profile = {
    agent: row.name,
    driver: row.driver,
    command: [program],
    environment: { set: client.set },
    ...client.profile,
  }
  writeFileSync(join(home.paths.profiles, 'painter.md'), `---\n${JSON.stringify(profile)}\n---\n`)
  await using byHand = openBoard(newBoardFile(folder))
  await using _gateway = await startGateway(home)
  await using board = openBoard(home.paths.database)
  let runnerMb = 0
  const measureOne = async (variant: (typeof VARIANTS)[number], round: number): Promise<number> => {
    say(`${row.name}, round ${round + 1}, ${variant === 'hand' ? 'by hand' : 'as a card'}`)
    if (variant === 'hand') return startByHand(row, program, client, home, byHand, folder)
    const seen = await runCard(board)
    runnerMb = Math.max(runnerMb, seen.runnerMb)
    return seen.ms
  }
  for (const variant of VARIANTS) await measureOne(variant, -1)
  const times = await interleaved(VARIANTS, quick ? 3 : 15, measureOne)
  const onTop = times.card.map((ms, round) => ms - (times.hand[round] ?? Number.NaN))
  const memory: Row = {
    what: `… its runner, memory at the most (RSS)`,
    target: `≤ ${TARGET.runnerMb} MB`,
    measured: `${number(runnerMb)} MB`,
    verdict: verdict(runnerMb <= TARGET.runnerMb),
  }
  return {
    rows: [
      {
        what: `a run of ${row.name}, on top of starting it by hand`,
        target: `≤ ${TARGET.overheadMs} ms`,
        measured: range(spread(onTop), ' ms'),
        verdict: verdict(median(onTop) <= TARGET.overheadMs),
      },
      ...(isCounted ? [memory] : []),
    ],
    detail: [row.name, range(spread(times.hand)), range(spread(times.card)), range(spread(onTop))],
  }
}

/** The same command line, given tools of a run that nobody watches; from its start to its exit. */
async function startByHand(
  row: CliAgent,
  program: string,
  client: Client,
  home: Home,
  board: OpenedBoard,
  parent: string,
): Promise<number> {
  const folder = mkdtempSync(join(parent, 'hand-'))
  const workspace = join(folder, 'workspace')
  mkdirSync(workspace)
  const { task } = await board.kernel.createTask({ title: TITLE, assignee: 'painter' }, PERSON)
  const opened = await board.kernel.openRun(
    {
      taskId: task.id,
      profile: 'painter',
      bootId: BOOT_ID,
      claimLock: 'bench-host:4711',
      maxRuntimeSeconds: 3600,
      workspace: { path: workspace, kind: 'scratch', repository: null, branch: null },
      logFolder: LOG_FOLDER,
      policy: BENCH_POLICY,
      caps: { board: 1_000, profile: 1_000 },
    },
    DISPATCHER,
  )
  if ('refused' in opened) throw new Error(opened.refused.text)
  const capability = { runId: opened.runId, secret: opened.secret }
  await board.kernel.startRun(capability, ownIdentity())
  const tools = await serveRunTools({
    kernel: board.kernel,
    capability,
    taskId: task.id,
    profile: 'painter',
    workspace,
    orchestrator: false,
    attachments: { folder: join(folder, 'attachments') },
    mask: (text) => text,
  })
  try {
    const model = client.profile['model']
    const start = compileStart(row, {
      values: {
        prompt: `${TITLE}: call kanban_complete when it is done.`,
        session: newUuid(),
        workspace,
        folder,
        mcp_url: tools.url,
        mcp_token: tools.token,
        home: home.env['HOME'] ?? folder,
        ...(typeof model === 'string' ? { model } : {}),
      },
      conditions: new Set<Condition>([
        row.permissions.usual,
        ...(model === undefined ? [] : ['model' as const]),
      ]),
      more: [],
      folder,
    })
    for (const { name, content, mode } of start.files) writeFileSync(join(folder, name), content, { mode })
    const startedAt = performance.now()
    const child = spawn(program, start.arguments, {
      cwd: workspace,
      env: { ...home.env, TMPDIR: folder, ...client.set, ...start.env },
      stdio: ['pipe', 'pipe', 'pipe'],
    })
    child.stdout.resume()
    child.stderr.resume()
    child.stdin.end(start.stdin ?? '')
    const [code] = (await once(child, 'close')) as [number | null]
    const ms = performance.now() - startedAt
    const { status } = await board.kernel.getTask(task.id)
    if (code !== 0 || status !== 'done')
      throw new Error(`${row.name}, started by hand, ended with ${code}, and its card is ${status}`)
    return ms
  } finally {
    await tools.close()
  }
}

/** From the acknowledged card until its worker and everything it started are proven gone. */
async function runCard({ kernel }: OpenedBoard): Promise<{ ms: number; runnerMb: number }> {
  const { task } = await kernel.createTask({ title: TITLE, assignee: 'painter' }, PERSON)
  const startedAt = performance.now()
  let runnerMb = 0
  let hasRun = false
  for (; performance.now() - startedAt < 60_000; await sleep(5)) {
    const run = (await kernel.listLiveRuns()).find(({ taskId }) => taskId === task.id)
    if (run === undefined && hasRun) break
    hasRun ||= run !== undefined
    if (isCounted && run?.runner != null) runnerMb = Math.max(runnerMb, memoryOf(run.runner.pid))
  }
  const ms = performance.now() - startedAt
  const { status } = await kernel.getTask(task.id)
  if (status !== 'done') throw new Error(`${task.id} is ${status} instead of done`)
  return { ms, runnerMb }
}

/** Of a process that may just have ended. */
function memoryOf(pid: number): number {
  try {
    return residentMbOf(pid)
  } catch {
    return 0
  }
}
