/** How each real client is pointed at the scripted model: what a user would have in the home and in the profile. */
import { existsSync, mkdirSync, symlinkSync, writeFileSync } from 'node:fs'
import { dirname, join } from 'node:path'

export interface Client {
  readonly agent: string
  /** More of the profile. */
  readonly profile: Readonly<Record<string, unknown>>
  /** Variables of the profile. */
  readonly set: Readonly<Record<string, string>>
  /** The user's own settings, by their place below the home. */
  readonly settings: Readonly<Record<string, string>>
  /** What the client wrote itself when the user set it up, and writes again. */
  readonly records?: Readonly<Record<string, string>>
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
  opencode: (model) => ({
    agent: 'opencode',
    profile: { model: 'scripted/scripted' },
    set: { OPENCODE_DISABLE_MODELS_FETCH: '1' },
    settings: {
      '.config/opencode/opencode.json': JSON.stringify({
        $schema: 'https://opencode.ai/config.json',
        small_model: 'scripted/scripted',
        provider: {
          scripted: {
            npm: '@ai-sdk/openai-compatible',
            name: 'Scripted',
            options: { baseURL: `${model}/v1`, apiKey: KEY },
            models: {
              scripted: { name: 'scripted', tool_call: true, limit: { context: 100_000, output: 8_000 } },
            },
          },
        },
      }),
    },
  }),
  gemini: (model) => ({
    agent: 'gemini',
    // The one it would choose by itself asks a router first.
    profile: { model: 'gemini-2.5-flash' },
    set: { GEMINI_API_KEY: KEY, GOOGLE_GEMINI_BASE_URL: model },
    settings: {
      '.gemini/settings.json': JSON.stringify({
        security: { auth: { selectedType: 'gemini-api-key' } },
        privacy: { usageStatisticsEnabled: false },
      }),
    },
  }),
  qwen: (model) => ({
    agent: 'qwen',
    profile: { model: 'scripted' },
    set: { OPENAI_API_KEY: KEY, OPENAI_BASE_URL: `${model}/v1` },
    settings: {
      '.qwen/settings.json': JSON.stringify({ $version: 4, security: { auth: { selectedType: 'openai' } } }),
    },
  }),
  kimi: (model) => ({
    agent: 'kimi',
    profile: {},
    set: {},
    settings: {},
    records: {
      '.kimi-code/config.toml': `default_model = "scripted"
telemetry = false

[providers.scripted]
type = "openai"
base_url = "${model}/v1"
api_key = "${KEY}"

[models.scripted]
provider = "scripted"
model = "scripted"
max_context_size = 100000
capabilities = ["tool_use"]
`,
    },
  }),
  copilot: (model) => ({
    agent: 'copilot',
    profile: {},
    set: {
      COPILOT_OFFLINE: 'true',
      COPILOT_PROVIDER_BASE_URL: `${model}/v1`,
      COPILOT_PROVIDER_API_KEY: KEY,
      COPILOT_MODEL: 'scripted',
    },
    settings: {},
  }),
  cline: (model) => ({
    agent: 'cline',
    profile: {},
    set: {},
    settings: {},
    records: {
      '.cline/data/settings/providers.json': JSON.stringify({
        version: 1,
        lastUsedProvider: 'openai-compatible',
        modes: {},
        providers: {
          'openai-compatible': {
            settings: {
              provider: 'openai-compatible',
              apiKey: KEY,
              model: 'scripted',
              baseUrl: `${model}/v1`,
            },
            updatedAt: '2026-01-01T00:00:00.000Z',
            tokenSource: 'manual',
          },
        },
      }),
    },
  }),
  continue: (model) => ({
    agent: 'continue',
    profile: {},
    set: {},
    settings: {
      '.continue/config.yaml': JSON.stringify({
        name: 'mine',
        version: '0.0.1',
        schema: 'v1',
        models: [
          {
            name: 'scripted',
            provider: 'openai',
            model: 'scripted',
            apiBase: `${model}/v1`,
            apiKey: KEY,
            roles: ['chat'],
            capabilities: ['tool_use'],
          },
        ],
      }),
    },
  }),
}

/**
 * Writes the user's own settings: as links into a folder of their own, as many people keep them, so that a client that
 * writes them anew, were it the very same, is found out.
 */
export function writeSettings({ settings, records = {} }: Client, userHome: string): void {
  for (const [path, content] of Object.entries(records)) write(join(userHome, path), content)
  for (const [path, content] of Object.entries(settings)) {
    const kept = join(userHome, 'dotfiles', path.replaceAll('/', '-'))
    write(kept, content)
    mkdirSync(dirname(join(userHome, path)), { recursive: true })
    if (!existsSync(join(userHome, path))) symlinkSync(kept, join(userHome, path))
  }
}

function write(path: string, content: string): void {
  mkdirSync(dirname(path), { recursive: true })
  writeFileSync(path, content)
}
