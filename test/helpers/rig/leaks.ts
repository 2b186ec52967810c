/** Looks for secrets wherever a run leaves words: in every file of the home, and in every answer of the server and the commands. */
import { readFileSync } from 'node:fs'
import { join, relative } from 'node:path'
import { operations } from '../../../src/contract/operations/table.ts'
import { isMedia } from '../../../src/contract/operations/operation.ts'
import { filesIn } from './invariants.ts'
import type { Rig } from './rig.ts'

/** The ways in which a worker may have printed it. */
const forms = (secret: string): readonly string[] =>
  [
    ...secret.split('\n'),
    Buffer.from(secret).toString('base64').replace(/=+$/, ''),
    Buffer.from(secret).toString('hex'),
    encodeURIComponent(secret),
    JSON.stringify(secret).slice(1, -1),
  ].filter((form) => form.length >= 6)

/** Where any of the secrets was found, in whatever form. Profiles are the user's own and hold what the user wrote there. */
export async function leaksOf(secrets: readonly string[], rig: Rig): Promise<readonly string[]> {
  const wanted = [...new Set(secrets.flatMap(forms))]
  const places: [place: string, content: string][] = filesIn(rig.home)
    .filter((file) => !file.startsWith(join(rig.home, 'profiles')))
    .map((file) => [relative(rig.home, file), contentOf(file)])
  places.push(...(await answers(rig)), ...(await printed(rig)))
  return places.flatMap(([place, content]) =>
    wanted.filter((form) => content.includes(form)).map((form) => `${form} is in ${place}`),
  )
}

/** Empty for a file of a run that has just been put away. */
function contentOf(file: string): string {
  try {
    return readFileSync(file, 'latin1')
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code === 'ENOENT') return ''
    throw error
  }
}

/** What everybody can read who may read everything, about every card and every run. */
async function answers(rig: Rig): Promise<[string, string][]> {
  const { url } = JSON.parse(readFileSync(join(rig.home, 'server.json'), 'utf8')) as { url: string }
  const token = readFileSync(join(rig.home, 'server.token'), 'utf8').trim()
  const [tasks, runs] = [rig.board.tasks(), rig.board.allRuns()]
  const paths = operations
    .filter(
      ({ method, path, output }) => method === 'GET' && !path.startsWith('/profiles') && !isEndless(output),
    )
    .flatMap(({ path }) => {
      const ids = path.startsWith('/runs/') ? runs.map(({ id }) => String(id)) : tasks.map(({ id }) => id)
      return path.includes('{id}') || path.includes(':id')
        ? ids.map((id) => path.replace(/\{id\}|:id/, id))
        : [path]
    })
    .filter((path) => !/[{:]/.test(path))
  return Promise.all(
    paths.map(async (path): Promise<[string, string]> => {
      const response = await fetch(`${url}/api/kanban${path}`, {
        headers: { authorization: `Bearer ${token}` },
      })
      return [`GET ${path}`, await response.text()]
    }),
  )
}

const isEndless = (output: (typeof operations)[number]['output']): boolean =>
  isMedia(output) && output.media === 'text/event-stream'

async function printed(rig: Rig): Promise<[string, string][]> {
  const commands = rig.board
    .tasks()
    .flatMap(({ id }) => ['show', 'log', 'runs', 'context', 'why'].map((verb) => [verb, id]))
  return Promise.all(
    [...commands, ['list'], ['stats']].map(async (words): Promise<[string, string]> => {
      const { stdout, stderr } = await rig.yard(...words)
      return [`yard ${words.join(' ')}`, stdout + stderr]
    }),
  )
}
