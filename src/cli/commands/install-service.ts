import { mkdirSync, readFileSync, writeFileSync } from 'node:fs'
import { homedir } from 'node:os'
import { dirname } from 'node:path'
import { conflict, unavailable } from '../../domain/errors.ts'
import { command, flag } from '../command.ts'
import { MARK, serviceFile } from '../service-file.ts'

export const installService = command({
  about:
    'Writes a service of your account that starts the gateway at login: a systemd user unit, or a launchd agent on a Mac. Restarting it leaves workers running.',
  effect: 'changes',
  options: { print: flag('Only print it.') },
  examples: ['yard gateway install-service', 'yard gateway install-service --print'],
  async run({ services, paths, env }, { options: { print } }) {
    const service = serviceFile({
      platform: process.platform,
      program: services.gateway.program,
      home: paths.home,
      userHome: env['HOME'] || homedir(),
      configHome: env['XDG_CONFIG_HOME'] || null,
      path: env['PATH'] ?? null,
    })
    if (service === null)
      throw unavailable(
        'no_service',
        `Cannot install a service on ${process.platform}: only systemd and launchd are known. Have your system run: ${services.gateway.program.join(' ')} gateway start`,
      )
    const data = { path: service.path, content: service.content, installed: !print }
    if (print) return { data, text: () => service.content }
    const present = contentOf(service.path)
    if (present !== null && !present.includes(MARK))
      throw conflict(
        'service_exists',
        `Cannot write ${service.path}: it is there, and was not written by yard. Compare it with: yard gateway install-service --print`,
        { path: service.path },
      )
    mkdirSync(dirname(service.path), { recursive: true })
    writeFileSync(service.path, service.content)
    return {
      data,
      text: () =>
        `Wrote ${service.path}\nStart it with:\n${service.next.map((step) => `  ${step}`).join('\n')}`,
    }
  },
})

function contentOf(path: string): string | null {
  try {
    return readFileSync(path, 'utf8')
  } catch {
    return null
  }
}
