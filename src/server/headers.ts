/** What every answer says to a browser: believe nothing, keep nothing, show it nowhere else. */

const SHARED = {
  'x-content-type-options': 'nosniff',
  'x-frame-options': 'DENY',
  'referrer-policy': 'no-referrer',
  'cross-origin-opener-policy': 'same-origin',
  'cross-origin-resource-policy': 'same-origin',
  'permissions-policy': 'camera=(), microphone=(), geolocation=(), payment=(), usb=()',
} as const

/** For data: a browser that is made to open it as a page can do nothing with it. */
export const DATA_HEADERS = {
  ...SHARED,
  'content-security-policy': "default-src 'none'; frame-ancestors 'none'; sandbox",
  'cache-control': 'no-store',
} as const

/** For our own pages: scripts, styles and connections of this server only, nothing written into the page itself. */
export const PAGE_HEADERS = {
  ...SHARED,
  'content-security-policy':
    "default-src 'none'; script-src 'self'; style-src 'self'; img-src 'self' data: blob:; font-src 'self'; connect-src 'self'; manifest-src 'self'; worker-src 'self'; frame-ancestors 'none'; base-uri 'none'; form-action 'self'; object-src 'none'",
  'cache-control': 'no-store',
} as const
