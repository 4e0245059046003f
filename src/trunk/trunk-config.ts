// Knows what a trunk is configured with: every field, its default, its limits and what to write instead. Does not know where it is stored or how it runs.
import { isIP } from 'node:net'
import { z } from 'zod'
import { outcomes, wasAnswered } from '../call/end-reason.ts'
import { AppError, InvalidInputError } from '../errors.ts'
import { parseTrunkAddress } from '../sip/resolve.ts'
import { compileBounded } from './bounded-pattern.ts'
import { checkHeaders } from './identity-headers.ts'
import { checkOutgoingRules } from './number-rules.ts'

/** Among `targets`: wherever the gateway that registered to us is at the moment. */
export const registeredTarget = 'registered'

/** Fails a field with the message of an AppError, so that one check serves configuration and running code. */
function checked<T>(check: (value: T) => unknown) {
  return (value: T, context: z.RefinementCtx): void => {
    try {
      check(value)
    } catch (error) {
      if (!(error instanceof AppError)) throw error
      context.addIssue({ code: 'custom', message: error.message })
    }
  }
}

/** One line that can stand in a SIP header, a log and a table. */
const line = (lengthMax: number) => z.string().min(1).max(lengthMax).regex(/^[^\p{Cc}\p{Cf}\u2028\u2029]*$/u, 'must be one line without control characters')
const secret = line(256)
const userName = line(128).regex(/^[^\s<>"@]+$/, 'must not hold spaces, quotes, angle brackets or @')
const seconds = (min: number, max: number) => z.int().min(min).max(max)
const pattern = z.string().min(1).superRefine(checked((text) => compileBounded('pattern', text)))
const areaCode = z.string().regex(/^0\d{2,3}$/, 'must be an area code with its 0, such as 021 or 0571')
const hostName = z.string().max(253).refine((text) => isIP(text.replace(/^\[(.*)\]$/, '$1')) !== 0 || /^(?=.{1,253}$)[a-z\d_]([a-z\d_-]{0,62})(\.[a-z\d_]([a-z\d_-]{0,62}))*\.?$/i.test(text), 'must be a host name or an address, without sip: and without a port')

const target = z.string().min(1).max(300).superRefine(checked((text) => text === registeredTarget || parseTrunkAddress(text)))

/** Every rule may be limited to numbers that match `when`, and may be the last one to run (`last`). */
const condition = { when: pattern.optional(), last: z.boolean().optional() }
const dialString = (lengthMax: number) => z.string().min(1).max(lengthMax).regex(/^\+?[\d*#]*$/, 'may hold digits, * and #')
const edits = [
  z.strictObject({ strip: dialString(16), ...condition }),
  z.strictObject({ prefix: dialString(16), ...condition }),
  z.strictObject({ replace: pattern, with: z.string().max(40).regex(/^\+?(?:[\d*#]|\$[1-9])*$/, 'may hold digits, *, # and $1 to $9'), ...condition }),
] as const
const editForms = '{"strip":"0"}, {"prefix":"9"} or {"replace":"^0","with":""}, each with "when" and "last" if wanted'

export const numberRuleSchema = z.union(
  [
    z.strictObject({ preset: z.enum(['national', 'e164', 'e164-no-plus']), ...condition }),
    z.strictObject({ preset: z.literal('zero-for-other-cities'), areaCode, unknown: z.enum(['zero', 'no-zero']).default('zero'), dropAreaCode: z.boolean().default(false), ...condition }),
    ...edits,
  ],
  `must be one of {"preset":"national"}, {"preset":"e164"}, {"preset":"e164-no-plus"}, {"preset":"zero-for-other-cities","areaCode":"021"}, ${editForms}`,
)
const incomingRule = z.union([z.strictObject({ preset: z.literal('local'), areaCode, ...condition }), ...edits], `must be one of {"preset":"local","areaCode":"021"}, ${editForms}`)
/** How a number is written for the carrier. */
export type NumberRule = z.output<typeof numberRuleSchema>
/** How a number of the carrier is read; `local` says which area code completes numbers without one. */
export type IncomingRule = z.output<typeof incomingRule>

const template = line(256)
const headersSchema = z.strictObject({
  preset: z.enum(['plain', 'ims', 'gateway']).default('plain'),
  requestUri: template.optional(),
  from: template.optional(),
  to: template.optional(),
  contactUser: template.optional(),
  assertedIdentity: template.or(z.literal('')).optional(),
  preferredIdentity: template.or(z.literal('')).optional(),
  remotePartyId: template.or(z.literal('')).optional(),
  extra: z.array(z.strictObject({ name: z.string().regex(/^[A-Za-z\d-]{1,64}$/, 'must be letters, digits and hyphens'), value: template })).max(16).default([]),
})
/** Every template alone may be fine and their sum still not: they are tried together. */
const checkedHeadersSchema = headersSchema.superRefine((headers, context) => {
  try {
    checkHeaders(headers)
  } catch (error) {
    if (!(error instanceof InvalidInputError)) throw error
    context.addIssue({ code: 'custom', path: error.field.split('.').slice(1), message: error.message })
  }
})
export type HeadersConfig = z.output<typeof headersSchema>

export const trunkConfigSchema = z
  .strictObject({
    name: z.string().regex(/^[a-z0-9][a-z0-9-]{0,31}$/),
    enabled: z.boolean().default(true),
    targets: z.array(target).min(1).max(16),
    registration: z
      .strictObject({ username: userName, authUsername: line(128).optional(), password: secret, expiresSec: seconds(60, 86_400).default(3_600), registrar: z.string().min(1).max(300).superRefine(checked(parseTrunkAddress)).optional() })
      .optional(),
    gateway: z.strictObject({ username: userName, password: secret.min(8) }).optional(),
    credentials: z.strictObject({ username: line(128), password: secret }).optional(),
    domain: hostName.optional(),
    callers: z.array(z.strictObject({ number: z.string().regex(/^\+?\d{3,20}$/), concurrencyMax: z.int().min(1).max(10_000).optional() })).min(1).max(10_000),
    numbers: z
      .strictObject({ out: z.array(numberRuleSchema).max(32).superRefine(checked(checkOutgoingRules)).default([{ preset: 'national' }]), in: z.array(incomingRule).max(32).default([]) })
      .default({ out: [{ preset: 'national' }], in: [] }),
    headers: checkedHeadersSchema.default({ preset: 'plain', extra: [] }),
    codecs: z.array(z.enum(['PCMA', 'PCMU', 'G722', 'opus'])).min(1).max(4).default(['PCMA', 'PCMU']),
    srtp: z.enum(['off', 'optional', 'required']).default('off'),
    latch: z.enum(['strict', 'address', 'any']).default('address'),
    inbandDigits: z.enum(['auto', 'always', 'never']).default('auto'),
    ptimeMs: z.int().min(10).max(60).multipleOf(10).default(20),
    reliableProvisionals: z.boolean().default(true),
    sessionTimerSec: z.union([z.literal(0), seconds(90, 86_400)]).default(1_800),
    concurrencyMax: z.int().min(1).max(100_000).default(30),
    cps: z.number().min(0.1).max(1_000).default(5),
    priority: z.int().min(0).max(1_000).default(10),
    weight: z.int().min(0).max(1_000).default(1),
    ringMsMax: z.int().min(5_000).max(300_000).default(60_000),
    healthCheckSec: z.union([z.literal(0), seconds(5, 3_600)]).default(30),
    outcomes: z
      .array(
        z
          .strictObject({ sip: z.int().min(300).max(699).optional(), q850: z.int().min(1).max(127).optional(), text: line(100).optional(), outcome: z.enum(outcomes).refine((outcome) => !wasAnswered(outcome), 'is about calls that nobody answered: answered and assistant are not for this table') })
          .refine(({ sip, q850, text }) => sip !== undefined || q850 !== undefined || text !== undefined, 'needs at least one of sip, q850 and text to recognise the ending by'),
      )
      .max(200)
      .default([]),
    trace: z.boolean().default(false),
  })
  .superRefine((trunk, context) => {
    const issue = (path: string, message: string) => context.addIssue({ code: 'custom', path: [path], message })
    const fromGateway = trunk.targets.includes(registeredTarget)
    if (fromGateway && !trunk.gateway) issue('gateway', 'is missing: targets name "registered", so give the username and password that the gateway registers with')
    if (!fromGateway && trunk.gateway) issue('targets', 'never use the gateway: add "registered" to them, or leave gateway out')
    if (trunk.registration && !trunk.registration.registrar && trunk.targets[0] === registeredTarget) issue('registration', 'needs "registrar", because the first target is the gateway that registers to us')
    for (const key of ['targets', 'codecs'] as const) if (new Set(trunk[key]).size !== trunk[key].length) issue(key, 'names one entry twice')
    if (new Set(trunk.callers.map(({ number }) => number)).size !== trunk.callers.length) issue('callers', 'names one number twice: give it once, with the sum of its concurrencyMax')
  })

/** One trunk: a carrier, an SBC or a gateway, with everything that is particular about it. */
export type TrunkConfig = z.output<typeof trunkConfigSchema>
/** What a person has to write: fields with defaults may be left out. */
export type TrunkConfigInput = z.input<typeof trunkConfigSchema>

/** What each field is for and what may stand in it; [] stands for every entry of a list. Messages and documents are made of it. */
export const trunkFields = {
  name: '1 to 32 lower-case letters, digits and hyphens, such as "telecom-sh"',
  enabled: 'false keeps the trunk but places no call over it',
  targets: 'a list of host, host:port or "sip:host;transport=tcp" (tls), best first; ["registered"] for a gateway that registers to us',
  registration: 'set it when the carrier wants a REGISTER: {"username","password"} and, where they differ, "authUsername" and "registrar"',
  'registration.username': 'user part of the address that is registered, often +86…',
  'registration.authUsername': 'name in the digest answer, when it is not the username',
  'registration.password': 'password for it',
  'registration.expiresSec': 'how long a registration is asked for, 60 to 86400 s',
  'registration.registrar': 'where REGISTER goes, when it is not the first target',
  gateway: 'set it when a gateway registers to us: {"username","password"} as entered in the gateway',
  'gateway.username': 'user name that the gateway registers with',
  'gateway.password': 'at least 8 characters: the registrar is open to the network',
  credentials: 'digest for INVITE on lines that ask for it without a registration: {"username","password"}',
  'credentials.username': 'name in the digest answer',
  'credentials.password': 'password for it',
  domain: 'host name in From, To and Request-URI, when it is not the host of the first target',
  callers: 'at least one number that is yours and that the carrier accepts, such as [{"number":"02160001000"}]',
  'callers[].number': 'digits as the carrier wants to see them: 02160001000, 95013…, 400…, +86…',
  'callers[].concurrencyMax': 'most calls at once that show this number; left out: no limit of its own',
  numbers: '{"out":[…],"in":[…]}, rules that run in order',
  'numbers.out': 'rules from E.164 to what the carrier wants; default [{"preset":"national"}]',
  'numbers.in': 'rules from what the carrier sends to a number we know; default none',
  headers: '{"preset":"plain"}, "ims" or "gateway", with single templates changed as needed',
  'headers.extra': 'further headers: [{"name":"X-Account","value":"42"}]',
  codecs: 'best first, of PCMA, PCMU, G722, opus',
  srtp: 'off, optional or required: encrypted audio (SDES). optional is offered as RTP/AVP with a=crypto, which who does not know it ignores',
  latch: 'from where audio is taken: strict (address and port of the SDP), address (any port of it), any (also elsewhere, for a far end behind a NAT)',
  inbandDigits: 'keys heard as tones: auto (where no telephone events are agreed), always or never',
  ptimeMs: 'audio per packet: 10, 20, 30, 40, 50 or 60 ms',
  reliableProvisionals: 'false where a gateway breaks on Supported: 100rel',
  sessionTimerSec: 'session timer that we ask for, 90 to 86400 s; 0 asks for none',
  concurrencyMax: 'most calls at once, 1 to 100000: what the contract with the carrier says',
  cps: 'most calls started per second, 0.1 to 1000',
  priority: 'trunks with the lowest number are used first, 0 to 1000',
  weight: 'share among trunks of equal priority, 0 to 1000',
  ringMsMax: 'give up ringing after 5000 to 300000 ms',
  healthCheckSec: 'ask each target with OPTIONS this often, 5 to 3600 s; 0 never asks',
  outcomes: 'what this carrier means by a code: [{"sip":480,"text":"…","outcome":"powered-off"}]; looked at before the general table',
  trace: 'true keeps the SIP messages of every call of this trunk',
} as const satisfies Record<string, string>

/**
 * Checks one trunk and fills in defaults. Never repeats a password.
 * Errors: InvalidInputError; `field` is the first bad field ("callers[0].number"), `items` all of them, each with what to write instead.
 */
export function parseTrunkConfig(input: unknown): TrunkConfig {
  const result = trunkConfigSchema.safeParse(input)
  if (result.success) return result.data
  const items = result.error.issues.flatMap(problemsOf)
  const first = items[0]!
  const more = items.length === 1 ? '' : ` (and ${items.length - 1} more: ${items.slice(1, 6).map(({ value }) => value).join(', ')})`
  throw new InvalidInputError(first.value, `${first.value}: ${first.reason}${more}`, items)
}

function problemsOf(issue: z.core.$ZodIssue): { value: string; reason: string }[] {
  const path = pathText(issue.path)
  if (issue.code === 'unrecognized_keys') {
    return issue.keys.map((key) => ({ value: path === '' ? key : `${path}.${key}`, reason: `there is no such field; there are ${siblings(path)}` }))
  }
  // Messages of our own say what to do; those of the library say what their code found, which helps less than what the field is.
  if (/^(?!Invalid |Too )/.test(issue.message)) return [{ value: path === '' ? 'trunk' : path, reason: issue.message }]
  const found = issue.message.endsWith('received undefined') ? 'is missing' : 'is not right'
  return [{ value: path === '' ? 'trunk' : path, reason: `${found}; expected: ${helpFor(path) ?? 'an object such as {"name":"telecom-sh","targets":["192.0.2.10"],"callers":[{"number":"02160001000"}]}'}` }]
}

/** ['callers', 0, 'number'] → callers[0].number */
function pathText(path: readonly PropertyKey[]): string {
  return path.reduce<string>((text, key) => (typeof key === 'number' ? `${text}[${key}]` : text === '' ? String(key) : `${text}.${String(key)}`), '')
}

/** That of the field, or of the nearest one around it. */
function helpFor(path: string): string | undefined {
  const table: Readonly<Record<string, string>> = trunkFields
  for (let key = path.replace(/\[\d+\]/g, '[]'); key !== ''; key = key.replace(/(^|\.)[^.]*$/, '')) {
    const help = table[key] ?? table[key.replace(/\[\]$/, '')]
    if (help !== undefined) return help
  }
  return undefined
}

function siblings(path: string): string {
  if (path === '') return Object.keys(trunkConfigSchema.shape).join(', ')
  if (path === 'headers') return Object.keys(headersSchema.shape).join(', ')
  const prefix = `${path.replace(/\[\d+\]/g, '[]')}.`
  return Object.keys(trunkFields).filter((key) => key.startsWith(prefix)).map((key) => key.slice(prefix.length)).join(', ')
}
