/** What belongs to a home beside its board, in the names that cross a boundary. */
import type { DriverName } from '../domain/cli-agent.ts'
import type { WorkspaceKind } from '../domain/task.ts'

export interface ProfileFacts {
  readonly name: string
  readonly description: string | null
  readonly agent: string
  readonly command: readonly string[] | null
  readonly model: string | null
  readonly orchestrator: boolean
  readonly environment: { readonly allow: readonly string[]; readonly set: Readonly<Record<string, string>> }
  readonly skills: readonly string[]
  readonly limits: {
    readonly maxRuntimeSeconds: number | null
    readonly silenceSeconds: number | null
    readonly maxRunning: number | null
    readonly maxAttempts: number | null
    readonly attemptsPerDay: number | null
    readonly costPerDay: number | null
    readonly tokensPerDay: number | null
    readonly costPerTask: number | null
    readonly tokensPerTask: number | null
    readonly graceSeconds: number | null
  }
  readonly repository: string | null
  readonly workspace: WorkspaceKind | null
  readonly file: string | null
}

export const profileView = (profile: ProfileFacts) => ({
  name: profile.name,
  description: profile.description,
  agent: profile.agent,
  command: profile.command,
  model: profile.model,
  environment: profile.environment,
  skills: profile.skills,
  limits: {
    max_runtime_seconds: profile.limits.maxRuntimeSeconds,
    silence_seconds: profile.limits.silenceSeconds,
    max_running: profile.limits.maxRunning,
    max_attempts: profile.limits.maxAttempts,
    attempts_per_day: profile.limits.attemptsPerDay,
    cost_per_day: profile.limits.costPerDay,
    tokens_per_day: profile.limits.tokensPerDay,
    cost_per_task: profile.limits.costPerTask,
    tokens_per_task: profile.limits.tokensPerTask,
    grace_seconds: profile.limits.graceSeconds,
  },
  repository: profile.repository,
  workspace: profile.workspace,
  file: profile.file,
})

export interface SettingFacts {
  readonly key: string
  readonly value: unknown
  readonly origin: string
  readonly default: unknown
  readonly type: string
  readonly about: string
}

export const settingView = ({ key, value, origin, default: fallback, type, about }: SettingFacts) => ({
  key,
  value,
  origin,
  default: fallback,
  type,
  about,
})

export const backupView = (file: {
  readonly path: string
  readonly createdAt: number
  readonly size: number
}) => ({
  path: file.path,
  created_at: file.createdAt,
  size: file.size,
})

export interface TrashedFacts {
  readonly name: string
  readonly taskId: string
  readonly from: string
  readonly trashedAt: number
  readonly reason: string
}

export const trashView = (entry: TrashedFacts) => ({
  name: entry.name,
  task_id: entry.taskId,
  from: entry.from,
  trashed_at: entry.trashedAt,
  reason: entry.reason,
})

export interface ExaminationFacts {
  readonly ok: boolean
  readonly findings: readonly {
    readonly check: string
    readonly status: 'ok' | 'warn' | 'fail'
    readonly message: string
    readonly next?: string
  }[]
}

export const examinationView = ({ ok, findings }: ExaminationFacts) => ({
  ok,
  checks: findings.map(({ check, status, message, next }) => ({
    check,
    status,
    message,
    next: next ?? null,
  })),
})

export interface AgentFacts {
  readonly name: string
  readonly about: string
  readonly driver: DriverName | null
  readonly otherDriver: DriverName | null
  readonly reportsBy: 'tools' | 'command' | 'exit code'
  readonly program: string | null
  readonly version: string | null
  readonly testedVersion: string | null
  readonly hasLogin: boolean | null
  readonly isOwn: boolean
  readonly install: string | null
}

export const agentView = (agent: AgentFacts) => ({
  name: agent.name,
  about: agent.about,
  driver: agent.driver,
  other_driver: agent.otherDriver,
  reports_by: agent.reportsBy,
  program: agent.program,
  version: agent.version,
  tested_version: agent.testedVersion,
  has_login: agent.hasLogin,
  own: agent.isOwn,
  install: agent.install,
})
