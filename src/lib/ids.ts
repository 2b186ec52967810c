/** Randomness: ids and secrets. */
import { createHash, randomBytes, randomInt, timingSafeEqual } from 'node:crypto'

/** `t_` and 8 hex digits: short enough to type; an id that is taken is drawn again where it is inserted. */
export const newTaskId = (): string => `t_${randomBytes(4).toString('hex')}`

/** 256 random bits, url-safe. */
export const newSecret = (): string => randomBytes(32).toString('base64url')

export const newUuid = (): string => crypto.randomUUID()

/** What is stored of a secret. */
export const hashSecret = (secret: string): string => createHash('sha256').update(secret).digest('hex')

/** Compares without telling by its duration where the difference is. */
export function secretMatches(secret: string, hash: string): boolean {
  const given = Buffer.from(hashSecret(secret))
  const wanted = Buffer.from(hash)
  return given.length === wanted.length && timingSafeEqual(given, wanted)
}

/** A whole number from `min` to `max`, both included. */
export const randomBetween = (min: number, max: number): number => randomInt(min, max + 1)
