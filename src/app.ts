/** Wires the house together: one home, its configuration and environment read once, everything opened on first use. */
import { join } from 'node:path'
import type { App } from './cli/main.ts'
import { notFound } from './domain/errors.ts'
import type { Settings } from './contract/config.ts'
import { DEFAULT_BOARD_POLICY, thisHost, type KernelDeps } from './kernel/deps.ts'
import { openKernel, type Kernel } from './kernel/kernel.ts'
import { homeFolder, homePaths, type HomePaths } from './lib/paths.ts'
import { liveness } from './lib/process-identity.ts'
import { openServices } from './app/services.ts'
import { once } from './app/wiring.ts'
import { policyOf, settingsIfAny } from './app/settings.ts'
import { boardOfWorker, boardPlace, openBoard, type OpenedBoard } from './app/open-board.ts'
import { checkTestHome } from './store/registry.ts'
import type { Store } from './store/connection.ts'
import type { FileScreen } from './workspaces/attachment-store.ts'

export interface AppOptions {
  readonly env: NodeJS.ProcessEnv
  readonly version: string
  /** How this program is started, for whoever has to start it again. */
  readonly program: readonly [string, ...string[]]
}

export async function openApp({ env, version, program }: AppOptions): Promise<App> {
  const paths = homePaths(homeFolder(env))
  checkTestHome(paths.home, env)
  const settings = () => settingsIfAny(paths, env)
  const database = async () => (await settings())?.kanban.database ?? boardOfWorker(env)
  const opened = once<OpenedBoard>(async () => openBoard(paths, await database(), env))
  let store: Store | undefined
  let policy: KernelDeps['policy'] | undefined
  let screen: FileScreen | undefined
  const kernel: () => Promise<Kernel> = once(async () => {
    const configured = await settings()
    const configuredPolicy = configured === null ? DEFAULT_BOARD_POLICY : policyOf(configured)
    const opening = await opened()
    store = opening.store
    return openKernel({
      store: opening.store,
      policy: (profile) => policy?.(profile) ?? configuredPolicy,
      host: thisHost(),
      collectArtifacts: collector(
        () => kernel(),
        paths,
        settings,
        () => screen,
      ),
      pokeRunner,
    })
  })
  const services = openServices({
    paths,
    env,
    version,
    program,
    kernel,
    address: async () => (await opened()).address,
    place: async () => boardPlace(paths, await database()),
    usePolicy: (live) => {
      policy = live
    },
    useScreen: (wanted) => {
      screen = wanted
    },
    screen: () => screen,
  })
  return {
    paths,
    isTestHome: env['YARD_TEST'] === '1',
    kernel,
    services,
    async [Symbol.asyncDispose]() {
      await store?.[Symbol.asyncDispose]()
    },
  }
}

/** A hint to a run's own process on this machine that it should look at the board. */
const pokeRunner: KernelDeps['pokeRunner'] = ({ host, runner }) => {
  if (runner === null || host !== thisHost() || liveness(runner) !== 'alive') return
  try {
    process.kill(runner.pid, 'SIGUSR2')
  } catch {
    // It ended in this very moment.
  }
}

/** Copies declared files of a card's workspace into the attachment store before their completion is acknowledged. */
const collector =
  (
    kernel: () => Promise<Kernel>,
    paths: HomePaths,
    settings: () => Promise<Settings | null>,
    screen: () => FileScreen | undefined,
  ): KernelDeps['collectArtifacts'] =>
  async (task, names) => {
    const [{ attachmentStore }, { collectArtifacts }] = await Promise.all([
      import('./workspaces/attachment-store.ts'),
      import('./workspaces/collect-artifacts.ts'),
    ])
    const known = (await (await kernel()).listWorkspaces())
      .filter((workspace) => workspace.taskId === task.id)
      .at(-1)
    const workspace = known?.path ?? task.workspacePath ?? join(paths.workspaces, task.id)
    const configured = await settings()
    const { stored, refused } = await collectArtifacts({
      store: attachmentStore(paths.attachments),
      workspace,
      names,
      screen: screen(),
      ...(configured === null ? {} : { maxBytes: configured.attachments.max_mb * 2 ** 20 }),
    })
    if (refused.length > 0) {
      const list = refused.map(({ name, reason }) => `${name}: ${reason}`).join('\n')
      throw notFound(
        'artifact_not_kept',
        `Cannot complete ${task.id}: not every file of metadata.artifacts could be kept.\n${list}\nNothing was changed. Correct the list and report again.`,
        { refused },
      )
    }
    return stored.map(({ name, size, digest, mime }) => ({ name, size, digest, mime: mime ?? null }))
  }
