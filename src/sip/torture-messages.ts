// Knows the torture messages of RFC 4475 as bytes. Does not know what is right to do with them. Used by tests only.
import { readFileSync } from 'node:fs'

export type TortureMessage = { section: string; name: string; bytes: Buffer }

/** All 49, in the order of the RFC. */
export const tortureMessages: readonly TortureMessage[] = readFileSync(new URL('../../test/corpus/rfc4475.txt', import.meta.url), 'utf8')
  .split('#### ')
  .slice(1)
  .map((entry) => {
    const end = entry.indexOf('\n')
    const [section = '', name = ''] = entry.slice(0, end).split(' ')
    return { section, name, bytes: bytesOf(entry.slice(end + 1)) }
  })

function bytesOf(text: string): Buffer {
  const wire = Buffer.from(text.replaceAll('\n', '\r\n'), 'utf8').toString('latin1')
  return Buffer.from(wire.replace(/\\x([0-9a-f]{2})/g, (_, hex: string) => String.fromCharCode(Number.parseInt(hex, 16))), 'latin1')
}
