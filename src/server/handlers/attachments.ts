import { attachmentView } from '../../contract/views.ts'
import { safeFileName } from '../../domain/file-name.ts'
import type { Kernel } from '../../kernel/kernel.ts'
import { mediaTypeOf } from '../../lib/media-type.ts'
import { attachmentHeaders, cacheHeaders, essenceOf, etagOf } from '../attachment-headers.ts'
import { isKnown } from '../etag.ts'
import { Reply, type Handlers } from '../handler.ts'
import type { OpenedFile, ServerServices } from '../services.ts'
import { uploaded } from '../uploaded.ts'

export interface AttachmentsDeps {
  readonly kernel: Kernel
  readonly services: ServerServices
}

export const attachmentHandlers = ({ kernel, services }: AttachmentsDeps) =>
  ({
    async listAttachments({ input: { id } }) {
      await kernel.getTask(id)
      return { attachments: (await kernel.listAttachments(id)).map(attachmentView) }
    },

    async addAttachment({ input: { id, name: given, digest }, actor, request }) {
      // Before anything is read: a file for nobody need not travel.
      await kernel.getTask(id)
      const name = safeFileName(given)
      const stored = await services.files.keep(uploaded(request, services.settings().attachments.max_mb), {
        name,
        digest,
      })
      const mime = essenceOf(request.headers.get('content-type')) ?? mediaTypeOf(name)
      const [attached] = await kernel.attachFiles(id, [{ name, mime, ...stored }], actor)
      if (attached === undefined) throw new Error(`nothing was attached to ${id}`)
      return { attachment: attachmentView(await kernel.getAttachment(id, attached.id)) }
    },

    async getAttachment({ input: { id, attachment }, request }) {
      const file = await kernel.getAttachment(id, attachment)
      if (isKnown(request, etagOf(file))) return new Reply(null, cacheHeaders(file), 304)
      return new Reply(streamOf(await services.files.open(file.digest)), attachmentHeaders(file))
    },

    async removeAttachment({ input: { id, attachment }, actor }) {
      await kernel.removeAttachment(id, attachment, actor)
      return { ok: true }
    },
  }) satisfies Partial<Handlers>

/** Closes the file when its last byte has left, or when nobody wants the rest. */
function streamOf(opened: OpenedFile): ReadableStream<Uint8Array> {
  const chunks = opened.chunks()[Symbol.asyncIterator]()
  return new ReadableStream<Uint8Array>({
    async pull(controller) {
      try {
        const { done, value } = await chunks.next()
        if (!done) return controller.enqueue(value)
        controller.close()
      } catch (error) {
        controller.error(error)
      }
      await opened[Symbol.asyncDispose]()
    },
    cancel: () => opened[Symbol.asyncDispose](),
  })
}
