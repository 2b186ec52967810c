/**
 * What the real programs print when their provider refuses them, as recorded: test/fixtures/refusals holds, for every agent,
 * the lines about it from a run against a scripted provider (of long series the first and the last three).
 */
import { readdirSync, readFileSync } from 'node:fs'
import { basename, join } from 'node:path'
import { describe, expect, test } from 'vitest'
import { AgentFindings } from '../../src/agents/findings.ts'
import type { CliAgent, ErrorClass } from '../../src/domain/cli-agent.ts'
import { toldRefusals } from '../../src/agents/refusal-preload.ts'
import { readErrorLines } from '../../src/agents/output/read-error-lines.ts'
import { openOutput } from '../../src/agents/output/read-output.ts'
import { CLI_AGENTS } from '../../src/agents/table.ts'

interface Recording {
  /** Of the program that printed it. */
  readonly version: string
  readonly endings: Readonly<Record<Exclude<ErrorClass, 'refused'>, Printed>>
  /** When it kept a tool from its model, where it tells of that. */
  readonly refused?: Printed
}
interface Printed {
  readonly stdout: readonly string[]
  readonly stderr: readonly string[]
}

const folder = join(import.meta.dirname, '../fixtures/refusals')
const NOW = 1_795_597_000

/** What a runner makes of it. */
async function findingsOf(agent: CliAgent, { stdout, stderr }: Printed): Promise<AgentFindings> {
  const findings = new AgentFindings(agent, () => NOW)
  const reader = await openOutput(agent.output)
  const errorLines = readErrorLines(toldRefusals(agent))
  const bytes = (lines: readonly string[]) => Buffer.from(lines.map((line) => `${line}\n`).join(''))
  for (const item of [...errorLines(bytes(stderr)), ...reader.push(bytes(stdout)), ...reader.end()])
    findings.take(item)
  findings.readErrorOutput(stderr.join('\n'))
  return findings
}

describe.each(
  readdirSync(folder).map((file) => {
    const name = basename(file, '.json')
    const agent = CLI_AGENTS.find((each) => each.name === name)
    if (agent === undefined) throw new Error(`there is no agent ${name}`)
    return { name, agent, recording: JSON.parse(readFileSync(join(folder, file), 'utf8')) as Recording }
  }),
)('F32 F33 F36 what $name prints', ({ name, agent, recording }) => {
  test('was recorded with the version that is tested', () => {
    expect(recording.version).toBe(agent.version.tested)
  })

  test.each(Object.entries(recording.endings))('is known for %s', async (found, printed) => {
    expect((await findingsOf(agent, printed)).problem).toMatchObject({ class: found })
  })

  test.runIf(recording.refused !== undefined)(
    'is known for a tool that was kept from the model',
    async () => {
      const { refused, problem } = await findingsOf(agent, recording.refused!)
      expect(refused).toMatch(/allow|permission/i)
      expect(problem).toBeNull()
    },
  )

  test('says when its provider may be asked again, where the provider said so', async () => {
    const { problem } = await findingsOf(agent, recording.endings.quota)
    // Codex keeps the provider's words to itself.
    expect(problem?.retryAt).toBe(name === 'codex' ? null : NOW + 4)
  })
})
