/** What `yardmaster/client` offers. It runs in browsers and in Node 22 or newer, and needs nothing besides. */
export { openClient, type CallOptions, type ClientOptions, type YardClient } from './client.ts'
export type { EventFilter, EventStreamOptions, StreamItem } from './event-stream.ts'
export { YardError } from './yard-error.ts'
export type * from './types.ts'
