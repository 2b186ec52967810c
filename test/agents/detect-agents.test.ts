import { readFileSync, rmSync } from 'node:fs'
import { join } from 'node:path'
import { describe, expect, test } from 'vitest'
import { detectAgents } from '../../src/agents/detect-agents.ts'
import { isFarFrom, openProgramVersions, versionIn } from '../../src/agents/program-version.ts'
import { CLI_AGENTS } from '../../src/agents/table.ts'
import { behaviour } from '../behaviours.ts'
import { aPlace } from './given.ts'

describe('detecting agents', () => {
  behaviour(
    'agents.detect',
    'finds what is on the PATH, its version, and whether there is a login or a key',
    async () => {
      using place = aPlace()
      place.write('bin/codex', '#!/bin/sh\necho "codex-cli 0.170.1"\n', 0o755)
      place.write('bin/claude', '#!/bin/sh\necho "2.1.400 (Claude Code)" >&2\n', 0o755)
      place.write('bin/opencode', '#!/bin/sh\nexit 3\n', 0o755)
      place.write('bin/gemini', 'not executable')
      place.write('user/.codex/auth.json', '{}')
      const look = (env: Record<string, string>) =>
        detectAgents({
          agents: CLI_AGENTS,
          env: { PATH: `${place.bin}:/usr/bin:/bin`, HOME: place.userHome, ...env },
        })
      const found = await look({})
      expect([...found.keys()].toSorted()).toEqual(['claude', 'codex', 'opencode'])
      expect(found.get('codex')).toEqual({
        name: 'codex',
        program: join(place.bin, 'codex'),
        version: '0.170.1',
        hasLogin: true,
      })
      const unknown = process.platform === 'darwin' ? null : false
      expect(found.get('claude')).toMatchObject({ version: '2.1.400', hasLogin: unknown })
      expect(found.get('opencode')).toMatchObject({ version: null, hasLogin: unknown })
      const withKey = await look({ ANTHROPIC_API_KEY: 'sk-1', AWS_SESSION_TOKEN: 'x', GEMINI_API_KEY: '' })
      expect(withKey.get('claude')).toMatchObject({ hasLogin: true })
    },
  )

  behaviour(
    'agents.version-cache',
    'asks a program once, remembers it for the next process, and asks again when it is replaced',
    async () => {
      using place = aPlace()
      const asked = join(place.root, 'asked')
      const install = (version: string) => {
        // A package brings its time of change along; another file it is all the same.
        rmSync(join(place.bin, 'codex'), { force: true })
        return place.write('bin/codex', `#!/bin/sh\necho x >> '${asked}'\necho ${version}\n`, 0o755)
      }
      const cache = join(place.home, 'agents.json')
      const ask = (program: string) =>
        openProgramVersions(cache).of({ program, arguments: ['--version'], env: { PATH: '/usr/bin:/bin' } })
      const times = () => readFileSync(asked, 'utf8').length / 2

      const program = install('1.0.0')
      expect([await ask(program), await ask(program), times()]).toEqual(['1.0.0', '1.0.0', 1])
      install('1.0.1')
      expect([await ask(program), times()]).toEqual(['1.0.1', 2])
      place.write('home/agents.json', '{ not json')
      expect([await ask(program), times()]).toEqual(['1.0.1', 3])
      expect(await ask(join(place.bin, 'nobody'))).toBeNull()
    },
  )

  test('a version is the first number with a dot', () => {
    expect(versionIn('GitHub Copilot CLI 1.0.102.\nCommit: 3f2a')).toBe('1.0.102')
    expect(versionIn('v24.1.0-rc.1+build')).toBe('24.1.0-rc.1')
    expect(versionIn('build 17')).toBeNull()
    expect(isFarFrom('2.9.0', '2.1.329')).toBe(false)
    expect(isFarFrom('3.0.0', '2.1.329')).toBe(true)
  })
})
