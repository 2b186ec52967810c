/** What the person set up: configuration, gateway, profiles. */
import { relative } from '../../lib/amounts.ts'
import { readTokenFile, TOKEN_FAULTS } from '../../lib/token-file.ts'
import { fail, ok, warn, type Check, type Finding } from './check.ts'

export const configuration: Check = {
  name: 'configuration',
  async look({ services, paths }) {
    const { origins } = await services.config()
    const set = Object.values(origins).filter((origin) => origin !== 'default').length
    return [
      ok(
        set === 0
          ? 'all settings have their defaults'
          : `${set} of ${Object.keys(origins).length} settings are set, in ${paths.config} or the environment`,
      ),
    ]
  },
}

export const gateway: Check = {
  name: 'gateway',
  async look({ services, now }) {
    const status = await services.gateway.status()
    if (!status.running)
      return [
        status.crashed
          ? fail('the last gateway did not end by itself; its workers go on', 'yard gateway start')
          : warn('no gateway is running, so nothing is started', 'yard gateway start'),
      ]
    const facts = `pid ${status.pid}${status.lastPassAt === null ? '' : `, last pass ${relative(status.lastPassAt, now)}`}`
    const findings: Finding[] = status.problems.map((problem) =>
      fail(`${facts}: ${problem}`, 'yard gateway stop && yard gateway start --detach'),
    )
    if (!status.dispatching)
      findings.push(warn(`${facts}: it starts no workers`, 'yard config set kanban.dispatch_in_gateway true'))
    if (status.server?.exposure === 'plain')
      findings.push(
        warn(
          `${facts}: other machines reach ${status.server.url} without encryption, so tokens and tasks can be read on the way`,
          'yard gateway start --tls-cert <file> --tls-key <file>',
        ),
      )
    return findings.length > 0
      ? findings
      : [ok(`${facts}, ${status.server === null ? 'serves no pages' : `serves ${status.server.url}`}`)]
  },
}

/** Read as the server reads it, which takes a token from a private file only, and makes a new one where there is none. */
export const serverToken: Check = {
  name: 'server token',
  async look({ services, paths }) {
    const found = readTokenFile(paths.serverToken)
    if ('token' in found) return [ok('private')]
    const { running, server } = await services.gateway.status()
    const isServing = running && server !== null
    if (found.fault === 'missing' && !isServing) return [ok('made when the server first starts')]
    const fact = `${paths.serverToken} ${TOKEN_FAULTS[found.fault]}, so the server lets nobody in with it`
    if (found.fault === 'unreadable') return [fail(fact, `chown "$(id -un)" ${paths.serverToken}`)]
    return [
      isServing
        ? fail(`${fact} before its next start`, 'yard gateway stop && yard gateway start --detach')
        : warn(`${fact}; its next start makes a new one`, 'yard gateway start'),
    ]
  },
}

export const profiles: Check = {
  name: 'profiles',
  async look({ services }) {
    const all = (await services.profiles()).list()
    const findings: Finding[] = []
    for (const finding of all) {
      const name = finding.state === 'found' ? finding.profile.name : finding.name
      for (const problem of await services.checkProfile(name))
        findings.push(
          warn(
            problem.message.includes(name) ? problem.message : `${name}: ${problem.message}`,
            problem.next,
          ),
        )
    }
    return findings.length > 0
      ? findings
      : [
          ok(
            all
              .map((finding) => (finding.state === 'found' ? finding.profile.name : finding.name))
              .join(', '),
          ),
        ]
  },
}
