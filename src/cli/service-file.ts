/** What the system is told so that it starts the gateway, and never ends its workers with it. */
import { createHash } from 'node:crypto'
import { join } from 'node:path'

export const MARK = 'Written by yard gateway install-service'

export interface ServiceRequest {
  readonly platform: NodeJS.Platform
  readonly program: readonly string[]
  readonly home: string
  readonly userHome: string
  readonly configHome: string | null
  readonly path: string | null
}

export interface ServiceFile {
  readonly path: string
  readonly content: string
  /** Commands that put it to work. */
  readonly next: readonly string[]
}

/** Null where neither systemd nor launchd is at home. */
export function serviceFile(request: ServiceRequest): ServiceFile | null {
  if (request.platform === 'linux') return systemdUnit(request)
  if (request.platform === 'darwin') return launchdAgent(request)
  return null
}

/** One service per home; the usual home has the plain name. */
function nameFor({ home, userHome }: ServiceRequest): string {
  if (home === join(userHome, '.yardmaster')) return 'yardmaster'
  return `yardmaster-${createHash('sha256').update(home).digest('hex').slice(0, 8)}`
}

function systemdUnit(request: ServiceRequest): ServiceFile {
  const { program, home, userHome, configHome, path } = request
  const name = nameFor(request)
  const content = `# ${MARK}
[Unit]
Description=Yardmaster gateway (${home})

[Service]
ExecStart=${[...program, 'gateway', 'start'].map(quoted).join(' ')}
Environment=${quoted(`YARD_HOME=${home}`)}
${path === null ? '' : `Environment=${quoted(`PATH=${path}`)}\n`}# Only the gateway is stopped or restarted; the workers it started go on.
KillMode=process
Restart=on-failure
RestartSec=5

[Install]
WantedBy=default.target
`
  return {
    path: join(configHome ?? join(userHome, '.config'), 'systemd', 'user', `${name}.service`),
    content,
    next: [
      'systemctl --user daemon-reload',
      `systemctl --user enable --now ${name}`,
      'loginctl enable-linger   # to have it run while you are not logged in',
    ],
  }
}

/** systemd reads %, $, quotes and backslashes in a value; these stand for themselves. */
const quoted = (word: string): string =>
  `"${word.replaceAll('\\', '\\\\').replaceAll('"', '\\"').replaceAll('%', '%%').replaceAll('$', '$$$$')}"`

function launchdAgent(request: ServiceRequest): ServiceFile {
  const { program, home, userHome, path } = request
  const label = `dev.yardmaster.${nameFor(request)}`
  const strings = [...program, 'gateway', 'start']
    .map((word) => `    <string>${escaped(word)}</string>`)
    .join('\n')
  const variables = Object.entries({ YARD_HOME: home, ...(path === null ? {} : { PATH: path }) })
    .map(([key, value]) => `    <key>${key}</key><string>${escaped(value)}</string>`)
    .join('\n')
  const content = `<?xml version="1.0" encoding="UTF-8"?>
<!-- ${MARK} -->
<!DOCTYPE plist PUBLIC "-//Apple//DTD PLIST 1.0//EN" "http://www.apple.com/DTDs/PropertyList-1.0.dtd">
<plist version="1.0">
<dict>
  <key>Label</key><string>${label}</string>
  <key>ProgramArguments</key>
  <array>
${strings}
  </array>
  <key>EnvironmentVariables</key>
  <dict>
${variables}
  </dict>
  <key>RunAtLoad</key><true/>
  <key>KeepAlive</key><dict><key>SuccessfulExit</key><false/></dict>
  <!-- Only the gateway is stopped or restarted; the workers it started go on. -->
  <key>AbandonProcessGroup</key><true/>
</dict>
</plist>
`
  const file = join(userHome, 'Library', 'LaunchAgents', `${label}.plist`)
  return { path: file, content, next: [`launchctl bootstrap gui/$(id -u) ${file}`] }
}

const escaped = (text: string): string =>
  text.replaceAll('&', '&amp;').replaceAll('<', '&lt;').replaceAll('>', '&gt;').replaceAll('"', '&quot;')
