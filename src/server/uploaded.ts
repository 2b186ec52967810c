/** The body of a request as a stream of bytes: counted as it arrives, and refused in words when it does not arrive whole. */
import { Refusal } from './refusal.ts'

/** The bytes of a body; throws a refusal as soon as there are more than `maxMb` MiB, or when the sender has gone. */
export async function* uploaded(request: Request, maxMb: number): AsyncGenerator<Uint8Array> {
  const most = maxMb * 2 ** 20
  if (Number(request.headers.get('content-length') ?? 0) > most) throw tooLarge(maxMb)
  let size = 0
  for await (const chunk of arriving(request)) {
    size += chunk.byteLength
    if (size > most) throw tooLarge(maxMb)
    yield chunk
  }
}

async function* arriving({ body }: Request): AsyncGenerator<Uint8Array> {
  if (body === null) return
  const reader = body.getReader()
  try {
    for (;;) {
      const { done, value } = await reader.read().catch((error: unknown) => {
        throw brokenOff(error)
      })
      if (done) return
      yield value
    }
  } finally {
    // What is still on its way will not be read.
    await reader.cancel().catch(() => undefined)
  }
}

const tooLarge = (maxMb: number) =>
  new Refusal(
    413,
    'attachment_too_large',
    `This file is larger than ${maxMb} MiB, the most one attachment may have.`,
    `Pack it smaller, or allow more with: yard config set attachments.max_mb <number>`,
    { connection: 'close' },
  )

const brokenOff = (error: unknown) =>
  new Refusal(
    400,
    'upload_broken_off',
    `The file did not arrive whole (${error instanceof Error ? error.message : String(error)}), and nothing of it was kept.`,
    'Send it again.',
  )
