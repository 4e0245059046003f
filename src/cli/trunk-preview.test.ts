import assert from 'node:assert/strict'
import { test } from 'node:test'
import { readConfig } from '../config.ts'
import { InvalidInputError } from '../errors.ts'
import { parseTrunkConfig } from '../trunk/trunk-config.ts'
import { CliError } from './api-client.ts'
import { readAs, seenBy } from './trunk-preview.ts'

const trunk = parseTrunkConfig({
  name: 'ims', targets: ['sbc.example:5070'], domain: 'sh.ims.example', callers: [{ number: '02160001000' }, { number: '02160001001' }], headers: { preset: 'ims' },
  numbers: { out: [{ preset: 'zero-for-other-cities', areaCode: '021' }], in: [{ preset: 'local', areaCode: '021' }] },
})
const config = readConfig({ SIP_ADDRESS: '192.0.2.7', SIP_PORT: '5060' })

test('shows the lines of the INVITE that say who calls whom', async () => {
  assert.deepEqual(await seenBy(trunk, '139 0013 9000', undefined, config), [
    'INVITE sip:013900139000@sh.ims.example;user=phone SIP/2.0',
    'From: <sip:+862160001000@sh.ims.example;user=phone>',
    'To: <sip:013900139000@sh.ims.example;user=phone>',
    'Contact: <sip:+862160001000@192.0.2.7:5060>',
    'P-Preferred-Identity: <sip:+862160001000@sh.ims.example;user=phone>',
  ])
  assert.match((await seenBy(trunk, '+8613900139000', '02160001001', config))[1]!, /\+862160001001/)
})

test('refuses what would not be dialled either: 110, and a caller number that is not ours', async () => {
  await assert.rejects(seenBy(trunk, '110', undefined, config), CliError)
  await assert.rejects(seenBy(trunk, '13900139000', '02160009999', config), InvalidInputError)
})

test('reads what the carrier sends', () => {
  assert.deepEqual(['58881234', '013900139000', '95588', 'anonymous'].map((sent) => readAs(trunk, sent)), ['+862158881234', '+8613900139000', '+8695588', '匿名 anonymous'])
})
