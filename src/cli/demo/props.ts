/** The scripted workers and the settings of the demo. */
import type { Stage } from './stage.ts'

const CONFIG = `kanban:
  dispatch_interval_seconds: 2
  max_running: 6
  max_running_per_profile: 3
  retry_backoff_seconds: 1
  failure_limit: 2
  min_free_memory_mb: 0
`

/** Reads what the cards before it found, does something with it and hands over. */
const RELAY = `#!/bin/sh
set -eu
task=$1
yard context "$task" > context.txt
sleep 0.4
case "$2" in
  Design*)    echo "GET /health answers 200" > design.md
              yard complete "$task" --summary "One route: GET /health" --metadata '{"artifacts": ["design.md"], "routes": 1}' ;;
  Build*)     grep -q "GET /health" context.txt || { yard block "$task" "the design is missing"; exit 0; }
              yard complete "$task" --summary "Built GET /health as designed, 14 lines" --metadata '{"tests": "3 passed"}' ;;
  *)          grep -q "14 lines" context.txt || { yard block "$task" "nothing was built"; exit 0; }
              yard complete "$task" --summary "Announced: the service has a health check now" ;;
esac
`

/** Hands over for review; when remarks came back, it reads them and does better. */
const AUTHOR = `#!/bin/sh
set -eu
task=$1
yard context "$task" > context.txt
sleep 0.4
if grep -q "say why" context.txt; then
  yard review "$task" --summary "Changed the timeout to 30 s, because the backup takes 20 s"
else
  yard review "$task" --summary "Changed the timeout"
fi
`

/** Ends well unless somebody kills it first. */
const STEADY = `#!/bin/sh
set -eu
yard heartbeat "$1" --note "started"
sleep 2
yard complete "$1" --summary "Finished, attempt $2"
`

const profile = (description: string, command: string): string => `---
description: ${description}
agent: command
command: ${command}
---
`

export function layOut(stage: Stage): void {
  stage.write('config.yaml', CONFIG)
  const relay = stage.write('workers/relay.sh', RELAY, 0o700)
  const author = stage.write('workers/author.sh', AUTHOR, 0o700)
  const steady = stage.write('workers/steady.sh', STEADY, 0o700)
  stage.write(
    'profiles/dev.md',
    profile('Designs, builds and announces', `["${relay}", "{task}", "{title}"]`),
  )
  stage.write('profiles/author.md', profile('Writes, and listens to reviewers', `["${author}", "{task}"]`))
  stage.write('profiles/steady.md', profile('Takes its time', `["${steady}", "{task}", "{run}"]`))
  stage.write(
    'profiles/robot.md',
    profile('Needs a program that is not there yet', `["${stage.home}/workers/robot.sh", "{task}"]`),
  )
  for (const name of ['north', 'south', 'east'])
    stage.write(`profiles/${name}.md`, `---\ndescription: Crew ${name}\nagent: shell\n---\n`)
}

export const ROBOT = `#!/bin/sh
set -eu
yard complete "$1" --summary "Somebody installed me"
`
