/** How a file leaves: to be saved under its name, whatever it is, and never to be run or shown as a page. */
import { create as contentDisposition } from 'content-disposition'
import { safeFileName } from '../domain/file-name.ts'

/** Kinds that a browser draws or prints and never runs. All others leave as bytes of no particular kind. */
const INERT = new Set([
  'application/json',
  'image/avif',
  'image/gif',
  'image/jpeg',
  'image/png',
  'image/webp',
  'text/csv',
  'text/markdown',
  'text/plain',
])

export interface SentFile {
  readonly name: string
  readonly size: number
  /** SHA-256 in hex. */
  readonly digest: string
  readonly mime: string | null
}

export const etagOf = ({ digest }: Pick<SentFile, 'digest'>): string => `"sha256-${digest}"`

export const attachmentHeaders = (file: SentFile): Record<string, string> => ({
  'content-type': typeOf(file.mime),
  'content-length': String(file.size),
  'content-disposition': contentDisposition(safeFileName(file.name)),
  'accept-ranges': 'none',
  ...cacheHeaders(file),
})

/** Kept by the client, and asked for again each time: who may see it can change. */
export const cacheHeaders = (file: Pick<SentFile, 'digest'>): Record<string, string> => ({
  etag: etagOf(file),
  'cache-control': 'private, no-cache',
})

function typeOf(mime: string | null): string {
  const type = essenceOf(mime)
  if (type === null || !INERT.has(type)) return 'application/octet-stream'
  return type.startsWith('text/') ? `${type}; charset=utf-8` : type
}

/** The kind of content without its parameters; null for what is none, or says nothing. */
export function essenceOf(contentType: string | null): string | null {
  const type = contentType?.split(';')[0]?.trim().toLowerCase() ?? ''
  const isType = type.length <= 100 && /^[\w!#$&^.+-]+\/[\w!#$&^.+-]+$/.test(type)
  return isType && !SAY_NOTHING.has(type) ? type : null
}

/** What programs send that were told nothing about a file. */
const SAY_NOTHING = new Set(['application/octet-stream', 'application/x-www-form-urlencoded'])
