/** Variants are measured in turn, round by round, each round in another order: what drifts hits all alike. */

export async function interleaved<V extends string, A>(
  variants: readonly V[],
  rounds: number,
  measure: (variant: V, round: number) => Promise<A>,
): Promise<Record<V, A[]>> {
  const answers = Object.fromEntries(variants.map((variant) => [variant, [] as A[]])) as Record<V, A[]>
  for (let round = 0; round < rounds; round++) {
    const shift = round % variants.length
    const order = [...variants.slice(shift), ...variants.slice(0, shift)]
    for (const variant of order) answers[variant].push(await measure(variant, round))
  }
  return answers
}
