/** Every agent of the table, with what is installed of it on this machine. */
import { detectAgents } from '../agents/detect-agents.ts'
import { openProgramVersions } from '../agents/program-version.ts'
import { agentNames, CLI_AGENTS, findAgent } from '../agents/table.ts'
import type { AgentState } from '../home/services.ts'
import type { HomePaths } from '../lib/paths.ts'

export async function installedAgents(
  paths: Pick<HomePaths, 'agentVersions'>,
  env: NodeJS.ProcessEnv,
): Promise<readonly AgentState[]> {
  const detected = await detectAgents({
    agents: CLI_AGENTS,
    env,
    versions: openProgramVersions(paths.agentVersions),
  })
  return agentNames()
    .flatMap((name) => findAgent(name) ?? [])
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
        install: cli?.install || null,
      }
    })
}
