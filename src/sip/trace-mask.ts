// Knows what in a SIP message is nobody's business: proofs of passwords, media keys, typed digits and texts. Does not know who reads it.
// Everything keeps its length, so that Content-Length stays right and captures still parse.

const HEAD_BYTES_MAX = 32_768

const crossOut = (text: string): string => text.replace(/[^\r\n]/g, 'x')

/** The Call-ID of whatever looks like a SIP message; undefined when there is none. */
export function callIdOf(bytes: Uint8Array): string | undefined {
  const head = Buffer.from(bytes.buffer, bytes.byteOffset, Math.min(bytes.length, HEAD_BYTES_MAX)).toString('latin1')
  return /^(?:call-id|i)[ \t]*:([^\r\n]*)/im.exec(head)?.[1]?.trim() || undefined
}

/** A message in two pieces; both together are the whole, blank line included in the first. */
export function splitMessage(text: string): { head: string; body: string } {
  const blank = /\r?\n\r?\n/.exec(text)
  const end = blank ? blank.index + blank[0].length : text.length
  return { head: text.slice(0, end), body: text.slice(end) }
}

/** Bodies that say how media flows or how a transfer goes; any other may hold what somebody typed or wrote. */
const plainBodies = /^(?:content-type|c)[ \t]*:[ \t]*(?:application\/sdp|message\/sipfrag|multipart\/)/im

/** A copy without digest responses, other credentials, passwords in addresses, media keys, and bodies of INFO, MESSAGE and unknown kinds. */
export function maskSecrets(bytes: Uint8Array): Uint8Array {
  const { head, body } = splitMessage(Buffer.from(bytes.buffer, bytes.byteOffset, bytes.length).toString('latin1'))
  return Buffer.from(maskHead(head) + maskBody(head, body), 'latin1')
}

function maskHead(head: string): string {
  return head
    // A header may go on in further lines that begin with a space.
    .replace(/^((?:proxy-)?authorization[ \t]*:[ \t]*)((?:[^\r\n]|\r?\n[ \t])*)/gim, (_all, name: string, value: string) => name + maskCredentials(value))
    .replace(/^((?:proxy-)?authentication-info[ \t]*:(?:[^\r\n]|\r?\n[ \t])*?rspauth[ \t]*=[ \t]*"?)([^",\r\n]*)/gim, (_all, before: string, proof: string) => before + crossOut(proof))
    .replace(/(\bsips?:[^\s@:;<>"]{1,128}:)([^\s@<>]{1,256})(?=@)/gi, (_all, before: string, password: string) => before + crossOut(password))
}

function maskCredentials(value: string): string {
  if (!/^digest\s/i.test(value)) return value.replace(/^(\S+\s+)?([\s\S]*)$/, (_all, scheme: string | undefined, secret: string) => (scheme ?? '') + crossOut(secret))
  return value.replace(/\b(response[ \t]*=[ \t]*"?)([^",\s]*)/gi, (_all, before: string, proof: string) => before + crossOut(proof))
}

function maskBody(head: string, body: string): string {
  if (body === '') return body
  const typed = /^(?:INFO|MESSAGE)\s|^cseq[ \t]*:[ \t]*\d+[ \t]+(?:INFO|MESSAGE)\b/im.test(head)
  if (typed || !plainBodies.test(head)) return crossOut(body)
  return body
    .replace(/^(a=crypto:.*?inline:)(\S+)/gim, (_all, before: string, key: string) => before + crossOut(key))
    .replace(/^(k=|a=ice-pwd:|a=key-mgmt:)(.*)/gim, (_all, before: string, key: string) => before + crossOut(key))
}

/** Headers in which people are named. */
const peopleIn = 'from|f|to|t|contact|m|p-[a-z-]+|remote-party-id|diversion|history-info|refer-to|r|referred-by|b|route|record-route|(?:proxy-)?authorization'
const linesWithPeople = new RegExp(`^(?:(?:${peopleIn})[ \\t]*:|[A-Z]{2,16} [^\\r\\n]* SIP/2\\.0).*(?:\\r?\\n[ \\t].*)*`, 'gim')
/** Seven digits and more, separators of tel: addresses included; not IPv4 addresses, and not tags and other parameters. */
const number = /(?<![\w=.@-])(?!\d{1,3}(?:\.\d{1,3}){3})\+?\d(?:[().-]?\d){6,}/g

/** A copy of the text in which only the first three and the last four digits of phone numbers can be read. */
export function maskPhones(message: string): string {
  const { head, body } = splitMessage(message)
  return head.replace(linesWithPeople, (line) => line.replace(number, maskDigits)) + body
}

function maskDigits(written: string): string {
  const digits = written.replace(/\D/g, '').length
  let seen = 0
  return written.replace(/\d/g, (digit) => {
    seen += 1
    return seen <= 3 || seen > digits - 4 ? digit : '*'
  })
}
