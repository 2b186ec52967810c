/** Profiles over HTTP: read, checked, and written where that is the home's own business. */
import { existsSync, mkdirSync, readdirSync, readFileSync, symlinkSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { expect, test } from 'vitest'
import { openProfiles } from '../../src/agents/profiles.ts'
import { behaviour } from '../behaviours.ts'
import { openTestServer, type TestServer } from './rig.ts'

const TEXT = `---
description: Writes code.
agent: shell
environment:
  set: { API_KEY: very-secret }
limits:
  max_runtime: 2h
---
Be brief.
`

const textOf = ({ paths }: TestServer, name: string): string =>
  readFileSync(join(paths.profiles, `${name}.md`), 'utf8')

behaviour('http.profiles', 'a profile is made, read, changed, checked and listed', async () => {
  await using server = await openTestServer()
  const { call } = server
  const made = await call('createProfile', { name: 'coder', agent: 'shell' })
  expect(made).toMatchObject({ name: 'coder', origin: 'home', problems: [] })
  expect(made.text).toBe(textOf(server, 'coder'))
  expect(await server.refusal('createProfile', { name: 'coder' })).toMatchObject({
    status: 409,
    code: 'profile_exists',
  })
  const written = await call('putProfileText', { name: 'coder', text: TEXT, digest: made.digest })
  expect(written).toMatchObject({ text: TEXT, problems: [] })
  expect(textOf(server, 'coder')).toBe(TEXT)
  expect(await call('getProfileText', { name: 'coder' })).toEqual(written)
  const shown = await call('getProfile', { name: 'coder' })
  expect(shown).toMatchObject({
    name: 'coder',
    origin: 'home',
    description: 'Writes code.',
    agent: 'shell',
    limits: { max_runtime_seconds: 7200, max_running: null },
    environment: { allow: [], set: ['API_KEY'] },
    instructions: 'Be brief.',
  })
  expect(await call('checkProfile', { name: 'coder' })).toEqual({
    name: 'coder',
    ok: true,
    problems: [],
    warnings: [],
  })
  const { profiles } = await call('listProfiles', {})
  expect(profiles).toMatchObject([
    { name: 'coder', origin: 'home', description: 'Writes code.', agent: 'shell', problems: [] },
    { name: 'shell', origin: 'built-in', file: null },
  ])
  await call('putProfileText', { name: 'new-one', text: TEXT })
  expect(textOf(server, 'new-one')).toBe(TEXT)
  expect(readdirSync(server.paths.profiles).toSorted()).toEqual(['coder.md', 'new-one.md'])
})

behaviour(
  'http.profiles',
  'a broken text is refused with every problem, and nothing is written',
  async () => {
    await using server = await openTestServer()
    await server.call('putProfileText', { name: 'coder', text: TEXT })
    const broken = '---\nagent: shel\nmodle: x\nlimits: { max_running: 0 }\n---\n'
    for (const name of ['coder', 'other']) {
      const refused = await server.refusal('putProfileText', { name, text: broken })
      expect(refused).toMatchObject({ status: 400, code: 'bad_profile' })
      for (const part of ['shell', 'modle', 'max_running']) expect(refused.detail).toContain(part)
    }
    for (const text of [
      '',
      'no front matter',
      '---\nagent: shell\n',
      `---\nagent: shell\n---\n${'x'.repeat(300_000)}`,
    ])
      expect((await server.refusal('putProfileText', { name: 'coder', text })).status).toBe(400)
    expect((await server.refusal('putProfileText', { name: 'coder', text: `${TEXT}\0` })).code).toBe(
      'nul_in_text',
    )
    expect(textOf(server, 'coder')).toBe(TEXT)
    expect(readdirSync(server.paths.profiles)).toEqual(['coder.md'])
  },
)

behaviour('http.profiles', 'what somebody else has written meanwhile is not lost', async () => {
  await using server = await openTestServer()
  const { digest } = await server.call('putProfileText', { name: 'coder', text: TEXT })
  writeFileSync(join(server.paths.profiles, 'coder.md'), TEXT.replace('brief', 'thorough'))
  const wish = { name: 'coder', text: TEXT.replace('brief', 'quick'), digest }
  expect(await server.refusal('putProfileText', wish)).toMatchObject({ status: 409, code: 'profile_changed' })
  expect(textOf(server, 'coder')).toContain('thorough')
  const again = await server.call('getProfileText', { name: 'coder' })
  await server.call('putProfileText', { ...wish, digest: again.digest })
  expect(textOf(server, 'coder')).toContain('quick')
  expect(await server.refusal('putProfileText', { name: 'gone', text: TEXT, digest })).toMatchObject({
    status: 409,
  })
})

behaviour(
  'http.profiles',
  'a profile that is broken, built in or elsewhere can be read, and says why not written',
  async () => {
    await using server = await openTestServer()
    const { call, refusal } = server
    mkdirSync(server.paths.profiles, { recursive: true })
    writeFileSync(join(server.paths.profiles, 'broken.md'), '---\nagent: nobody\n---\n')
    expect((await call('listProfiles', {})).profiles).toContainEqual(
      expect.objectContaining({ name: 'broken', agent: null, problems: [expect.stringContaining('nobody')] }),
    )
    expect(await refusal('getProfile', { name: 'broken' })).toMatchObject({
      status: 409,
      code: 'bad_profile',
    })
    expect(await call('getProfileText', { name: 'broken' })).toMatchObject({
      text: '---\nagent: nobody\n---\n',
      problems: [expect.stringContaining('nobody')],
    })
    expect(await call('checkProfile', { name: 'broken' })).toMatchObject({ ok: false })
    // What is broken may be mended.
    await call('putProfileText', { name: 'broken', text: TEXT })

    expect(await call('getProfileText', { name: 'shell' })).toMatchObject({
      origin: 'built-in',
      text: null,
      digest: null,
    })
    expect(await refusal('putProfileText', { name: 'shell', text: TEXT })).toMatchObject({
      status: 409,
      code: 'profile_read_only',
      detail: expect.stringContaining('built in'),
    })
    expect(existsSync(join(server.paths.profiles, 'shell.md'))).toBe(false)
    for (const id of ['getProfile', 'getProfileText', 'checkProfile'] as const)
      expect(await refusal(id, { name: 'codr' })).toMatchObject({ status: 404, code: 'unknown_profile' })
  },
)

behaviour('http.profiles', 'a profile of a repository is written there, by a commit', async () => {
  await using server = await openTestServer()
  const repository = join(server.paths.home, 'project')
  const file = join(repository, '.yard', 'profiles', 'reviewer.md')
  mkdirSync(join(repository, '.yard', 'profiles'), { recursive: true })
  writeFileSync(file, TEXT)
  await using inside = await openTestServer({ repository })
  expect((await inside.call('listProfiles', {})).profiles).toContainEqual(
    expect.objectContaining({ name: 'reviewer', origin: 'repository', file }),
  )
  expect(await inside.call('getProfileText', { name: 'reviewer' })).toMatchObject({ text: TEXT })
  expect(await inside.refusal('putProfileText', { name: 'reviewer', text: TEXT })).toMatchObject({
    status: 409,
    code: 'profile_read_only',
    detail: expect.stringContaining('repository'),
  })
  expect(existsSync(join(inside.paths.profiles, 'reviewer.md'))).toBe(false)
})

test('F17: no name and no link leads out of the folder of profiles', async () => {
  await using server = await openTestServer()
  const { paths, call, refusal } = server
  const outside = join(paths.home, 'outside.md')
  writeFileSync(outside, TEXT)
  mkdirSync(paths.profiles, { recursive: true })
  symlinkSync(outside, join(paths.profiles, 'linked.md'))
  for (const name of ['../outside', '..%2foutside', '/etc/passwd', 'a/b', '.', '..', 'A', 'x\\y', 'x.md']) {
    expect([name, (await refusal('putProfileText', { name, text: TEXT })).status]).toEqual([
      name,
      expect.toSatisfy((status: number) => [400, 404, 405].includes(status)),
    ])
    expect([name, (await refusal('getProfileText', { name })).status]).toEqual([name, 404])
    expect([name, (await refusal('createProfile', { name })).status]).toEqual([name, 400])
  }
  expect(
    await refusal('putProfileText', { name: 'linked', text: TEXT.replace('brief', 'rude') }),
  ).toMatchObject({ status: 409, code: 'profile_read_only', detail: expect.stringContaining('link') })
  expect(readFileSync(outside, 'utf8')).toBe(TEXT)
  expect(readdirSync(paths.profiles)).toEqual(['linked.md'])
  // What is no readable file is broken, and no bug.
  mkdirSync(join(paths.profiles, 'folder.md'))
  expect(await call('getProfileText', { name: 'folder' })).toMatchObject({
    text: null,
    problems: [expect.any(String)],
  })
  expect(server.logged.filter(({ level }) => level === 'error')).toEqual([])
})

test('F18: values that a profile sets are told only to whoever may operate', async () => {
  await using server = await openTestServer()
  await server.call('putProfileText', { name: 'coder', text: TEXT })
  const reader = await server.token('write')
  for (const path of [
    '/profiles',
    '/profiles/coder',
    '/profiles/coder/check',
    '/agents',
    '/assignees',
    '/settings',
  ])
    expect((await server.ask(`/api/kanban${path}`, { as: reader })).text).not.toContain('very-secret')
  expect(await server.refusal('getProfileText', { name: 'coder' }, reader)).toMatchObject({ status: 403 })
})

test('what was written counts for the next worker', async () => {
  await using server = await openTestServer()
  const profiles = openProfiles({ folder: server.paths.profiles, repository: null, userHome: '/home' })
  expect(profiles.find('coder').state).toBe('unknown')
  await server.call('putProfileText', { name: 'coder', text: TEXT })
  expect(profiles.find('coder')).toMatchObject({ state: 'found', profile: { instructions: 'Be brief.' } })
})

test('agents are listed with what is installed of them', async () => {
  await using server = await openTestServer()
  const { agents } = await server.call('listAgents', {})
  expect(agents).toContainEqual(expect.objectContaining({ name: 'shell', driver: null, program: null }))
})
