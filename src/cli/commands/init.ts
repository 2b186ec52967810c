import { command } from '../command.ts'
import { count } from '../../lib/amounts.ts'

export const init = command({
  about: 'Makes home and board, unless they are there, lists the profiles found, and says what comes next.',
  effect: 'changes',
  examples: ['yard init'],
  async run({ kernel: open, services, paths }) {
    const { deps } = await open()
    const profiles = (await services.profiles()).list()
    const usable = profiles.flatMap((finding) => (finding.state === 'found' ? [finding.profile.name] : []))
    const broken = profiles.flatMap((finding) => (finding.state === 'broken' ? [finding] : []))
    const own = profiles.filter((finding) => finding.state === 'broken' || finding.profile.file !== null)
    const { running } = await services.gateway.status()
    const next = [
      ...(own.length === 0 ? ['yard profile create coder'] : []),
      `yard create "<title>" --assignee ${usable[0] ?? '<profile>'}`,
      ...(running ? [] : ['yard gateway start']),
    ]
    return {
      data: {
        home: paths.home,
        board: deps.store.location,
        board_id: deps.store.boardId,
        profiles: usable,
        next,
      },
      text: (style) =>
        [
          `${style.paint('dim', 'home      ')}${paths.home}`,
          `${style.paint('dim', 'board     ')}${deps.store.location}`,
          `${style.paint('dim', 'profiles  ')}${usable.join(', ')}`,
          '',
          'Next:',
          ...next.map((step) => `  ${style.paint('cyan', step)}`),
        ].join('\n'),
      warnings: broken.map(
        ({ name, problems }) =>
          `Profile ${name} cannot be used: ${count(problems.length, 'problem')}: ${problems.join('; ')}`,
      ),
    }
  },
})
