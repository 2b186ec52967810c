import { mkdirSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { describe, expect } from 'vitest'
import { openProfiles } from '../../src/agents/profiles.ts'
import { pickOrchestrator } from '../../src/agents/pick-orchestrator.ts'
import { behaviour } from '../behaviours.ts'
import { temporaryFolder } from '../helpers/boards.ts'

describe('who works a rough card out', () => {
  behaviour(
    'triage.helper',
    'is the profile somebody named, else the one of the settings, else the only orchestrator',
    () => {
      using folder = temporaryFolder()
      const profiles = openProfiles({ folder: folder.path, repository: null, userHome: '/' })
      const write = (name: string, head: string) => {
        mkdirSync(folder.path, { recursive: true })
        writeFileSync(join(folder.path, `${name}.md`), `---\nagent: claude\n${head}\n---\n`)
      }
      const pick = (named: string | null = null, configured: string | null = null) =>
        pickOrchestrator(profiles, { named, configured })

      write('coder', '')
      expect(() => pick()).toThrow('yard profile install orchestrator')
      expect(() => pick('coder')).toThrow('does not say orchestrator: true')
      expect(() => pick('nobody')).toThrow('there is no such profile')
      write('lead', 'orchestrator: true')
      expect(pick()).toBe('lead')
      write('broken', 'orchestrator: perhaps')
      expect(pick()).toBe('lead')
      expect(() => pick('broken')).toThrow('cannot be used')
      write('chief', 'orchestrator: true')
      expect(() => pick()).toThrow('chief, lead are all orchestrators')
      expect(pick(null, 'chief')).toBe('chief')
      expect(pick('lead', 'chief')).toBe('lead')
      expect(() => pick(null, 'coder')).toThrow('coder (triage.profile)')
    },
  )
})
