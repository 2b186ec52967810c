import { command, type Line } from '../command.ts'
import type { Context } from '../context.ts'
import { systemClock } from '../../lib/clock.ts'
import { layOut } from '../demo/props.ts'
import { Stage } from '../demo/stage.ts'
import { STORIES } from '../demo/stories.ts'

export const demo = command({
  about:
    'Plays four stories on a board of its own, with real processes, and cleans up behind itself. Your own board is not touched.',
  effect: 'reads',
  examples: ['yard demo'],
  run: (context) => Promise.resolve({ lines: play(context) }),
})

async function* play({ services, env, signal }: Context): AsyncGenerator<Line> {
  const startedAt = systemClock.monotonicMs()
  await using stage = new Stage(services.gateway.program, env)
  yield say('intro', `A throw-away board in ${stage.home}`)
  layOut(stage)
  await stage.open()
  const shown: string[] = []
  for (const [index, { title, play: tell }] of STORIES.entries()) {
    yield heading(index + 1, title)
    const story = tell(stage)
    for (;;) {
      if (signal.aborted) return
      const step = await story.next()
      if (step.done === true) {
        shown.push(`${title}: ${step.value}`)
        break
      }
      yield say(title, step.value)
    }
  }
  const seconds = Math.round((systemClock.monotonicMs() - startedAt) / 1000)
  const stats = await stage.json<{ by_status: Record<string, number> }>('stats')
  yield {
    data: { summary: shown, seconds, by_status: stats.by_status },
    text: (style) =>
      [
        '',
        style.paint('bold', `Done in ${seconds} s.`),
        ...shown.map((line) => `  ${style.paint('green', '✔')} ${line}`),
        '',
        `Your own board: ${style.paint('cyan', 'yard init')}, then ${style.paint('cyan', 'yard gateway start')}`,
      ].join('\n'),
  }
}

const heading = (number: number, title: string): Line => ({
  data: { story: number, title },
  text: (style) => `\n${style.paint('bold', `${number}. ${title}`)}`,
})

const say = (story: string, text: string): Line => ({ data: { story, text }, text: () => `   ${text}` })
