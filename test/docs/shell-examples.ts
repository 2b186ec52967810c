/**
 * The shell examples of a guide, as they stand there. Every fenced block that says `sh` is run, in the order of the page and
 * in one shell, so that a later example may use what an earlier one set. A comment that begins with an arrow says what the
 * commands since the last such comment print: to the letter, except that … stands for anything.
 *
 *     curl -s "$BOARD/healthz"
 *     # → {"status":"ok"}
 */
import { spawn } from 'node:child_process'
import { once } from 'node:events'

export interface Example {
  /** Of its first line on the page. */
  readonly line: number
  /** The heading it stands under. */
  readonly heading: string
  readonly steps: readonly Step[]
}

interface Step {
  readonly line: number
  readonly commands: string
  /** Null when nothing is said about what it prints. */
  readonly expected: string | null
}

const ARROW = '# →'

export function readExamples(page: string): readonly Example[] {
  const examples: Example[] = []
  let heading = ''
  let open: { fence: string; line: number; lines: string[] } | null = null
  for (const [index, text] of page.split('\n').entries()) {
    const line = index + 1
    if (open === null) {
      heading = /^#+ (.*)$/.exec(text)?.[1] ?? heading
      if (text.startsWith('```')) open = { fence: text.slice(3).trim(), line: line + 1, lines: [] }
    } else if (text === '```') {
      if (open.fence === 'sh') examples.push({ line: open.line, heading, steps: stepsOf(open) })
      open = null
    } else open.lines.push(text)
  }
  if (open !== null) throw new Error(`the block that begins at line ${open.line} has no end`)
  return examples
}

function stepsOf({ line, lines }: { readonly line: number; readonly lines: readonly string[] }): Step[] {
  const steps: { line: number; commands: string[]; expected: string[] }[] = []
  for (const [index, text] of lines.entries()) {
    let step = steps.at(-1)
    if (text.startsWith(ARROW)) {
      if (step === undefined) throw new Error(`nothing comes before the expectation at line ${line + index}`)
      step.expected.push(text.slice(ARROW.length).trim())
      continue
    }
    if (step === undefined || step.expected.length > 0) {
      step = { line: line + index, commands: [], expected: [] }
      steps.push(step)
    }
    step.commands.push(text)
  }
  return steps.map(({ line: at, commands, expected }) => ({
    line: at,
    commands: commands.join('\n'),
    expected: expected.length === 0 ? null : expected.join('\n'),
  }))
}

export interface Printed {
  /** By the line a step begins at; a step that was not reached is not there. */
  readonly steps: ReadonlyMap<number, string>
  readonly code: number | null
  readonly stderr: string
}

/** An example that waits for what never comes ends here, in milliseconds. */
const PATIENCE_MS = 120_000

/** Between the outputs of two steps; no example prints it. */
const MARK = '\u001E'

/** Runs them all in one shell, which ends at the first command that fails. */
export async function runExamples(
  examples: readonly Example[],
  { env, cwd }: { readonly env: NodeJS.ProcessEnv; readonly cwd: string },
): Promise<Printed> {
  const script = examples
    .flatMap(({ steps }) => steps)
    .map(({ line, commands }) => `printf '${MARK}${line}\\n'\n${commands}\n`)
    .join('')
  const shell = spawn('bash', ['-eu'], {
    env,
    cwd,
    stdio: ['pipe', 'pipe', 'pipe'],
    detached: true,
  })
  const patience = setTimeout(() => process.kill(-(shell.pid ?? 0), 'SIGKILL'), PATIENCE_MS)
  const text = { stdout: '', stderr: '' }
  for (const stream of ['stdout', 'stderr'] as const)
    shell[stream].setEncoding('utf8').on('data', (part: string) => (text[stream] += part))
  // As a function it is read to its end before it begins, so no command can eat the rest of it from standard input.
  shell.stdin.on('error', () => undefined).end(`main() {\n${script}:\n}\nmain </dev/null\n`)
  const [code] = (await once(shell, 'close')) as [number | null]
  clearTimeout(patience)
  const steps = text.stdout
    .split(MARK)
    .slice(1)
    .map((part) => [Number.parseInt(part, 10), part.slice(part.indexOf('\n') + 1).trimEnd()] as const)
  return { steps: new Map(steps), code, stderr: text.stderr }
}

/** What an expectation accepts. */
export const patternOf = (expected: string): RegExp =>
  new RegExp(`^${expected.split('…').map(literal).join('[^]*?')}$`)

const literal = (text: string): string => text.replaceAll(/[\\^$.*+?()[\]{}|/]/g, String.raw`\$&`)
