/** The driver of an agent's run. Loaded only for runs of agents, and of the drivers only the one that is needed. */
import type { AgentDriver, AgentRunOptions } from './drivers/driver.ts'

export async function openDriver(options: AgentRunOptions): Promise<AgentDriver> {
  switch (options.task.cli.driver) {
    case 'command':
      return (await import('./drivers/one-shot.ts')).OneShotDriver.open(options)
    case 'stream-json': {
      const [{ LiveDriver }, { StreamJsonConversation }] = await Promise.all([
        import('./drivers/live.ts'),
        import('./drivers/stream-json.ts'),
      ])
      return new LiveDriver(options, (events) => new StreamJsonConversation(options, events))
    }
    case 'acp': {
      const [{ LiveDriver }, { AcpConversation }] = await Promise.all([
        import('./drivers/live.ts'),
        import('./drivers/acp.ts'),
      ])
      return new LiveDriver(options, (events) => new AcpConversation(options, events))
    }
  }
}
