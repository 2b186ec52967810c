import { describe, expect, test } from 'vitest'
import { workerEnvironment } from '../../src/runner/clean-environment.ts'

const environmentOf = (
  parent: Record<string, string>,
  allow: string[] = [],
  add: Record<string, string> = {},
) => workerEnvironment({ parent, allow, add })

describe('F15, F18: what a worker inherits', () => {
  test('what is on the list, and nothing else', () => {
    const parent = {
      PATH: '/bin',
      HOME: '/h',
      LC_ALL: 'C',
      https_proxy: 'http://p',
      XDG_CACHE_HOME: '/c',
      SSH_AUTH_SOCK: '/s',
      AWS_SECRET_ACCESS_KEY: 'aws',
      EDITOR: 'vi',
    }
    expect(environmentOf(parent).env).toEqual({
      PATH: '/bin',
      HOME: '/h',
      LC_ALL: 'C',
      https_proxy: 'http://p',
      XDG_CACHE_HOME: '/c',
      TERM: 'dumb',
    })
  })

  test('what its profile lets through, by name or by beginning', () => {
    const parent = {
      ANTHROPIC_API_KEY: 'a',
      ANTHROPIC_BASE_URL: 'b',
      OPENAI_API_KEY: 'o',
      SSH_AUTH_SOCK: '/s',
    }
    expect(environmentOf(parent, ['ANTHROPIC_*', 'SSH_AUTH_SOCK']).env).toMatchObject({
      ANTHROPIC_API_KEY: 'a',
      ANTHROPIC_BASE_URL: 'b',
      SSH_AUTH_SOCK: '/s',
    })
    expect(environmentOf(parent, ['ANTHROPIC_*']).env).not.toHaveProperty('OPENAI_API_KEY')
  })

  test("never somebody else's identity or our own Node's switches, whatever is allowed", () => {
    const parent = {
      YARD_RUN: '7',
      YARD_HOME: '/y',
      HERMES_KANBAN_TASK: 't',
      NODE_OPTIONS: '--inspect',
      NODE_COMPILE_CACHE: '/n',
      OTHER: 'x',
    }
    expect(environmentOf(parent, ['*', 'YARD_RUN', 'NODE_OPTIONS']).env).toEqual({
      OTHER: 'x',
      TERM: 'dumb',
      PATH: '/usr/local/bin:/usr/bin:/bin',
    })
  })

  test('what the run sets itself wins', () => {
    expect(
      environmentOf({ PATH: '/bin', TERM: 'xterm' }, [], { PATH: '/mine', YARD_TASK: 't_1' }).env,
    ).toEqual({ PATH: '/mine', TERM: 'xterm', YARD_TASK: 't_1' })
  })
})

describe('F18: which values are secret', () => {
  test('those whose name says so, when they are long enough to tell', () => {
    const granted = {
      A_KEY: 'key-value',
      B_TOKEN: 'token-value',
      c_secret: 'secret-value',
      DB_PASSWORD: 'pass-value',
      X_CREDENTIALS: 'cred-value',
      BASIC_AUTH: 'auth-value',
      HTTP_AUTHORIZATION: 'header-value',
      SHORT_KEY: 'abc',
    }
    expect(environmentOf(granted, ['*']).secrets.toSorted()).toEqual([
      'auth-value',
      'cred-value',
      'header-value',
      'key-value',
      'pass-value',
      'secret-value',
      'token-value',
    ])
  })

  test('those that the run sets too', () => {
    expect(environmentOf({}, [], { YARD_TOOLS_TOKEN: 'run-token' }).secrets).toEqual(['run-token'])
  })

  test('the password inside an address, as written and decoded', () => {
    expect(environmentOf({ https_proxy: 'http://me:p%40ssword@proxy:8080' }).secrets).toEqual([
      'p%40ssword',
      'p@ssword',
    ])
  })

  test('no authors, keyboards and counts', () => {
    expect(
      environmentOf(
        { GIT_AUTHOR_NAME: 'Somebody', KEYBOARD_LAYOUT: 'german', MAX_OUTPUT_TOKENS: '64000000' },
        ['*'],
      ).secrets,
    ).toEqual([])
  })

  test('and none that did not get through', () => {
    expect(environmentOf({ OPENAI_API_KEY: 'not-granted' }).secrets).toEqual([])
  })
})
