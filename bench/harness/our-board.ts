/** The kernel's verbs as a subject. */
import { DISPATCHER } from '../../src/dispatch/deps.ts'
import { BENCH_POLICY, openBoard, PERSON } from './boards.ts'
import { BODY } from './seed.ts'
import { BOOT_ID, LOG_FOLDER, PROFILE, RESULT, workspaceOf, type OpenedRun, type Subject } from './subject.ts'

const RUNNER = { actor: 'runner', door: 'runner', runId: null } as const
const EVIDENCE = {
  exitCode: 0,
  signal: null,
  limit: null,
  lastLines: RESULT,
  elapsedSeconds: 3,
  killed: false,
} as const

export function openOurs(file: string): Subject {
  const board = openBoard(file)
  const { kernel } = board
  return {
    create: async (title) =>
      (await kernel.createTask({ title, body: BODY, assignee: PROFILE }, PERSON)).task.id,
    claim: async (id) => {
      const answer = await kernel.claimTask(id, {}, PERSON)
      if ('refused' in answer) throw new Error(answer.refused.text)
    },
    complete: (id) => kernel.completeTask(id, { result: RESULT }, PERSON),
    openRun: async (id): Promise<OpenedRun> => {
      const answer = await kernel.openRun(
        {
          taskId: id,
          profile: PROFILE,
          bootId: BOOT_ID,
          claimLock: 'bench-host:4711',
          maxRuntimeSeconds: 3600,
          workspace: { path: workspaceOf(id), kind: 'scratch', repository: null, branch: null },
          logFolder: LOG_FOLDER,
          policy: BENCH_POLICY,
          caps: { board: 100, profile: 100 },
        },
        DISPATCHER,
      )
      if ('refused' in answer) throw new Error(answer.refused.text)
      return { taskId: id, runId: answer.runId }
    },
    closeRun: ({ runId }) =>
      kernel.closeRun(
        runId,
        { outcome: 'completed', error: null, result: RESULT, summary: RESULT, evidence: EVIDENCE },
        RUNNER,
      ),
    [Symbol.asyncDispose]: () => board[Symbol.asyncDispose](),
  }
}
