import { Buffer } from 'node:buffer'
import type { AudioContent, ImageContent, TextContent } from '@modelcontextprotocol/server'

/** A PNG of one pixel. */
export const png =
  'iVBORw0KGgoAAAANSUhEUgAAAAEAAAABCAYAAAAfFcSJAAAADUlEQVR42mNk+M9QDwADhgGAWjR9awAAAABJRU5ErkJggg=='

/** A WAV file without samples: mono, 8 kHz, 8 bits. */
const wav = Buffer.from(
  '52494646240000005741564566 6d7420100000000100010040 1f0000401f000001000800 6461746100000000'.replaceAll(
    ' ',
    '',
  ),
  'hex',
).toString('base64')

export const image: ImageContent = { type: 'image', data: png, mimeType: 'image/png' }
export const audio: AudioContent = { type: 'audio', data: wav, mimeType: 'audio/wav' }

export function text(content: string): TextContent {
  return { type: 'text', text: content }
}
