// Checks in which order words, a trunk's rows and codes decide, what rule they name, and that the table is whole.
import assert from 'node:assert/strict'
import { describe, test } from 'node:test'
import { announcementStatuses } from '../speech/early-media/announcement-table.ts'
import type { EarlyMediaHeard } from '../speech/early-media/early-media.ts'
import { codeTable } from './outcome-table.ts'
import { decide, type OutcomeOverride } from './sip-outcome.ts'

const said = (status: EarlyMediaHeard['status'], text: string): EarlyMediaHeard => ({ status, by: status === 'unknown' ? undefined : 'words', certain: true, text, tone: undefined })
const busyTone: EarlyMediaHeard = { status: 'busy', by: 'tone', certain: true, text: '', tone: 'busy' }

void describe('the rule that decided', () => {
  void test('is named: words, tone, cause, status, family', () => {
    assert.deepEqual(decide({ status: 480, q850: 20, heard: said('suspended', '您拨打的电话已停机') }), { outcome: 'suspended', rule: 'text:suspended' })
    assert.deepEqual(decide({ status: 480, heard: busyTone }), { outcome: 'busy', rule: 'tone:busy' })
    assert.deepEqual(decide({ status: 480, q850: 19 }), { outcome: 'no-answer', rule: 'q850:19' })
    assert.deepEqual(decide({ status: 480, q850: 31 }), { outcome: 'unreachable', rule: 'sip:480' })
    assert.deepEqual(decide({ status: 555 }), { outcome: 'line-fault', rule: 'sip:5xx' })
    assert.deepEqual(decide({ status: 407 }), { outcome: 'line-fault', rule: 'sip:misfit' })
    assert.deepEqual(decide({ status: 433 }), { outcome: 'unknown', rule: 'sip:other' })
  })

  void test('is none without a status, when nothing that decides was heard', () => {
    assert.equal(decide({}), undefined)
    assert.equal(decide({ heard: said('ivr', '请按一') }), undefined)
    assert.equal(decide({ status: 200, q850: 17 }), undefined)
  })

  void test('of words or tone is one for each announcement', () => {
    for (const status of announcementStatuses) {
      const decision = decide({ heard: said(status, '') })
      assert.ok(decision === undefined || decision.rule === `text:${status}`)
    }
  })
})

void describe("a trunk's own rows", () => {
  const rows: readonly OutcomeOverride[] = [
    { sip: 480, q850: 31, outcome: 'suspended' },
    { sip: 480, outcome: 'powered-off' },
    { q850: 16, outcome: 'carrier-blocked' },
    { text: '号码+受限|限呼', outcome: 'carrier-blocked' },
    { text: '停机', sip: 404, outcome: 'invalid-number' },
  ]

  void test('come before the general table, the first that fits in all its parts', () => {
    assert.deepEqual(decide({ status: 480, q850: 31 }, rows), { outcome: 'suspended', rule: 'trunk:1' })
    assert.deepEqual(decide({ status: 480, q850: 19 }, rows), { outcome: 'powered-off', rule: 'trunk:2' })
    assert.deepEqual(decide({ status: 603, q850: 16 }, rows), { outcome: 'carrier-blocked', rule: 'trunk:3' })
    assert.deepEqual(decide({ status: 486, q850: 17 }, rows), { outcome: 'busy', rule: 'q850:17' })
  })

  void test('about words come before the general announcements, and are read by their sound as well', () => {
    assert.deepEqual(decide({ heard: said('unknown', '您的号码外呼受限') }, rows), { outcome: 'carrier-blocked', rule: 'trunk:4' })
    assert.deepEqual(decide({ heard: said('unknown', '您的号码外呼受线') }, rows), { outcome: 'carrier-blocked', rule: 'trunk:4' })
    assert.deepEqual(decide({ status: 404, heard: said('suspended', '您拨打的电话已停机') }, rows), { outcome: 'invalid-number', rule: 'trunk:5' })
    assert.deepEqual(decide({ status: 480, heard: said('suspended', '您拨打的电话已停机') }, rows), { outcome: 'suspended', rule: 'text:suspended' }, 'both parts must fit')
  })

  void test('about codes do not overrule what was announced', () => {
    assert.deepEqual(decide({ status: 480, heard: said('vacant-number', '您拨打的号码是空号') }, rows), { outcome: 'invalid-number', rule: 'text:vacant-number' })
    assert.deepEqual(decide({ status: 480, heard: said('unknown', '我爱你') }, rows), { outcome: 'powered-off', rule: 'trunk:2' }, 'a song announces nothing')
  })

  void test('without any condition hold for nothing', () => {
    assert.deepEqual(decide({ status: 486 }, [{ outcome: 'unknown' }]), { outcome: 'busy', rule: 'sip:486' })
    assert.deepEqual(decide({ status: 486, heard: said('unknown', '你好') }, [{ text: '  ', outcome: 'unknown' }]), { outcome: 'busy', rule: 'sip:486' })
  })

  void test('cannot make an answer of a refusal', () => {
    assert.deepEqual(decide({ status: 486 }, [{ sip: 486, outcome: 'answered' }]), { outcome: 'busy', rule: 'sip:486' })
  })
})

void test('every row of the code table can be reached, and names itself once', () => {
  const names = codeTable.map(({ rule }) => rule)
  assert.deepEqual(names, [...new Set(names)])
  for (const row of codeTable) {
    const reached = row.sip.some((sip) => decide({ status: typeof sip === 'number' ? sip : sip[0], q850: row.q850 })?.rule === row.rule || (typeof sip !== 'number' && decide({ status: sip[1] })?.rule === row.rule))
    assert.ok(reached, row.rule)
  }
})
