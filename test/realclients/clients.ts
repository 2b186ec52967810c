/** How each real client is pointed at the scripted model: what a user would have in the home and in the profile. */
import { mkdirSync, writeFileSync } from 'node:fs'
import { dirname, join } from 'node:path'

export interface Client {
  readonly agent: string
  /** More of the profile. */
  readonly profile: Readonly<Record<string, unknown>>
  /** Variables of the profile. */
  readonly set: Readonly<Record<string, string>>
  /** The user's own settings, by their place below the home. */
  readonly settings: Readonly<Record<string, string>>
}

/** Long enough not to occur in an output by chance: one client blanks out every occurrence. */
const KEY = 'sk-scripted-0000'

export const CLIENTS: Readonly<Record<string, (model: string) => Client>> = {
  claude: (model) => ({
    agent: 'claude',
    profile: {},
    set: {
      ANTHROPIC_BASE_URL: model,
      ANTHROPIC_API_KEY: KEY,
      CLAUDE_CODE_DISABLE_NONESSENTIAL_TRAFFIC: '1',
    },
    settings: { '.claude/settings.json': JSON.stringify({ env: { MINE: 'yes' } }) },
  }),
  codex: (model) => ({
    agent: 'codex',
    profile: {},
    set: { SCRIPTED_KEY: KEY },
    settings: {
      '.codex/config.toml': `model = "scripted"
model_provider = "scripted"

[model_providers.scripted]
name = "scripted"
base_url = "${model}/v1"
env_key = "SCRIPTED_KEY"
wire_api = "responses"
`,
    },
  }),
}

/** Writes the user's own settings. */
export function writeSettings({ settings }: Client, userHome: string): void {
  for (const [path, content] of Object.entries(settings)) {
    mkdirSync(dirname(join(userHome, path)), { recursive: true })
    writeFileSync(join(userHome, path), content)
  }
}
