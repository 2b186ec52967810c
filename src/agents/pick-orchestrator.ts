/** Who works rough cards out: the profile somebody named, else the one of the settings, else the only orchestrator there is. */
import { invalid } from '../domain/errors.ts'
import type { ProfileQuery, Profiles } from './profiles.ts'

export interface OrchestratorChoice {
  /** Named with the request. */
  readonly named: string | null
  /** Named in the settings. */
  readonly configured: string | null
}

/** The name of an orchestrator profile. Throws a refusal that says how to get one. */
export function pickOrchestrator(
  profiles: Profiles,
  { named, configured }: OrchestratorChoice,
  query?: ProfileQuery,
): string {
  const all = profiles.list(query).flatMap((entry) => (entry.state === 'found' ? [entry.profile] : []))
  const orchestrators = all.flatMap(({ name, orchestrator }) => (orchestrator ? [name] : []))
  const wanted = named ?? configured
  if (wanted !== null) {
    if (orchestrators.includes(wanted)) return wanted
    const finding = profiles.find(wanted, query)
    throw invalid(
      'not_an_orchestrator',
      `Cannot have it worked out by ${wanted}${named === null ? ' (triage.profile)' : ''}: ${
        finding.state === 'found'
          ? 'its profile does not say orchestrator: true'
          : finding.state === 'broken'
            ? `its profile cannot be used: ${finding.problems.join('; ')}`
            : 'there is no such profile'
      }. ${choices(orchestrators)}`,
      { profile: wanted, orchestrators },
    )
  }
  const [only, ...others] = orchestrators
  if (only !== undefined && others.length === 0) return only
  throw invalid(
    'no_orchestrator',
    only === undefined
      ? `Cannot have it worked out: no profile here is an orchestrator. ${choices([])}`
      : `Cannot tell who is to work it out: ${orchestrators.join(', ')} are all orchestrators. Name one with --profile, or for good with: yard config set triage.profile ${only}`,
    { orchestrators },
  )
}

const choices = (orchestrators: readonly string[]): string =>
  orchestrators.length === 0
    ? 'Install one with: yard profile install orchestrator'
    : `Use one of ${orchestrators.join(', ')}.`
