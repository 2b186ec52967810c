/** The four stories. Each tells what happens while it happens, and throws when it goes another way. */
import { unavailable } from '../../domain/errors.ts'
import { ROBOT } from './props.ts'
import type { Stage } from './stage.ts'

export interface Story {
  readonly title: string
  /** Says what happens, a line at a time; gives what was shown. */
  readonly play: (stage: Stage) => AsyncGenerator<string, string>
}

interface RunShape {
  readonly outcome: string | null
  readonly summary: string | null
}

const runsOf = (stage: Stage, id: string): Promise<readonly RunShape[]> =>
  stage.json<readonly RunShape[]>('runs', id)

function expect(fact: boolean, what: string): asserts fact {
  if (!fact) throw unavailable('demo_failed', `The demo went wrong: ${what}.`)
}

async function* solo(stage: Stage): AsyncGenerator<string, string> {
  yield 'One developer puts three cards on the board. Each waits for the one before it.'
  const design = await stage.create('Design the health check', '--assignee', 'dev')
  const build = await stage.create('Build the health check', '--assignee', 'dev', '--parent', design)
  const announce = await stage.create('Announce the health check', '--assignee', 'dev', '--parent', build)
  for (const id of [design, build, announce]) {
    const done = await stage.event(id, 'completed')
    yield `${id} is done: ${String(done.payload['summary'])}`
  }
  const files = await stage.json<readonly { name: string }[]>('attachments', design)
  expect(
    files.some((file) => file.name === 'design.md'),
    'design.md was not kept with its card',
  )
  yield `Every worker read what the one before it had found, and design.md is kept with ${design}.`
  return '3 cards in a chain, each with the results of the one before'
}

async function* fleet(stage: Stage): AsyncGenerator<string, string> {
  yield 'Twelve cards for three crews. At most three run for one crew, six in all.'
  const crews = ['north', 'south', 'east']
  const ids: string[] = []
  for (let n = 0; n < 12; n++) {
    ids.push(
      await stage.create(
        `Survey field ${n + 1}`,
        '--assignee',
        crews[n % crews.length] ?? 'north',
        '--body',
        `sleep 0.${3 + (n % 4)}; echo "field ${n + 1}: $(( (${n} * 37) % 90 + 10 )) trees"`,
      ),
    )
  }
  for (let told = 0; told < ids.length;) {
    told = await stage.until('the fleet', () => {
      const done = stage.count(ids, 'completed')
      return done > told ? done : undefined
    })
    yield `${told} of 12 surveyed`
  }
  expect(stage.count(ids, 'claimed') === 12, 'a card of the fleet was started twice')
  yield 'Twelve cards, twelve runs: none ran twice.'
  return '12 independent cards for 3 profiles, each run exactly once'
}

async function* pipeline(stage: Stage): AsyncGenerator<string, string> {
  yield 'A worker hands its work over for review; you are the reviewer, and you are not content.'
  const change = await stage.create('Raise the timeout', '--assignee', 'author')
  const release = await stage.create('Release it', '--assignee', 'dev', '--parent', change)
  const first = await stage.event(change, 'review_requested')
  yield `${change} is in review: "${String(first.payload['summary'])}"`
  await stage.yard('send-back', change, 'Please say why, and to what.')
  yield 'Sent back with the remark: "Please say why, and to what."'
  const second = await stage.event(change, 'review_requested', 2)
  yield `The second attempt has read it: "${String(second.payload['summary'])}"`
  await stage.yard('complete', change, '--summary', 'Approved: the timeout is 30 s now, and it says why')
  await stage.event(release, 'claimed')
  const runs = await runsOf(stage, change)
  expect(runs.filter((run) => run.outcome === 'review').length === 2, 'the card was not handed over twice')
  yield `Approved. Only now ${release} starts, because it waited for it.`
  return 'a rejected attempt, and a retry that saw why'
}

async function* trouble(stage: Stage): AsyncGenerator<string, string> {
  yield 'One card needs a program that is not there. No attempt is spent on finding that out.'
  const stuck = await stage.create('Ask the robot', '--assignee', 'robot')
  await stage.event(stuck, 'gave_up')
  const why = await stage.yard('why', stuck)
  yield `yard why ${stuck} says: ${why.stdout.trim().split('\n').slice(0, 3).join(' ').trim()}`
  expect((await runsOf(stage, stuck)).length === 0, 'an attempt was spent on a program that is not there')
  stage.write('workers/robot.sh', ROBOT, 0o700)
  yield 'Somebody installs it. Nobody has to touch the card:'
  const repaired = await stage.event(stuck, 'completed')
  yield `${stuck} is done: ${String(repaired.payload['summary'])}`

  yield 'Another card is at work when its worker is killed.'
  const killed = await stage.create('Carry the stone uphill', '--assignee', 'steady')
  await stage.event(killed, 'heartbeat')
  const worker = Number((await stage.event(killed, 'spawned')).payload['pid'])
  process.kill(-worker, 'SIGKILL')
  const crash = await stage.event(killed, 'crashed')
  yield `${killed} crashed (${String(crash.payload['error'])}), and gets another attempt after a short wait.`
  await stage.event(killed, 'spawned', 2)
  yield 'While the second attempt works, the gateway is killed as well, and started again.'
  await stage.killGateway()
  await stage.startGateway()
  await stage.event(killed, 'completed')
  const runs = await runsOf(stage, killed)
  expect(runs.length === 2 && runs[1]?.outcome === 'completed', `the killed card has ${runs.length} runs`)
  yield `${killed} is done on its second attempt: the worker never noticed.`
  return 'a worker that could not start, one that was killed, and a gateway that was killed'
}

export const STORIES: readonly Story[] = [
  { title: 'A solo developer', play: solo },
  { title: 'A fleet', play: fleet },
  { title: 'A pipeline with a reviewer', play: pipeline },
  { title: 'Things go wrong', play: trouble },
]
