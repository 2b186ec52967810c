/** Every tool there is, in the order in which models are shown them. */
import type { Tool } from './tool.ts'
import { comment, create, link, list, propose, show, unblock } from './tools/cards.ts'
import { attach, attachments } from './tools/files.ts'
import { block, complete, heartbeat, requestReview } from './tools/verdicts.ts'

export const TOOLS: readonly Tool[] = [
  show,
  complete,
  block,
  heartbeat,
  comment,
  create,
  propose,
  link,
  list,
  unblock,
  requestReview,
  attach,
  attachments,
]
