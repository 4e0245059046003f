// Checks what may be dialled and what never may, with every disguise. Does not touch lines or accounts.
import assert from 'node:assert/strict'
import { test } from 'node:test'
import { areas } from './area-codes.ts'
import { neverDial } from './never-dial.ts'
import { maskPhone, parsePhone, parsePhoneList, phonesPerListMax } from './phone.ts'

const parsed = (text: string, defaultAreaCode?: string) => {
  const result = parsePhone(text, { defaultAreaCode })
  return result.ok ? result.phone : undefined
}
const code = (text: string) => {
  const result = parsePhone(text)
  return result.ok ? `ok ${result.phone.phone}` : result.bad.code
}

/** Small seeded generator (mulberry32), so that a failing case can be run again. */
function seeded(seed: number) {
  let state = seed
  const next = () => {
    state = (state + 0x6d2b79f5) | 0
    let t = Math.imul(state ^ (state >>> 15), 1 | state)
    t = (t + Math.imul(t ^ (t >>> 7), 61 | t)) ^ t
    return ((t ^ (t >>> 14)) >>> 0) / 4294967296
  }
  return { next, pick: <T>(items: readonly T[]): T => items[Math.floor(next() * items.length)]!, below: (n: number) => Math.floor(next() * n) }
}

test('reads a mobile number in every spelling people use', () => {
  for (const text of [
    '13800138000', ' 138 0013 8000 ', '138-0013-8000', '138.0013.8000', '+8613800138000', '+86 138 0013 8000', '0086 13800138000',
    '8613800138000', '013800138000', '+86 013800138000', '１３８００１３８０００', '＋８６１３８００１３８０００', '138\u200b0013\u200b8000',
    '\u202d13800138000\u202c', '138\u00a00013\u00a08000', 'tel:13800138000', 'TEL:+8613800138000', '(138)00138000', '（138）00138000',
    '1795113800138000', '1791113800138000', '12593013800138000', '1019313800138000', '138－0013－8000', '138–0013—8000',
  ]) {
    assert.equal(parsed(text)?.phone, '+8613800138000', text)
  }
})

test('reads fixed lines by area code and local length', () => {
  assert.deepEqual(parsed('0571-88888888'), {
    phone: '+8657188888888', given: '0571-88888888', kind: 'fixed', carrier: undefined, mvno: false, areaCode: '0571', city: '杭州',
  })
  assert.equal(parsed('(010) 6552 9988')?.phone, '+861065529988')
  assert.equal(parsed('+86 21 58881234')?.phone, '+862158881234')
  assert.equal(parsed('86-755-8888-8888')?.phone, '+8675588888888')
  assert.equal(parsed('0816-2345678')?.phone, '+868162345678')
  assert.equal(parsed('0851-2345678')?.phone, '+868512345678')
  assert.equal(parsed('0851-82345678')?.phone, '+8685182345678')
  assert.equal(parsed('179510571 88888888')?.phone, '+8657188888888')
  assert.equal(code('0571-8888888'), 'BAD_LENGTH')
  assert.equal(code('0816-23456789'), 'BAD_LENGTH')
  assert.equal(code('026-88888888'), 'UNASSIGNED_AREA_CODE')
  assert.equal(code('0300-2345678'), 'UNASSIGNED_AREA_CODE')
})

test('dials fixed lines whose area code looks like an emergency number', () => {
  assert.equal(parsed('0911-2345678')?.phone, '+869112345678')
  assert.equal(parsed('+86 999 2345678')?.phone, '+869992345678')
  assert.equal(neverDial('+869112345678'), undefined)
  assert.equal(neverDial('09992345678'), undefined)
})

test('asks for the area code of a bare local number unless a default is configured', () => {
  assert.equal(code('88888888'), 'NEEDS_AREA_CODE')
  assert.equal(parsed('88888888', '0571')?.phone, '+8657188888888')
  assert.equal(parsed('86123456', '0571')?.phone, '+8657186123456')
  assert.equal(parsed('2345110', '0816')?.phone, '+868162345110')
  assert.equal(parsePhone('1100000', { defaultAreaCode: '0816' }).ok, false)
})

test('classifies mobiles by the dated prefix table', () => {
  assert.deepEqual(
    ['13812345678', '18612345678', '18912345678', '19212345678', '17051234567', '16212345678', '17112345678', '14912345678'].map((text) => {
      const phone = parsed(text)
      return [phone?.carrier, phone?.mvno]
    }),
    [
      ['china-mobile', false], ['china-unicom', false], ['china-telecom', false], ['china-broadnet', false],
      ['china-mobile', true], ['china-telecom', true], ['china-unicom', true], ['china-telecom', false],
    ],
  )
  assert.equal(parsed('13481234567')?.carrier, 'china-mobile')
})

test('refuses numbers that no person answers, each with its own code', () => {
  const table: Record<string, string> = {
    13491234567: 'SATELLITE_NUMBER', 17401234567: 'SATELLITE_NUMBER', 17491234567: 'SATELLITE_NUMBER', 17412123456: 'SATELLITE_NUMBER',
    17413123456: 'UNASSIGNED_PREFIX', 14512345678: 'DATA_CARD_NUMBER', 1440012345678: 'IOT_NUMBER', '+861480012345678': 'IOT_NUMBER',
    1064012345678: 'IOT_NUMBER', 14612345678: 'UNASSIGNED_PREFIX', 15412345678: 'UNASSIGNED_PREFIX', 16101234567: 'UNASSIGNED_PREFIX',
    17912345678: 'UNASSIGNED_PREFIX', 19412345678: 'UNASSIGNED_PREFIX', 10123456789: 'SERVICE_NUMBER', 4001234567: 'ENTERPRISE_NUMBER', 8001234567: 'ENTERPRISE_NUMBER',
    '400-123-4567': 'ENTERPRISE_NUMBER', 95588: 'SERVICE_NUMBER', 95013123456: 'SERVICE_NUMBER', 10086: 'SERVICE_NUMBER',
    '010-10086': 'SERVICE_NUMBER', '021 95588': 'SERVICE_NUMBER', '0571-12345': 'SERVICE_NUMBER', 12345: 'SERVICE_NUMBER', 114: 'SERVICE_NUMBER',
    117: 'SERVICE_NUMBER', 96110: 'SERVICE_NUMBER', 10100000: 'SERVICE_NUMBER', 10690000123: 'SERVICE_NUMBER', 116114: 'SERVICE_NUMBER',
    118114: 'SERVICE_NUMBER', '+86 10 10086123': 'SERVICE_NUMBER', '+8610010': 'SERVICE_NUMBER', '01012345': 'SERVICE_NUMBER',
    '+85291234567': 'FOREIGN_NUMBER', '00886912345678': 'FOREIGN_NUMBER', '+1 202 555 0123': 'FOREIGN_NUMBER',
    '1380013800': 'BAD_LENGTH', '138001380000': 'BAD_LENGTH', '1380013800O': 'NOT_A_NUMBER', '*67#13800138000': 'NOT_A_NUMBER', '13800138000转801': 'NOT_A_NUMBER',
    '13800138000ext12': 'NOT_A_NUMBER', '手机13800138000': 'NOT_A_NUMBER', '86+13800138000': 'NOT_A_NUMBER', '一三八': 'NOT_A_NUMBER', '': 'EMPTY', '١٣٨٠٠١٣٨٠٠٠': 'NOT_A_NUMBER',
  }
  for (const [text, expected] of Object.entries(table)) {
    assert.equal(code(text), expected, text)
    if (text !== '') assert.notEqual(neverDial(text), undefined, `the last check lets ${text} through`)
  }
})

test('names the emergency number behind any disguise', () => {
  for (const text of [
    '110', '119', '120', '122', '112', '911', '999', '95110', '12110', '12395', '010110', '0571-119', '0571119', '571110', '+86110', '0086 110', '86110',
    '+8610110', '+86 571 120', '9110', '0110', '8120', '17951110', '1795101 0110', '125930571119', '１１０', '１ １ ９', '1-1-0', '①①0', '1\u200b10', 'tel:110',
    '+8686110', '00860086110', '1100000', '11012345678', '0571-1101234', '95110123', '90571110', '01795101195',
  ]) {
    assert.equal(code(text), 'EMERGENCY_NUMBER', text)
    assert.equal(neverDial(text)?.code, 'EMERGENCY_NUMBER', text)
  }
})

test('no disguise of an emergency number ever parses, over 60,000 seeded disguises', () => {
  const random = seeded(20250611)
  const codes = ['110', '119', '120', '122', '112', '911', '999', '95110', '12110', '12395']
  const areaCodes = areas.map((area) => area.code)
  const leads = ['', '0', '9', '8', '00', '+86', '0086', '86', '17951', '17911', '12593', '10193', 'tel:', '+', '00860', '+860']
  const fillers = ['', '', '', ' ', '-', '.', '\u200b', '\u00a0', '\ufeff', '(', ')', '—', '\u2060']
  for (let round = 0; round < 60_000; round += 1) {
    let text = random.pick(codes)
    if (random.next() < 0.4) text = (random.next() < 0.7 ? random.pick(areaCodes) : random.pick(areaCodes).slice(1)) + text
    let outside8 = false
    for (let count = random.below(4); count > 0; count -= 1) {
      const lead = random.pick(leads)
      outside8 ||= lead === '8'
      text = lead + text
    }
    let disguised = ''
    for (const char of text) {
      const wide = random.next() < 0.2 && /[0-9+]/.test(char) ? String.fromCodePoint(char.codePointAt(0)! + 0xfee0) : char
      disguised += random.pick(fillers) + wide
    }
    const result = parsePhone(disguised)
    if (result.ok) {
      assert.fail(`${JSON.stringify(disguised)} became ${result.phone.phone}`)
    }
    assert.notEqual(neverDial(disguised), undefined, JSON.stringify(disguised))
    // With a default area code 8 571 110 is also the honest local number 857 1110; every other disguise still counts.
    if (!outside8) assert.equal(parsePhone(disguised, { defaultAreaCode: '0571' }).ok, false, JSON.stringify(disguised))
  }
})

test('whatever parses passes the last check in every form it can be dialled in, and nothing else does', () => {
  const random = seeded(7)
  let accepted = 0
  for (let round = 0; round < 40_000; round += 1) {
    const length = 3 + random.below(14)
    let text = random.pick(['', '', '+86', '0', '0086', '1', '13', '+861', '0571', '010'])
    while (text.length < length) text += String(random.below(10))
    const result = parsePhone(text)
    if (!result.ok) {
      assert.notEqual(neverDial(text), undefined, text)
      continue
    }
    accepted += 1
    const { phone, kind } = result.phone
    assert.match(phone, /^\+86(1[3-9]\d{9}|[1-9]\d{8,10})$/)
    const national = phone.slice(3)
    for (const form of [phone, phone.slice(1), `0086${national}`, `0${national}`, ...(kind === 'mobile' ? [national] : [])]) {
      assert.equal(neverDial(form), undefined, form)
      const again = parsePhone(form)
      assert.equal(again.ok && again.phone.phone, phone, form)
    }
  }
  assert.ok(accepted > 1_000, `only ${accepted} numbers were accepted`)
})

test('the last check refuses texts that are no digits, and takes off a trunk prefix it is told of', () => {
  for (const text of ['', 'hello', 'sip:110@carrier', '*#06#', '110@x', '\u0000', '9'.repeat(1_000)]) assert.notEqual(neverDial(text), undefined, text)
  assert.equal(neverDial('888813800138000', '8888'), undefined)
  assert.equal(neverDial('8888110', '8888')?.code, 'EMERGENCY_NUMBER')
  assert.equal(neverDial('888810086', '8888')?.code, 'SERVICE_NUMBER')
  assert.equal(neverDial('13800138000', '8888'), undefined)
})

test('splits lists on every separator before parsing, keeps order, drops repeats and reports each bad number', () => {
  const { ok, bad, duplicates } = parsePhoneList('13800138000,13900139000，18612345678、0571-88888888;110；+86 138 0013 8000\n1380013800O\r\n')
  assert.deepEqual(ok.map((phone) => phone.phone), ['+8613800138000', '+8613900139000', '+8618612345678', '+8657188888888'])
  assert.deepEqual(bad.map((item) => [item.value, item.code]), [['110', 'EMERGENCY_NUMBER'], ['1380013800O', 'NOT_A_NUMBER']])
  assert.deepEqual(duplicates, [{ value: '+86 138 0013 8000', phone: '+8613800138000' }])
})

test('an extension after a comma is reported, not dialled', () => {
  const { ok, bad } = parsePhoneList('13800138000,801')
  assert.equal(ok.length, 1)
  assert.deepEqual(bad.map((item) => item.value), ['801'])
})

test('an empty list and an endless list are one bad entry each', () => {
  assert.equal(parsePhoneList(' ,，\n').bad[0]?.code, 'EMPTY')
  const many = Array.from({ length: phonesPerListMax + 1 }, (_, i) => `138${String(i).padStart(8, '0')}`).join(',')
  const { ok, bad } = parsePhoneList(many)
  assert.equal(ok.length, 0)
  assert.equal(bad[0]?.code, 'TOO_MANY')
  assert.ok(bad[0].value.length < 50)
})

test('masks numbers so that nobody can be called from a list', () => {
  assert.equal(maskPhone('+8613800138000'), '138****8000')
  assert.equal(maskPhone('0571-88888888'), '0571****8888')
  assert.equal(maskPhone('12345'), '****')
})

test('no area code is the start of another, so that digits have one reading', () => {
  const codes = areas.map((area) => area.code)
  assert.equal(new Set(codes).size, codes.length)
  for (const code of codes) {
    assert.match(code, /^0(10|2[0-57-9]|[3-9]\d\d)$/)
    assert.equal(codes.some((other) => other !== code && other.startsWith(code)), false, code)
  }
  assert.equal(codes.length, 329)
})
