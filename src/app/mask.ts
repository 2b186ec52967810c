import { workerEnvironment } from '../runner/clean-environment.ts'
import { SecretMask } from '../runner/secret-mask.ts'

/** Knows whatever looks like a credential in these environments, as the runner of a worker does, and these secrets. */
export function secretsIn(
  environments: readonly Readonly<Record<string, string | undefined>>[],
  secrets: readonly string[],
): SecretMask {
  const found = environments.flatMap((env) => {
    const add = Object.fromEntries(Object.entries(env).map(([name, value]) => [name, value ?? '']))
    return workerEnvironment({ parent: {}, allow: [], add }).secrets
  })
  return new SecretMask([...new Set([...found, ...secrets])])
}
