import { workerEnvironment } from '../runner/clean-environment.ts'
import { SecretMask } from '../runner/secret-mask.ts'

/** Masks whatever looks like a credential in these environments, as a runner masks what its worker prints, and these secrets. */
export function maskOf(
  environments: readonly Readonly<Record<string, string | undefined>>[],
  secrets: readonly string[],
): (text: string) => string {
  const found = environments.flatMap((env) => {
    const add = Object.fromEntries(Object.entries(env).map(([name, value]) => [name, value ?? '']))
    return workerEnvironment({ parent: {}, allow: [], add }).secrets
  })
  const mask = new SecretMask([...new Set([...found, ...secrets])])
  return (text) => mask.maskText(text)
}
