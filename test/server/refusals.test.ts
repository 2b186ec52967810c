/** What a refusal tells programs and people to do. */
import { expect, test } from 'vitest'
import { conflict, invalid, notFound, taskNotFound, unavailable } from '../../src/domain/errors.ts'
import { nextStep } from '../../src/domain/transitions.ts'
import { TASK_STATUSES } from '../../src/domain/task.ts'
import { problemOf } from '../../src/server/refusal.ts'
import { databases } from '../helpers/boards.ts'
import { openTestServer } from './rig.ts'

const nextOf = (message: string, details: Record<string, unknown> = {}) =>
  problemOf(conflict('code', message, details))?.body.next

test('the next step is one command, without the sentence around it', () => {
  const told = {
    'Cannot stop t_1: it is ready. Keep it from running with: yard pause t_1': 'yard pause t_1',
    'Cannot stop t_1: nothing runs; see: yard why t_1.': 'yard why t_1',
    'It may or may not have been. Look at the card with: yard show <id>. Then repeat the change.':
      'yard show <id>',
    'Cannot do it: nobody has decided. Use yard release t_1 or yard reject t_1 first.': 'yard release t_1',
    'Compare them with: yard proposals t_1, then take it with --anyway or ask again with: yard specify t_1':
      'yard proposals t_1',
    'It is kept as report 2; a person can accept it with: yard accept-late t_1 2. Stop working now.':
      'yard accept-late t_1 2',
    'Cannot read it: a line is wrong.\nCorrect it, then try again. It is at: yard config path':
      'yard config path',
    'A worker cannot do that. Say what you need with: yard block <your card> "<question>"':
      'yard block <your card> "<question>"',
    'Cannot pause a profile without its name. Write: yard pause <name>': 'yard pause <name>',
  }
  for (const [message, next] of Object.entries(told))
    expect([message, nextOf(message)]).toEqual([message, next])
  for (const status of TASK_STATUSES)
    expect(nextOf(`Cannot do it: it is ${status}. ${nextStep({ id: 't_1', status })}`)).toMatch(
      /^yard [a-z-]+ t_1( ready)?$/,
    )
  expect(problemOf(taskNotFound('t_1'))?.body.next).toBe('yard list --archived')
})

test('without a command it is what to do by the kind of refusal, or what the refusal says itself', () => {
  const message =
    'Cannot open the board: this yard knows versions up to 3. Install: npm install -g yardmaster'
  expect(problemOf(unavailable('newer', message))?.body.next).toContain('Try again in a moment')
  expect(problemOf(invalid('code', 'The yard is closed.'))?.body.next).toContain('Correct the request')
  expect(problemOf(notFound('code', 'Nothing is there.'))?.body.next).toContain('GET /search')
  expect(nextOf('Cannot do it: yard stop t_1', { next: 'Ask the server on elsewhere.' })).toBe(
    'Ask the server on elsewhere.',
  )
})

test.each(databases)('a worker whose run has ended is told to stop, on $name', async (database) => {
  await using server = await openTestServer({ database })
  const run = await server.test.run(await server.test.given())
  await run.start()
  await run.end('crashed')
  expect(
    await server.refusal('completeTask', { id: run.taskId, summary: 'late' }, server.runToken(run)),
  ).toMatchObject({
    status: 409,
    code: 'run_ended',
    detail: expect.stringContaining(`yard accept-late ${run.taskId} 1. Stop working now.`),
    next: 'Stop working now.',
  })
})
