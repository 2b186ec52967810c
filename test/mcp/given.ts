/** A run with its tools served, and real clients that call them. */
import { mkdirSync, mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { Client, StreamableHTTPClientTransport, type Transport } from '@modelcontextprotocol/client'
import type { Task } from '../../src/domain/task.ts'
import { serveRunTools, type RunTools, type RunToolsOptions } from '../../src/runner/serve-tools.ts'
import type { TestDatabase } from '../helpers/boards.ts'
import { openTestKernel, type GivenCard, type OpenedRun, type TestKernel } from '../helpers/kernel.ts'

export const ERAS = ['legacy', 'modern'] as const
export type Era = (typeof ERAS)[number]

/** What a tool answered. */
export type Answer = Record<string, unknown> & { readonly isError: boolean }

export interface ToolClient extends AsyncDisposable {
  readonly client: Client
  call(name: string, input?: Record<string, unknown>): Promise<Answer>
  /** Throws unless the tool did what it was asked. */
  ok(name: string, input?: Record<string, unknown>): Promise<Answer>
  /** Throws unless the tool was refused. */
  refused(name: string, input?: Record<string, unknown>): Promise<Answer>
  tools(): Promise<string[]>
}

export async function connect(transport: Transport, era: Era = 'legacy'): Promise<ToolClient> {
  const client = new Client(
    { name: 'test', version: '1' },
    { versionNegotiation: { mode: era === 'legacy' ? 'legacy' : 'auto' } },
  )
  await client.connect(transport)
  const call: ToolClient['call'] = async (name, input = {}) => {
    const { content, isError = false } = await client.callTool({ name, arguments: input })
    const [only] = content
    if (content.length !== 1 || only?.type !== 'text') throw new Error('an answer is one text')
    return { isError, ...(JSON.parse(only.text) as Record<string, unknown>) }
  }
  const expecting =
    (wanted: boolean): ToolClient['call'] =>
    async (name, input) => {
      const answer = await call(name, input)
      if (answer.isError === wanted || answer['ok'] !== wanted)
        throw new Error(`${name} answered ${JSON.stringify(answer)}`)
      return answer
    }
  return {
    client,
    call,
    ok: expecting(true),
    refused: expecting(false),
    tools: async () => (await client.listTools()).tools.map(({ name }) => name),
    [Symbol.asyncDispose]: () => client.close(),
  }
}

export const overHttp = ({ url, token }: Pick<RunTools, 'url' | 'token'>): Transport =>
  new StreamableHTTPClientTransport(new URL(url), {
    requestInit: { headers: { authorization: `Bearer ${token}` } },
  })

export interface ServedRun extends ToolClient {
  readonly board: TestKernel
  readonly card: Task
  readonly run: OpenedRun
  /** Where the tools are, and the token. */
  readonly served: RunTools
  readonly workspace: string
  /** What the runner was told, in order. */
  readonly told: string[]
}

export interface ServedOptions extends Partial<
  Pick<RunToolsOptions, 'orchestrator' | 'mask' | 'screen' | 'profiles' | 'missingSkills'>
> {
  readonly card?: GivenCard
  /** Instead of a new card: one that is ready. */
  readonly of?: Task
  readonly era?: Era
  readonly board?: TestKernel
  readonly maxBytes?: number
  /** False: nobody in this process connects. */
  readonly connects?: boolean
}

/** A card with an open run, the run's tools, and a client that has the token. */
export async function serveRun(
  database: TestDatabase,
  { card: given, of, era, board: shared, maxBytes, connects = true, ...options }: ServedOptions = {},
): Promise<ServedRun> {
  const board = shared ?? (await openTestKernel(database))
  const folder = mkdtempSync(join(tmpdir(), 'yard-mcp-'))
  const workspace = join(folder, 'workspace')
  mkdirSync(workspace)
  const card = of ?? (await board.given({ assignee: 'coder', ...given }))
  const run = await board.run(card)
  await run.start()
  const told: string[] = []
  const tools = await serveRunTools({
    kernel: board.kernel,
    capability: { runId: run.id, secret: run.secret },
    taskId: card.id,
    profile: card.assignee ?? '',
    workspace,
    orchestrator: false,
    attachments: { folder: join(folder, 'attachments'), ...(maxBytes === undefined ? {} : { maxBytes }) },
    mask: (text) => text,
    onActivity: () => told.push('activity'),
    onVerdict: (verdict) => told.push(verdict),
    onTurnedAway: (sentence) => told.push(sentence),
    onBug: (error) => told.push(String(error)),
    ...options,
  })
  const client = connects ? await connect(overHttp(tools), era) : unconnected()
  return {
    ...client,
    board,
    card,
    run,
    served: tools,
    workspace,
    told,
    async [Symbol.asyncDispose]() {
      await client[Symbol.asyncDispose]()
      await tools.close()
      if (shared === undefined) await board[Symbol.asyncDispose]()
      rmSync(folder, { recursive: true, force: true })
    },
  }
}

function unconnected(): ToolClient {
  const nobody = () => Promise.reject(new Error('nobody is connected'))
  return {
    client: new Client({ name: 'nobody', version: '1' }),
    call: nobody,
    ok: nobody,
    refused: nobody,
    tools: nobody,
    [Symbol.asyncDispose]: () => Promise.resolve(),
  }
}
