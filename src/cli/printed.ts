/** What a library that prints by itself would have printed. `print` must not wait for anything. */
export function printed(print: () => void): string {
  const lines: string[] = []
  const { log } = console
  console.log = (...words: unknown[]) => void lines.push(words.join(' '))
  try {
    print()
  } finally {
    console.log = log
  }
  return lines.join('\n')
}
