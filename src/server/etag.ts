/** Tags that tell a client whether what it has is still what there is. */

/** Whether the client has what goes by this tag: compared weakly, as is right where nothing but a whole answer is asked for. */
export function isKnown({ headers }: Request, etag: string): boolean {
  const known = headers.get('if-none-match')
  if (known === null) return false
  return known.trim() === '*' || known.split(',').some((tag) => opaque(tag.trim()) === opaque(etag))
}

const opaque = (tag: string): string => tag.replace(/^W\//, '')
