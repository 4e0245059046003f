import assert from 'node:assert/strict'
import { test } from 'node:test'
import { InvalidInputError, RefusedError } from '../errors.ts'
import { areas } from '../numbering/area-codes.ts'
import { noAttribution, readAttribution } from '../numbering/attribution.ts'
import { parsePhone } from '../numbering/phone.ts'
import { callerE164, checkOutgoingRules, dialledNumber, nationalDigits, receivedNumber } from './number-rules.ts'
import { numberRuleSchema, type IncomingRule, type NumberRule, type TrunkConfigInput } from './trunk-config.ts'

type RulesInput = NonNullable<NonNullable<TrunkConfigInput['numbers']>['out']>

/** Also of rules that no configuration may have. */
const rulesOf = (out: RulesInput): NumberRule[] => out.map((rule) => numberRuleSchema.parse(rule))
const dialled = (phone: string, out: RulesInput, attribution = noAttribution) => dialledNumber(phone, rulesOf(out), attribution)

test('presets write mobiles, fixed lines, hotlines and foreign numbers in each form', () => {
  const forms = (phone: string) => (['national', 'e164', 'e164-no-plus'] as const).map((preset) => dialled(phone, [{ preset }]))
  assert.deepEqual(forms('+8613800138000'), ['13800138000', '+8613800138000', '8613800138000'])
  assert.deepEqual(forms('+862158881234'), ['02158881234', '+862158881234', '862158881234'])
  assert.deepEqual(forms('+868162221234'), ['08162221234', '+868162221234', '868162221234'])
  assert.deepEqual(forms('+864001234567'), ['4001234567', '+864001234567', '864001234567'])
  assert.deepEqual(forms('+8695588'), ['95588', '+8695588', '8695588'])
  assert.deepEqual(forms('+8695013123456'), ['95013123456', '+8695013123456', '8695013123456'])
  assert.deepEqual(forms('+14155550100'), ['0014155550100', '+14155550100', '14155550100'])
  // 0951 is Yinchuan: ten digits that begin with 95 are a fixed line there, not a hotline.
  assert.equal(nationalDigits('+869515012345'), '09515012345')
  assert.equal(nationalDigits('8001'), '8001')
})

test('mobiles of other cities get a 0, those of this city and fixed lines do not', () => {
  const city = readAttribution('1380013,021\n1390000,010')
  const rule = { preset: 'zero-for-other-cities', areaCode: '021' } as const
  assert.equal(dialled('+8613800138000', [rule], city), '13800138000')
  assert.equal(dialled('+8613900001234', [rule], city), '013900001234')
  assert.equal(dialled('+8618600001234', [rule], city), '018600001234', 'an unknown mobile gets the 0 unless said otherwise')
  assert.equal(dialled('+8618600001234', [{ ...rule, unknown: 'no-zero' }], city), '18600001234')
  assert.equal(dialled('+861058881234', [rule], city), '01058881234')
  assert.equal(dialled('+862158881234', [rule], city), '02158881234')
  assert.equal(dialled('+862158881234', [{ ...rule, dropAreaCode: true }], city), '58881234')
  assert.equal(dialled('+861058881234', [{ ...rule, dropAreaCode: true }], city), '01058881234')
  assert.equal(dialled('+8695588', [rule], city), '95588')
  assert.equal(dialled('+864001234567', [rule], city), '4001234567')
})

test('rules run in order, each on what the one before it made; `when` limits and `last` ends', () => {
  assert.equal(dialled('+8613800138000', [{ preset: 'national' }, { prefix: '9' }]), '913800138000')
  assert.equal(dialled('+8613800138000', [{ preset: 'national' }, { prefix: '12593' }]), '1259313800138000')
  assert.equal(dialled('+8613800138000', [{ preset: 'national' }, { prefix: '17951', when: '^1[3-9]\\d{9}$' }]), '1795113800138000')
  assert.equal(dialled('+862158881234', [{ preset: 'national' }, { prefix: '17951', when: '^1[3-9]\\d{9}$' }]), '02158881234')
  assert.equal(dialled('+862158881234', [{ preset: 'national' }, { strip: '0' }, { prefix: '86' }]), '862158881234')
  assert.equal(dialled('+8613800138000', [{ preset: 'e164' }, { replace: '^\\+86(.*)$', with: '0086$1' }]), '008613800138000')
  assert.equal(dialled('+8613800138000', [{ preset: 'national' }, { prefix: '9', last: true }, { prefix: '8' }]), '913800138000')
  assert.equal(dialled('+8613800138000', [{ preset: 'national' }, { strip: '0', last: true }, { prefix: '8' }]), '813800138000', 'a rule that changed nothing is not the last one')
  assert.equal(dialled('+8613800138000', [{ preset: 'national' }, { replace: '$', with: '#' }]), '13800138000#')
  assert.equal(dialled('+8613800138000', []), '+8613800138000')
})

test('no rule turns a number into another one or into an emergency number', () => {
  const attempts: [string, RulesInput][] = [
    ['+8613800138000', [{ replace: '^.*$', with: '110' }]],
    ['+8613800138000', [{ replace: '^.*$', with: '0571119' }]],
    ['+8613800138000', [{ replace: '^.*$', with: '13900139000' }]],
    ['+8613800138000', [{ replace: '^\\+86138(.*)$', with: '139$1' }]],
    ['+8613800138000', [{ preset: 'national' }, { strip: '1' }]],
    ['+8613800138000', [{ preset: 'national' }, { replace: '\\d$', with: '' }]],
    ['+8613800138000', [{ preset: 'national' }, { replace: '$', with: '1' }]],
    ['+8613800138000', [{ replace: '^.*$', with: '' }]],
    ['+8613800138000', [{ preset: 'national' }, { replace: '^(\\d{5})', with: '$1#' }]],
    // Exchanges connect as soon as the digits so far make sense.
    ['+8613800138000', [{ preset: 'national' }, { prefix: '110' }]],
    ['+8613800138000', [{ preset: 'national' }, { prefix: '9110' }]],
    ['+8613800138000', [{ preset: 'national' }, { prefix: '0119' }]],
    ['+8613800138000', [{ preset: 'national' }, { prefix: '95110' }]],
    ['+8657188888888', [{ preset: 'national' }, { prefix: '11' }]],
    ['+862088888888', [{ preset: 'national' }, { strip: '0' }, { prefix: '1' }]],
  ]
  for (const [phone, rules] of attempts) {
    assert.throws(() => dialled(phone, rules), (error) => error instanceof InvalidInputError && error.field === 'numbers.out' && /do not lead to \d+\*\*\*\*/.test(error.message) && !error.message.includes(phone.slice(3)), `${phone} ${JSON.stringify(rules)}`)
    assert.throws(() => checkOutgoingRules(rulesOf(rules)), /does not lead to that number alone/, `saved: ${JSON.stringify(rules)}`)
  }
})

test('an emergency number is not dialled by any rule, however it got this far', () => {
  for (const [phone, rules] of [
    ['110', []], ['+86110', [{ preset: 'national' }]], ['119', [{ prefix: '9' }]], ['+8610120', [{ preset: 'national' }]], ['95110', [{ preset: 'national' }]], ['1100000', [{ preset: 'national' }]],
    ['+86110', [{ replace: '^.*$', with: '13800138000' }]],
  ] as [string, RulesInput][]) {
    assert.throws(() => dialled(phone, rules), (error) => error instanceof RefusedError && error.code === 'never-dial', `${phone} ${JSON.stringify(rules)}`)
  }
})

test('over 20,000 seeded rule chains the result always ends in the subscriber and never begins with an emergency number', () => {
  let state = 20_261_121
  const next = (below: number) => (state = (state * 48_271) % 2_147_483_647) % below
  const pick = <T>(list: readonly T[]): T => list[next(list.length)]!
  const digits = (count: number) => Array.from({ length: count }, () => next(10)).join('')
  const emergency = /^(?:110|119|120|122|112|12110|12395|95110)/
  const chains: RulesInput = [
    { preset: 'national' }, { preset: 'e164' }, { preset: 'e164-no-plus' }, { preset: 'zero-for-other-cities', areaCode: '0571', dropAreaCode: true },
    { strip: '0' }, { strip: '1' }, { strip: '+86' }, { strip: '057' }, { prefix: '9' }, { prefix: '0' }, { prefix: '1' }, { prefix: '11' }, { prefix: '12' }, { prefix: '110' }, { prefix: '12593' }, { prefix: '95' },
    { replace: '^\\+?86', with: '' }, { replace: '^(\\d{3})\\d{2}', with: '$1' }, { replace: '\\d{4}$', with: '' }, { replace: '^.', with: '1' }, { replace: '(1\\d)(\\d)', with: '$2$1' },
  ]
  let sent = 0
  let refusals = 0
  for (let round = 0; round < 20_000; round += 1) {
    const phone = next(2) === 0 ? `+861${3 + next(7)}${digits(9)}` : `+86${pick(areas).code.slice(1)}${2 + next(7)}${digits(pick([6, 7]))}`
    const parsed = parsePhone(phone)
    if (!parsed.ok) continue
    const out = Array.from({ length: 1 + next(4) }, () => pick(chains))
    let result: string
    try {
      result = dialledNumber(parsed.phone.phone, rulesOf(out), noAttribution)
    } catch (error) {
      assert.ok(error instanceof InvalidInputError)
      refusals += 1
      continue
    }
    sent += 1
    const national = parsed.phone.phone.slice(3)
    const local = parsed.phone.areaCode === '0571' && out.some((rule) => 'dropAreaCode' in rule) ? national.slice(3) : national
    assert.ok(result.endsWith(national) || result.endsWith(local), `${phone} became ${result} by ${JSON.stringify(out)}`)
    if (!result.endsWith(national) || result.length > national.length) {
      for (const front of [result, result.replace(/^\+?(?:86|[09])/, '')]) {
        if (front.length > national.length) assert.doesNotMatch(front, emergency, `${phone} became ${result}`)
      }
    }
  }
  assert.ok(sent > 3_000 && refusals > 1_000, `${sent} sent, ${refusals} refused`)
})

test('what the presets write is read back as the same number, over every area code and many mobiles', () => {
  const local: IncomingRule[] = [{ preset: 'local', areaCode: '0571' }]
  for (const { code, localLengths } of areas) {
    for (const length of localLengths) {
      const phone = `+86${code.slice(1)}${'6'.repeat(length)}`
      for (const preset of ['national', 'e164', 'e164-no-plus'] as const) assert.equal(receivedNumber(dialled(phone, [{ preset }]), []), phone)
      assert.equal(receivedNumber(dialled(phone, [{ preset: 'zero-for-other-cities', areaCode: '0571', dropAreaCode: true }]), local), phone)
    }
  }
  for (let at = 0; at < 200; at += 1) {
    const phone = `+86138${String(at * 49_999).padStart(8, '0')}`
    assert.equal(receivedNumber(dialled(phone, [{ preset: 'zero-for-other-cities', areaCode: '021' }]), []), phone)
  }
})

test('reads what carriers send: hotlines, foreign callers, hidden callers, and rules for the odd ones', () => {
  assert.equal(receivedNumber('95588', []), '+8695588')
  assert.equal(receivedNumber('+8695588', []), '+8695588')
  assert.equal(receivedNumber('4001234567', []), '+864001234567')
  assert.equal(receivedNumber('0014155550100', []), '+14155550100')
  assert.equal(receivedNumber('8001', []), '8001')
  assert.equal(receivedNumber('anonymous', []), undefined)
  assert.equal(receivedNumber('', []), undefined)
  assert.equal(receivedNumber('58881234', [{ preset: 'local', areaCode: '021' }]), '+862158881234')
  assert.equal(receivedNumber('9913800138000', [{ strip: '99' }]), '+8613800138000')
  assert.equal(receivedNumber('T13800138000#', [{ replace: '^T(\\d+)#$', with: '$1' }]), '+8613800138000')
  assert.ok(receivedNumber('1'.repeat(10_000), [])!.length <= 40)
})

test('caller numbers of every kind become E.164', () => {
  assert.deepEqual(['02160001000', '13800138000', '4001234567', '95013123', '+862160001000', '862160001000'].map(callerE164), ['+862160001000', '+8613800138000', '+864001234567', '+8695013123', '+862160001000', '+862160001000'])
})
