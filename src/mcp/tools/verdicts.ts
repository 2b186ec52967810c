/** How a worker tells what becomes of its card. */
import { invalid } from '../../domain/errors.ts'
import type { Completion } from '../../domain/verdict.ts'
import { metadata, optionalText, text } from '../fields.ts'
import { runTool, type RunContext } from '../tool.ts'

const handoff = {
  summary: optionalText(
    'What was done, how it was checked, what the next one must know; its first line is shown on the board.',
  ),
  result: optionalText('The result itself, when it is a text.'),
  metadata: metadata(),
}

export const complete = runTool({
  name: 'kanban_complete',
  about:
    'Reports that the work on your card is done. Needs a summary or a result. Call it once, last, and stop working afterwards.',
  input: handoff,
  async run(context, input) {
    const { task, attached } = await context.kernel.completeTask(
      context.run.taskId,
      checkHandoff('complete', context, input),
      context.actor,
    )
    context.onVerdict?.('complete')
    return {
      ...ofRun(context),
      status: task.status,
      attached: attached.map(({ name, size, digest }) => ({ name, size, digest })),
      next: 'The card is done. Stop working now.',
    }
  },
})

export const requestReview = runTool({
  name: 'kanban_request_review',
  about:
    'Hands your work over for a second pair of eyes instead of completing it. Needs a summary or a result. Stop working afterwards.',
  input: handoff,
  async run(context, input) {
    const { task, attached } = await context.kernel.requestTaskReview(
      context.run.taskId,
      checkHandoff('hand over', context, input),
      context.actor,
    )
    context.onVerdict?.('review')
    return {
      ...ofRun(context),
      status: task.status,
      attached: attached.map(({ name, size, digest }) => ({ name, size, digest })),
      next: 'Somebody else reviews it now. Stop working.',
    }
  },
})

export const block = runTool({
  name: 'kanban_block',
  about:
    'Stops work on your card because somebody is needed: a decision, an access, an answer. The card waits until it is unblocked. Stop working afterwards.',
  input: {
    reason: text('What you need, as one precise question, with what you know and the choices you see.'),
  },
  async run(context, { reason }) {
    if (reason.trim() === '')
      throw invalid(
        'empty_reason',
        `Cannot block ${context.run.taskId}: the reason is empty, and nobody would know what to answer. Say what you need in one or two sentences.`,
      )
    const { task } = await context.kernel.blockTask(context.run.taskId, reason, context.actor)
    context.onVerdict?.('block')
    return {
      ...ofRun(context),
      status: task.status,
      next: 'The card waits for an answer. Stop working now.',
    }
  },
})

export const heartbeat = runTool({
  name: 'kanban_heartbeat',
  about: 'Says that you are still at work. Call it now and then during long work.',
  input: { note: optionalText('One line on what you are doing.') },
  async run(context, { note }) {
    const task = await context.kernel.heartbeatTask(context.run.taskId, note ?? null, context.actor)
    return { ...ofRun(context), last_heartbeat_at: task.lastHeartbeatAt }
  },
})

const ofRun = ({ run }: RunContext) => ({ task_id: run.taskId, run_id: run.id })

function checkHandoff(
  what: string,
  { run }: RunContext,
  {
    summary,
    result,
    metadata: facts,
  }: {
    summary?: string | undefined
    result?: string | undefined
    metadata?: Record<string, unknown> | undefined
  },
): Completion {
  const said = { summary: summary?.trim() || null, result: result?.trim() ? result : null }
  if (said.summary === null && said.result === null)
    throw invalid(
      'empty_handoff',
      `Cannot ${what} ${run.taskId}: neither summary nor result says anything. Give a summary: what you did, how you checked it, what the next one must know.`,
    )
  return { ...said, metadata: facts ?? null }
}
