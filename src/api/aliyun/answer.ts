// Knows how an answer is written, in JSON or in XML. Does not know what is in it.
import type { RpcRequest } from './rpc-request.ts'
import { signatureVersionOf } from './rpc-request.ts'

export type AnswerFormat = 'JSON' | 'XML'
export type AnswerFields = Readonly<Record<string, string | boolean | number>>

/** What the client asks for; undefined when it asks for something else than JSON or XML. Without a wish it is XML for the first signature, JSON for the third. */
export function formatOf(request: RpcRequest): AnswerFormat | undefined {
  const wish = request.params.get('Format')?.toUpperCase()
  if (wish === 'JSON' || wish === 'XML') return wish
  if (wish !== undefined && wish !== '') return undefined
  if (signatureVersionOf(request) === 1) return 'XML'
  return /\bxml\b/i.test(request.headers['accept'] ?? '') ? 'XML' : 'JSON'
}

/** `root`: name of the element in XML. Clients recognise an XML error by its exact content type. */
export function writeAnswer(format: AnswerFormat, root: string, fields: AnswerFields): { type: string; body: string } {
  if (format === 'JSON') return { type: 'application/json;charset=utf-8', body: JSON.stringify(fields) }
  const elements = Object.entries(fields).map(([name, value]) => `<${name}>${xmlText(String(value))}</${name}>`)
  return { type: 'text/xml;charset=utf-8', body: `<?xml version='1.0' encoding='UTF-8'?><${root}>${elements.join('')}</${root}>` }
}

/** Characters that XML 1.0 has no way to write (§2.2) become U+FFFD. */
function xmlText(text: string): string {
  return text
    .toWellFormed()
    .replace(/[\u0000-\u0008\u000b\u000c\u000e-\u001f\ufffe\uffff]/g, '\ufffd')
    .replace(/&/g, '&amp;')
    .replace(/</g, '&lt;')
    .replace(/>/g, '&gt;')
}
