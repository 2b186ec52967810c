/** Looks over an installation: every check, each finding with what to do about it. Changes nothing. */
import { isYardError } from '../../domain/errors.ts'
import type { Check, Finding, Installation } from './check.ts'
import { CHECKS } from './checks.ts'

export interface Examination {
  /** False when something failed; a warning is no failure. */
  readonly ok: boolean
  readonly findings: readonly (Finding & { readonly check: string })[]
}

export async function examine(installation: Installation): Promise<Examination> {
  const findings: (Finding & { readonly check: string })[] = []
  for (const check of CHECKS)
    for (const finding of await carryOut(check, installation))
      findings.push({ check: check.name, ...finding })
  return { ok: !findings.some(({ status }) => status === 'fail'), findings }
}

async function carryOut(check: Check, installation: Installation): Promise<readonly Finding[]> {
  try {
    return await check.look(installation)
  } catch (error) {
    // A check that cannot be made is a finding as well; the others go on.
    const message = error instanceof Error ? error.message : String(error)
    return [{ status: 'fail', message: isYardError(error) ? message : `the check failed: ${message}` }]
  }
}
