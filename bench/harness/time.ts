/** Moments that several processes compare: milliseconds since 1970, with fractions. */
export const epochMs = (): number => performance.timeOrigin + performance.now()

export const sleep = (ms: number): Promise<void> => new Promise((resolve) => setTimeout(resolve, ms))
