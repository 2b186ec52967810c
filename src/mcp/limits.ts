/** How long a message may be, in bytes: the longest accepted texts, every character of them escaped. */
export const MAX_MESSAGE_BYTES = 16 * 1024 * 1024
