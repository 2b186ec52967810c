import { defineConfig } from 'vitest/config'

const isCI = process.env['CI'] !== undefined

export default defineConfig({
  define: { __YARD_VERSION__: JSON.stringify('0.0.0-test') },
  test: {
    // Real processes and databases take part, so files run in processes of their own, a few at a time.
    pool: 'forks',
    maxWorkers: 2,
    testTimeout: 20_000,
    hookTimeout: 30_000,
    teardownTimeout: 15_000,
    allowOnly: !isCI,
    projects: [
      { extends: true, test: { name: 'rules', include: ['src/**/*.test.ts'] } },
      {
        extends: true,
        test: {
          name: 'system',
          include: ['test/**/*.test.ts'],
          exclude: ['test/scenarios/**', 'test/realclients/**', 'test/browser/**'],
          globalSetup: ['test/helpers/postgres-server.ts'],
        },
      },
      {
        extends: true,
        test: {
          name: 'browser',
          include: ['test/browser/**/*.test.ts'],
          globalSetup: ['test/helpers/postgres-server.ts', 'test/helpers/rig/build.ts'],
        },
      },
      {
        extends: true,
        test: {
          name: 'scenarios',
          include: ['test/scenarios/**/*.test.ts'],
          globalSetup: ['test/helpers/rig/build.ts'],
          // Most of a scenario is waiting for processes.
          maxConcurrency: 3,
        },
      },
      {
        extends: true,
        test: {
          name: 'agents',
          include: ['test/realclients/**/*.test.ts'],
          globalSetup: ['test/helpers/rig/build.ts'],
          // Some clients are refused by their provider for minutes before they say a word about it.
          testTimeout: 900_000,
          // Most of a story is waiting.
          maxConcurrency: 3,
          // The first time, agents are installed.
          hookTimeout: 300_000,
        },
      },
    ],
  },
})
