/** Every agent of the table, with what is installed of it on this machine. */
import { detectAgents } from '../agents/detect-agents.ts'
import { openProgramVersions } from '../agents/program-version.ts'
import type { AgentTable } from '../agents/table.ts'
import type { AgentState } from '../home/services.ts'
import type { HomePaths } from '../lib/paths.ts'

export async function installedAgents(
  agents: AgentTable,
  paths: Pick<HomePaths, 'agentVersions'>,
  env: NodeJS.ProcessEnv,
): Promise<readonly AgentState[]> {
  const detected = await detectAgents({
    agents: agents.cli,
    env,
    versions: openProgramVersions(paths.agentVersions),
  })
  return agents.names
    .flatMap((name) => agents.find(name) ?? [])
    .map(({ name, about, verdict, cli }) => {
      const found = detected.get(name)
      return {
        name,
        about,
        driver: cli?.driver ?? null,
        otherDriver: cli?.otherwise?.driver ?? null,
        reportsBy: verdict === 'exit-code' ? 'exit code' : cli?.tools === 'mcp' ? 'tools' : 'command',
        program: found?.program ?? null,
        version: found?.version ?? null,
        testedVersion: cli?.version.tested ?? null,
        hasLogin: found?.hasLogin ?? null,
        isOwn: Object.hasOwn(agents.own, name),
        install: cli?.install || null,
      }
    })
}
