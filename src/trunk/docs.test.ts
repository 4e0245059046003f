// Holds docs/trunks.md: every field is explained with its real default, every rule in the table does what it says, every recipe is a trunk.
import assert from 'node:assert/strict'
import { readFile } from 'node:fs/promises'
import path from 'node:path'
import { test } from 'node:test'
import { programRoot } from '../config.ts'
import { noAttribution, readAttribution } from '../numbering/attribution.ts'
import { dialledNumber } from './number-rules.ts'
import { parseTrunkConfig, trunkConfigSchema, type NumberRule } from './trunk-config.ts'

const page = await readFile(path.join(programRoot, 'docs/trunks.md'), 'utf8')
const blocks = (language: string): string[] => [...page.matchAll(new RegExp(`^\`\`\`${language}\\n([^]*?)^\`\`\`$`, 'gm'))].map(([, text]) => text!)
const least = { name: 'a', targets: ['192.0.2.1'], callers: [{ number: '02160001000' }] }

test('every field is in the table, with the default that it has', () => {
  const rows = new Map([...page.matchAll(/^\| `(\w+)` \|(.*?)\|/gm)].map(([, field, value]) => [field!, value!.replaceAll('`', '').trim()]))
  const defaults: Readonly<Record<string, unknown>> = parseTrunkConfig(least)
  for (const field of Object.keys(trunkConfigSchema.shape)) {
    const told = rows.get(field)
    assert.notEqual(told, undefined, `docs/trunks.md does not explain ${field}`)
    if (field in least || defaults[field] === undefined) continue
    const value = defaults[field]
    const written = field === 'headers' ? '{"preset":"plain"}' : typeof value === 'string' ? value : JSON.stringify(value)
    assert.equal(told, written, field)
  }
})

test('every recipe is a trunk, and what is no recipe is a part of one', () => {
  const parsed = blocks('json').map((text) => parseTrunkConfig({ ...least, ...(JSON.parse(text) as object) }))
  assert.deepEqual(parsed.map(({ name }) => name), ['a', 'telecom-cc', 'ims-sh', 'goip', 'edge'])
})

test('the rules in the table write what it says', () => {
  let tried = 0
  for (const [, rules = '', mobile = '', fixed = ''] of page.matchAll(/^\| ((?:`\{.*?\}`(?:, )?)+) \| (\+?\d+)\S* ?.*? \| (\+?\d+) \|$/gm)) {
    const out = [...rules.matchAll(/`(\{.*?\})`/g)].map(([, text]) => JSON.parse(text!) as NumberRule)
    const trunk = parseTrunkConfig({ ...least, numbers: { out, in: [] } })
    assert.equal(dialledNumber('+8613800138000', trunk.numbers.out, noAttribution), mobile, rules)
    assert.equal(dialledNumber('+862158881234', trunk.numbers.out, noAttribution), fixed, rules)
    tried += 1
  }
  assert.equal(tried, 8)
})

test('the table of segments in it can be read', () => {
  const city = readAttribution(blocks('text')[0]!)
  assert.deepEqual([city('13800138000'), city('13900508888'), city('19912345678')], ['010', '0571', '021'])
})
