/** What answers beside the operations, to whoever may read the board: its description, its measures, the dashboard. */
import type { Context, Hono } from 'hono'
import type { Caller, PersonCaller } from './caller.ts'
import type { Env } from './http-app.ts'
import type { StaticFiles } from './pages/static-files.ts'
import { welcomePage } from './pages/welcome-page.ts'
import { Refusal } from './refusal.ts'
import { data, json, page } from './respond.ts'

export interface PagesDeps {
  readonly version: string
  readonly cookieName: string
  readonly files: StaticFiles
  /** Where the board is, fit to be shown. */
  readonly location: string
  /** Measures in the text format of Prometheus. */
  readonly metrics: () => Promise<{ readonly type: string; readonly text: string }>
}

const HTML = 'text/html; charset=utf-8'
const FOREVER = 'private, max-age=31536000, immutable'

export const pageRoutes =
  ({ version, cookieName, files, location, metrics }: PagesDeps) =>
  (app: Hono<Env>): void => {
    // Loaded and made when somebody asks first: a gateway that nobody asks does not pay for it.
    const describe = async () =>
      (await import('./openapi/document.ts')).openApiDocument({ version, cookieName })
    let document: ReturnType<typeof describe> | undefined
    const described = () => (document ??= describe())

    app.get('/api/openapi.json', async ({ var: { requestId } }) => json(await described(), requestId))
    app.get('/api/docs', async () => {
      const { docsPage } = await import('./pages/docs-page.ts')
      return page(String(await docsPage(await described())), HTML)
    })
    app.get('/metrics', async ({ var: { requestId, admitted } }) => {
      assertPerson(admitted.caller)
      const { type, text } = await metrics()
      return data(text, requestId, { headers: { 'content-type': type } })
    })
    app.get('/*', async (context, next) => (await fileFor(files, context)) ?? next())
    app.get('/', async ({ var: { admitted } }) => {
      const { caller } = admitted
      assertPerson(caller)
      return page(String(await welcomePage({ name: caller.name, scope: caller.scope, location })), HTML)
    })
  }

function assertPerson(caller: Caller): asserts caller is PersonCaller {
  if (caller.kind === 'worker')
    throw new Refusal(
      403,
      'worker_denied',
      'The token of a run is not good for this.',
      'Ask for your own task and run.',
    )
}

/** A file of the dashboard; for an address inside the dashboard its page. */
async function fileFor(
  files: StaticFiles,
  { req, var: { admitted } }: Context<Env>,
): Promise<Response | null> {
  if (req.path.startsWith('/api/')) return null
  const name = req.path.slice(1)
  const isPlace = !name.includes('.')
  const file = await files.read(isPlace ? 'index.html' : name)
  if (file === null) return null
  assertPerson(admitted.caller)
  return page(file.bytes, file.type, { headers: file.isForever ? { 'cache-control': FOREVER } : {} })
}
