// Every kind of bad request there is a test for, as a table: what is sent, and what must come back. Not for use outside tests.
// Does not know how they are sent.

export type Random = { next: () => number; below: (n: number) => number; pick: <T>(items: readonly T[]) => T }

/** Small seeded generator (mulberry32), so that a failing request can be sent again. */
export function seeded(seed: number): Random {
  let state = seed
  const next = () => {
    state = (state + 0x6d2b79f5) | 0
    let t = Math.imul(state ^ (state >>> 15), 1 | state)
    t = (t + Math.imul(t ^ (t >>> 7), 61 | t)) ^ t
    return ((t ^ (t >>> 14)) >>> 0) / 4294967296
  }
  return { next, below: (n) => Math.floor(next() * n), pick: (items) => items[Math.floor(next() * items.length)]! }
}

export type BadRequest = { method?: 'GET' | 'POST' | 'PUT' | 'DELETE' | 'PATCH' | 'HEAD'; path?: string; headers?: Record<string, string | undefined>; body?: unknown; status: number | readonly number[]; code?: string }

/** The request that every bad one differs from. */
export const good = { phones: '13800138000', user_requirement: '通知张总明天上午9点开会' }
const wide = (text: string) => text.replace(/[!-~]/g, (char) => String.fromCodePoint(char.codePointAt(0)! + 0xfee0))
const mobile = (random: Random) => `138${String(random.below(1e8)).padStart(8, '0')}`
const emergency = ['110', '119', '120', '122', '112', '911', '999', '95110', '12110', '12395'] as const
const junk = (random: Random, length: number) => Array.from({ length }, () => String.fromCharCode(32 + random.below(95))).join('')

const phones = (value: unknown, status: number | readonly number[] = 400, code?: string): BadRequest => ({ body: { ...good, phones: value }, status, ...(code === undefined ? {} : { code }) })
const never = (text: string): BadRequest => phones(text, 403, 'never-dial')

/** Actions about one call. */
const takesCallId = ['search_callinfo', 'stream_chat_history', 'hang_up', 'cancel', 'explain'] as const

/** Every kind of bad request there is a test for; each makes a different one at every turn. */
export const badRequests: Record<string, (random: Random) => BadRequest> = {
  'broken JSON': (r) => ({ body: JSON.stringify(good).slice(0, 1 + r.below(40)), status: 400, code: 'invalid-json' }),
  'junk instead of JSON': (r) => ({ body: `<${junk(r, r.below(200))}`, status: 400, code: 'invalid-json' }),
  'single quotes': () => ({ body: "{'phones':'13800138000'}", status: 400, code: 'invalid-json' }),
  'empty body': () => ({ body: '', status: 400 }),
  'JSON that is no object': (r) => ({ body: r.pick(['null', '[]', '7', '"text"', 'true', '[{"phones":"13800138000"}]']), status: 400, code: 'invalid-input' }),
  'poisoned JSON': (r) => ({ body: r.pick(['{"__proto__":{"phones":"13800138000"}}', '{"constructor":{"prototype":{"x":1}},"phones":"1"}']), status: 400 }),
  'deeply nested JSON': (r) => ({ body: `{"phones":${'['.repeat(2_000 + r.below(5_000))}`, status: 400 }),
  'form instead of JSON': () => ({ body: 'phones=13800138000', headers: { 'content-type': 'application/x-www-form-urlencoded' }, status: 415 }),
  'wrong content type': (r) => ({ body: JSON.stringify(good), headers: { 'content-type': r.pick(['text/plain', 'application/xml', 'multipart/form-data; boundary=x', 'application/jsonp', 'nonsense']) }, status: 415 }),
  'no content type': () => ({ body: JSON.stringify(good), headers: { 'content-type': undefined }, status: [400, 415] }),
  'huge body': (r) => ({ body: { ...good, user_requirement: '很长'.repeat(20_000 + r.below(20_000)) }, status: 413 }),
  'huge list of numbers': (r) => phones(Array.from({ length: 330 }, () => mobile(r)).join(',')),
  'more numbers than allowed': (r) => phones(Array.from({ length: 101 + r.below(200) }, (_, i) => `138${String(i).padStart(8, '0')}`).join(',')),
  'long requirement': (r) => ({ body: { ...good, user_requirement: '长'.repeat(2_001 + r.below(500)) }, status: 400 }),
  'empty requirement': (r) => ({ body: { ...good, user_requirement: r.pick(['', ' ', '\n\t ', '\u3000']) }, status: 400 }),
  'control characters': (r) => ({ body: { ...good, user_requirement: `开会${String.fromCharCode(r.pick([0, 1, 8, 27, 127]))}` }, status: 400 }),
  'broken UTF-16': () => ({ body: `{"phones":"13800138000","user_requirement":"开会\\ud800"}`, status: 400 }),
  'text that was no UTF-8': () => ({ body: { ...good, user_requirement: '\ufffd\ufffd\ufffd' }, status: 400 }),
  'missing field': (r) => ({ body: r.pick([{}, { phones: good.phones }, { user_requirement: '开会' }, { phone: good.phones, requirement: '开会' }]), status: 400 }),
  'wrong type of phones': (r) => phones(r.pick([13800138000, null, true, [], ['13800138000'], {}, 1e21])),
  'wrong type of requirement': (r) => ({ body: { ...good, user_requirement: r.pick([7, null, false, ['开会'], {}]) }, status: 400 }),
  'no number at all': (r) => phones(r.pick(['', ' ', ',', '，、;', '\n'])),
  'letters in a number': (r) => phones(mobile(r).replace(/\d$/, r.pick(['O', 'l', 'x', '一', 'a']))),
  'too few digits': (r) => phones(mobile(r).slice(0, 4 + r.below(6))),
  'too many digits': (r) => phones(mobile(r) + String(1 + r.below(9)), 400),
  'unassigned prefix': (r) => phones(r.pick(['154', '160', '179', '194', '146']) + mobile(r).slice(3)),
  'number that no person answers': (r) => phones(r.pick(['1349', '1740', '1749', '145', '1440000']).padEnd(r.pick([11]), '1')),
  'foreign number': (r) => phones(r.pick(['+852', '+886', '+1', '+44', '00852', '+853']) + String(20_000_000 + r.below(70_000_000))),
  'dialling codes': (r) => phones(r.pick(['*67#', '#31#', '*21*']) + mobile(r)),
  extension: (r) => phones(mobile(r) + r.pick(['转801', 'ext12', ',801', 'x5', '#801'])),
  'several with one bad': (r) => phones(`${mobile(r)},${mobile(r)}，12345x、${mobile(r)}`),
  'service number': (r) => phones(r.pick(['10086', '95588', '12345', '114', '400-123-4567', '010-10086', '０１０１００８６', '+86 12315', '10690000123']), 403),
  'emergency number': (r) => never(r.pick(emergency)),
  'emergency number in full-width digits': (r) => never(wide(r.pick(emergency))),
  'emergency number behind an area code': (r) => never(r.pick(['010', '0571', '021 ', '0755-', '+86 10 ']) + r.pick(emergency)),
  'emergency number behind a prefix': (r) => never(r.pick(['+86', '0086', '86', '17951', '12593', '9', '0', 'tel:']) + r.pick(emergency)),
  'emergency number with fillers': (r) => never(r.pick(emergency).split('').join(r.pick([' ', '-', '\u200b', '\u00a0', '.', ')(']))),
  'emergency number in a list': (r) => never(`${mobile(r)}${r.pick([',', '，', '、', ';', '；', '\n'])}${r.pick(emergency)}`),
  'emergency number with more digits': (r) => never(r.pick(['110', '119', '120', '122']) + String(r.below(1e6))),
  'unknown call': (r) => ({ path: r.pick(takesCallId), body: { call_id: `call_${10_000 + r.below(1e6)}` }, status: 404, code: 'call-not-found' }),
  'senseless call id': (r) => ({ path: r.pick(takesCallId), body: { call_id: r.pick(["1' or '1'='1", '../x', '', ' ', '通话', 'a b', 'x'.repeat(129), 7, null, {}, ['call_1'], '%00', 'a\u0000']) }, status: 400 }),
  'missing call id': (r) => ({ path: r.pick(takesCallId), body: r.pick([{}, { id: 'call_1' }]), status: 400 }),
  'senseless event id': (r) => ({ path: 'stream_chat_history', body: { call_id: 'call_1', last_event_id: r.pick(['x', -1, 1.5, {}, '1e3']) }, status: [400] }),
  'wrong version': (r) => ({ body: good, headers: { 'x-skill-version': r.pick(['0.9.9', '1.0', '1.0.0.0', '2', 'latest', ' ']) }, status: 426, code: 'skill-version-outdated' }),
  'missing version': () => ({ body: good, headers: { 'x-skill-version': undefined }, status: 426 }),
  'wrong key': (r) => ({ body: good, headers: { 'x-api-key': r.pick(['sk_nobody', 'one', 'Bearer sk_one', 'sk_one,sk_two', 'x'.repeat(500)]) }, status: 401, code: 'key-invalid' }),
  'missing key': () => ({ body: good, headers: { 'x-api-key': undefined }, status: 401 }),
  'senseless language': (r) => ({ path: 'explain', body: { call_id: 'call_1', language: r.pick(['de', '', 7, null, 'ZH', ['zh']]) }, status: 400, code: 'invalid-input' }),
  'unknown path': (r) => ({ path: r.pick(['initiate_calls', 'call', '../../etc/passwd', 'initiate_call/x', '%2e%2e', 'recording']), body: good, status: 404 }),
  'wrong method': (r) => ({ method: r.pick(['GET', 'PUT', 'DELETE', 'PATCH'] as const), body: good, status: 405, code: 'method-not-allowed' }),
  'senseless idempotency key': (r) => ({ body: good, headers: { 'idempotency-key': r.pick(['', ' ', 'a b', 'é', 'x'.repeat(201)]) }, status: 400 }),
}
