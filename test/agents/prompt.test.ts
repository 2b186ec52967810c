/** The one document a worker begins with: the golden files show it, for workers with tools and for workers without. */
import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { describe, expect, test } from 'vitest'
import { compilePrompt, continuation, reminder, type PromptParts } from '../../src/agents/prompt.ts'

const skill = (name: string) => ({ name, folder: join(import.meta.dirname, '../../skills', name) })
const golden = (name: string) => join(import.meta.dirname, 'golden', `${name}.md`)

const worker = (tools: PromptParts['tools']): PromptParts => ({
  taskId: 't_card',
  tools,
  context: '# t_card: Paint the door\n\n## Task\n\n<<< task, written by alice\nBoth sides.\n>>>\n',
  instructions: 'You paint doors.\n',
  orchestrator: false,
  skills: [skill('kanban-worker')],
  skillsAre: 'prompt',
})

describe('F56 the document a worker begins with', () => {
  test.each(['mcp', 'cli'] as const)('of a worker that reports by %s', async (tools) => {
    const prompts = [
      compilePrompt(worker(tools)),
      continuation('t_card', 'News.', tools),
      reminder('t_card', tools),
    ]
    await expect(prompts.join('\n=====\n\n')).toMatchFileSnapshot(golden(`worker-${tools}`))
  })

  test.each(['mcp', 'cli'] as const)('of an orchestrator that reports by %s', async (tools) => {
    const prompt = compilePrompt({
      ...worker(tools),
      orchestrator: true,
      skills: [skill('kanban-orchestrator')],
    })
    await expect(prompt).toMatchFileSnapshot(golden(`orchestrator-${tools}`))
  })

  test('names no tool to a worker that has none, except where its command is named beside it', () => {
    for (const orchestrator of [false, true]) {
      const own = compilePrompt({ ...worker('cli'), orchestrator, skills: [] })
      expect(own).not.toContain('kanban_')
    }
    for (const name of ['kanban-worker', 'kanban-orchestrator']) {
      const text = compilePrompt({ ...worker('cli'), skills: [skill(name)] })
      const mapped = new Set(Array.from(text.matchAll(/^\| `(kanban_\w+)`/gm), ([, tool]) => tool))
      const named = new Set(text.match(/kanban_[a-z]\w*/g))
      expect([...named].filter((tool) => !mapped.has(tool))).toEqual([])
    }
  })

  test('the headings of a skill stand below its name, and what looks like one in its code stays', () => {
    const folder = mkdtempSync(join(tmpdir(), 'yard-skill-'))
    try {
      mkdirSync(join(folder, 'deploy'))
      writeFileSync(
        join(folder, 'deploy', 'SKILL.md'),
        '---\nname: deploy\n---\n# Deploying\n\n```sh\n# not a heading\n```\n\n###### Deep\n#hashtag\n',
      )
      const text = compilePrompt({
        ...worker('mcp'),
        skills: [{ name: 'deploy', folder: join(folder, 'deploy') }],
      })
      expect(text).toContain(
        '## deploy\n\n### Deploying\n\n```sh\n# not a heading\n```\n\n###### Deep\n#hashtag\n',
      )
    } finally {
      rmSync(folder, { recursive: true })
    }
  })
})
