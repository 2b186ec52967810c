import { describe, expect, test } from 'vitest'
import { loadConfig } from '../../src/contract/load-config.ts'
import { readYaml } from '../../src/lib/read-yaml.ts'
import { behaviour } from '../behaviours.ts'

const load = (text: string) => loadConfig({ file: 'config.yaml', text, env: {}, readYaml }).settings.agents

function problems(text: string): readonly string[] {
  try {
    load(text)
    return []
  } catch (error) {
    return (error as { details: { problems: string[] } }).details.problems
  }
}

describe('agents of one’s own', () => {
  behaviour('agents.own', 'need a program, and have sound values for everything else', () => {
    expect(load('agents:\n  mine:\n    program: my-agent\n')).toMatchObject({
      mine: {
        name: 'mine',
        driver: 'command',
        tools: 'cli',
        provider: 'mine',
        arguments: ['{arguments}'],
        promptBy: 'stdin',
        output: 'text',
        sessions: 'none',
        permissions: { offered: ['full'], usual: 'full' },
        version: { arguments: ['--version'], tested: null },
      },
    })
    expect(load('agents: { live: { program: my-agent, driver: acp, arguments: [acp] } }')).toMatchObject({
      live: { tools: 'mcp', sessions: 'announced', permissions: { offered: ['full', 'workspace', 'board'] } },
    })
    expect(load('agents: { sums: { program: my-agent, driver: acp, counts: session } }')).toMatchObject({
      sums: { counts: 'session' },
    })
    expect(load('agents:\n')).toEqual({})
  })

  test.each([
    [
      'program: x\n    argumets: []',
      'config.yaml:4: agents.mine.argumets is not a known key. The nearest known key is agents.<name>.arguments.',
    ],
    ['about: A.', 'config.yaml:2: agents.mine.program is missing; it must be the name or path of a program'],
    [
      'program: x\n    driver: tcp',
      'config.yaml:4: agents.mine.driver is "tcp", but it must be one of command, acp, stream-json',
    ],
    [
      'program: x\n    arguments: ["{modle}"]',
      'config.yaml:4: agents.mine.arguments.0 is "{modle}", but it must be without {modle}, which stands for nothing.',
    ],
    [
      'program: x\n    arguments: ["{model}"]',
      'config.yaml:4: agents.mine.arguments.0 is "{model}", but it must be without {model}, or inside {if: model, give: […]} of arguments: not every profile names one',
    ],
    [
      'program: x\n    tools: mcp',
      'config.yaml:4: agents.mine.tools is "mcp", but it must be cli, or {mcp_url} and {mcp_token} must stand in files or env',
    ],
    [
      'program: x\n    tools: mcp\n    arguments: ["{mcp_url}", "{mcp_token}"]',
      'without {mcp_token}, which others could read there',
    ],
    [
      'program: x\n    prompt_by: argument',
      'config.yaml:2: agents.mine.arguments is missing; it must be a list that holds {prompt}, because prompt_by is argument',
    ],
    [
      'program: x\n    errors: [{ words: "(", class: quota }]',
      'config.yaml:4: agents.mine.errors.0.words is "(", but it must be a regular expression',
    ],
    [
      'program: x\n    permissions: { offered: [full], usual: board }',
      'it must be one of those offered: full',
    ],
    [
      'program: x\n    allow: [YARD_HOME]',
      'config.yaml:4: agents.mine.allow.0 is "YARD_HOME", but it must be the name of an environment variable',
    ],
  ])('what would break a run is said with its line: %s', (row, said) => {
    expect(problems(`agents:\n  mine:\n    ${row}\n`).join('\n')).toContain(said)
  })

  test('some names are taken by what is no row', () => {
    expect(problems('agents: { shell: { program: x } }').join('\n')).toContain('config.yaml:1: agents.shell')
    expect(problems('agents: { "My Agent": { program: x } }')).toHaveLength(1)
  })
})
