/**
 * A real browser for tests: Chromium as the system has it, driven from outside. Without one the tests are left out with a
 * line that says how to get one; in CI that is a failure.
 */
import { existsSync } from 'node:fs'
import { AxeBuilder } from '@axe-core/playwright'
import { chromium, type Browser, type BrowserContext, type Page } from 'playwright-core'
import { afterAll, beforeAll, describe, vi } from 'vitest'

const USUAL_PLACES = [
  '/usr/bin/chromium',
  '/usr/bin/chromium-browser',
  '/usr/bin/google-chrome',
  '/usr/bin/google-chrome-stable',
  '/Applications/Chromium.app/Contents/MacOS/Chromium',
  '/Applications/Google Chrome.app/Contents/MacOS/Google Chrome',
]

const executablePath = process.env['YARD_CHROMIUM'] ?? USUAL_PLACES.find((path) => existsSync(path))
const isCI = process.env['CI'] !== undefined

if (executablePath === undefined) {
  const how = 'Install Chromium (on Debian: apt-get install chromium), or name one with YARD_CHROMIUM=<path>.'
  if (isCI) throw new Error(`There is no browser to test with. ${how}`)
  console.warn(`The tests in a browser are left out: there is none. ${how}`)
}

/** Nothing that asks anybody but the server under test. */
const ARGUMENTS = [
  '--no-sandbox',
  '--disable-gpu',
  '--disable-quic',
  '--no-first-run',
  '--disable-background-networking',
  '--disable-component-update',
  '--disable-sync',
]

let running: Browser | undefined

/** Tests that need the browser. */
export function inBrowser(about: string, tests: () => void): void {
  describe.skipIf(executablePath === undefined)(about, () => {
    vi.setConfig({ testTimeout: 90_000, hookTimeout: 90_000 })
    beforeAll(async () => {
      running ??= await chromium.launch({ executablePath: executablePath ?? '', args: ARGUMENTS })
    })
    afterAll(async () => {
      await running?.close()
      running = undefined
    })
    tests()
  })
}

export interface Visit extends AsyncDisposable {
  readonly context: BrowserContext
  readonly page: Page
  /** What a page must never bring about: errors, refusals of the content policy, dialogs. */
  readonly wrongs: readonly string[]
}

export type Look = Parameters<Browser['newContext']>[0]

/** A person with a browser of their own: no cookies, no history. */
export async function visit(look: Look = {}): Promise<Visit> {
  if (running === undefined) throw new Error('visit() is for tests inside of inBrowser()')
  const context = await running.newContext(look)
  const wrongs: string[] = []
  context.on('weberror', (error) => wrongs.push(`error: ${error.error().message}`))
  context.on('console', (message) => {
    // What the network refused is the business of the single test.
    if (message.type() === 'error' && !message.text().startsWith('Failed to load resource'))
      wrongs.push(`console: ${message.text()}`)
  })
  context.on('dialog', (dialog) => {
    wrongs.push(`dialog: ${dialog.message()}`)
    void dialog.dismiss()
  })
  const page = await context.newPage()
  return { context, page, wrongs, [Symbol.asyncDispose]: () => context.close() }
}

/** Rules of accessibility the page breaks, each with the elements it is about. */
export async function breaches(page: Page): Promise<string[]> {
  const { violations } = await new AxeBuilder({ page }).analyze()
  return violations.flatMap(({ id, help, nodes }) =>
    nodes.map(({ html, failureSummary }) => `${id}: ${help}\n${html}\n${failureSummary ?? ''}`),
  )
}
