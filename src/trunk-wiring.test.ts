import assert from 'node:assert/strict'
import { mkdtemp, rm, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import path from 'node:path'
import { test } from 'node:test'
import { readConfig } from './config.ts'
import { InvalidInputError } from './errors.ts'
import { attributionOf, optionTrunk } from './trunk-wiring.ts'

test('ATTRIBUTION_FILE says where mobiles are from; a file that is not there, or a wrong line, is told by the name of the option', async () => {
  const folder = await mkdtemp(path.join(tmpdir(), 'waihu-attribution-'))
  try {
    const table = path.join(folder, 'segments.csv')
    await writeFile(table, '1380013,010\n')
    assert.equal((await attributionOf(readConfig({ ATTRIBUTION_FILE: table })))('+8613800138000'), '010')
    assert.equal((await attributionOf(readConfig({})))('+8613800138000'), undefined)
    await writeFile(table, '1380013,Beijing\n')
    for (const file of [table, path.join(folder, 'none')]) {
      await assert.rejects(attributionOf(readConfig({ ATTRIBUTION_FILE: file })), (error) => error instanceof InvalidInputError && error.field === 'ATTRIBUTION_FILE', file)
    }
  } finally {
    await rm(folder, { recursive: true, force: true })
  }
})

test('what is wrong with the trunk of the options is told by the name of the option', () => {
  for (const [env, option] of [[{ SIP_TRUNK: 'a b' }, 'SIP_TRUNK'], [{ SIP_TRUNK: 'a', SIP_CALLER_ID: 'me' }, 'SIP_CALLER_ID'], [{ SIP_TRUNK: 'a', SIP_DOMAIN: 'sip:a' }, 'SIP_DOMAIN'], [{ SIP_TRUNK: 'a', SIP_USERNAME: 'u' }, 'SIP_PASSWORD']] as const) {
    assert.throws(() => optionTrunk(readConfig(env)), (error) => error instanceof InvalidInputError && error.field === option, option)
  }
  assert.equal(optionTrunk(readConfig({})), undefined)
  assert.deepEqual(optionTrunk(readConfig({ SIP_TRUNK: '192.0.2.1, sip:b.example;transport=tls' }))?.config.targets, ['192.0.2.1', 'sip:b.example;transport=tls'])
})
