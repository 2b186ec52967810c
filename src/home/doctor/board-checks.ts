/** The board: whether it is sound, and what waits on it for too long. */
import { amountText } from '../../domain/measure.ts'
import { budgetId, grantCommand, standing, stateText } from '../../domain/budget.ts'
import { holdReason } from '../../domain/claim.ts'
import { count, relative, span } from '../../lib/amounts.ts'
import { oneLine } from '../../lib/safe-text.ts'
import { fail, ok, warn, type Check, type Finding } from './check.ts'
import { canOpenBoard, isBoardThere, NO_BOARD } from './no-board.ts'

export const board: Check = {
  name: 'board',
  async look(installation) {
    if (!(await isBoardThere(installation))) return [warn('there is no board yet', 'yard init')]
    const found = await installation.services.board()
    const { dialect, location, schema } = found
    const problems = await found.check()
    if (problems.length > 0)
      return problems.map((problem) =>
        fail(`${location}: ${problem}`, 'yard backup --list, then: yard restore <backup>'),
      )
    return [
      ok(`${location}, ${dialect === 'sqlite' ? 'SQLite' : 'PostgreSQL'}, schema ${schema.version}, sound`),
    ]
  },
}

/** Ready work that should long have been started, in seconds. */
const LONG_READY = 120

export const waiting: Check = {
  name: 'ready tasks',
  async look(installation) {
    if (!(await canOpenBoard(installation))) return NO_BOARD
    const kernel = await installation.kernel()
    const { byStatus, byAssignee, oldestReadyAgeSeconds } = await kernel.getStats()
    const ready = byStatus.ready ?? 0
    if (ready === 0) return [ok('none waits')]
    const unassigned = byAssignee.get('')?.ready ?? 0
    const caps = await installation.services.caps()
    const running = byStatus.running ?? 0
    const facts = `${count(ready, 'ready task')}, the oldest for ${span(oldestReadyAgeSeconds ?? 0)}; ${running} of ${caps.board} running`
    const findings: Finding[] = []
    if (unassigned > 0)
      findings.push(
        warn(
          `${count(unassigned, 'ready task')} ${unassigned === 1 ? 'is' : 'are'} assigned to nobody`,
          'yard list --status ready --assignee none',
        ),
      )
    if (ready > unassigned && running < caps.board && (oldestReadyAgeSeconds ?? 0) > LONG_READY)
      findings.push(
        warn(
          `${facts}: work is ready and there is room, but it is not started`,
          'yard list --status ready, then: yard why <id>',
        ),
      )
    return findings.length > 0 ? findings : [ok(facts)]
  },
}

export const holds: Check = {
  name: 'holds',
  async look(installation) {
    if (!(await canOpenBoard(installation))) return NO_BOARD
    const wide = (await (await installation.kernel()).listHolds()).filter(({ scope }) => scope !== 'task')
    if (wide.length === 0) return [ok('neither the board nor a profile is held')]
    return wide.map((hold) => {
      const { text, owner, lift } = holdReason(hold)
      return warn(
        `${oneLine(text)} (by ${oneLine(owner ?? 'nobody')}, ${relative(hold.since, installation.now)})`,
        lift ?? undefined,
      )
    })
  },
}

export const budgets: Check = {
  name: 'budgets',
  async look(installation) {
    if (!(await canOpenBoard(installation))) return NO_BOARD
    await installation.services.heedProfiles()
    const states = await (await installation.kernel()).listBudgets()
    if (states.length === 0) return [ok('there is none')]
    const findings = states.flatMap((state): Finding[] => {
      const id = budgetId(state)
      const unseen =
        state.measure === 'cost' && state.unpricedTokens > 0
          ? [
              warn(
                `${id} cannot see the cost of ${amountText('tokens', state.unpricedTokens)}: their agents reported none`,
                'budgets.prices in config.yaml, or a budget of tokens',
              ),
            ]
          : []
      switch (standing(state)) {
        case 'reached':
          return [warn(`${stateText(state)}: no run opens`, grantCommand(state)), ...unseen]
        case 'near':
          return [warn(stateText(state), `yard budget show ${id}`), ...unseen]
        case 'free':
          return unseen
      }
    })
    return findings.length > 0 ? findings : [ok(`${count(states.length, 'budget')}, none of them near`)]
  },
}

export const lostRuns: Check = {
  name: 'runs',
  async look(installation) {
    if (!(await canOpenBoard(installation))) return NO_BOARD
    const kernel = await installation.kernel()
    const live = await kernel.listLiveRuns()
    const lost = live.filter(
      ({ host, runner }) =>
        host === kernel.deps.host &&
        runner !== null &&
        installation.services.processes.liveness(runner) === 'gone',
    )
    if (lost.length === 0)
      return [
        ok(live.length === 0 ? 'none is open' : `${count(live.length, 'run')} open, each with its runner`),
      ]
    return lost.map(({ runId, taskId }) =>
      warn(
        `the runner of run ${runId} of ${taskId} is gone; the next pass of a dispatcher takes the task back`,
        'yard dispatch',
      ),
    )
  },
}
