import assert from 'node:assert/strict'
import { mkdtempSync, readFileSync, rmSync, statSync } from 'node:fs'
import { tmpdir } from 'node:os'
import path from 'node:path'
import { test } from 'node:test'
import { CallTrace } from '../sip/trace.ts'
import { keepTrace, traceFiles } from './trace-files.ts'

test('both files are for the owner alone, and nothing is recorded after them', async () => {
  const base = mkdtempSync(path.join(tmpdir(), 'waihu-traces-'))
  try {
    const folder = path.join(base, 'new', 'traces')
    const trace = new CallTrace()
    const address = { address: '127.0.0.1', port: 5060 }
    const message = { sent: true, us: address, them: address, protocol: 'UDP' as const, callId: 'c', bytes: Buffer.from('BYE sip:a SIP/2.0\r\nCall-ID: c\r\nCSeq: 2 BYE\r\n\r\n') }
    trace.record(message)
    await keepTrace(trace, folder, 'call_1')
    const { ladder, pcap } = traceFiles(folder, 'call_1')
    assert.match(readFileSync(ladder, 'utf8'), /──▶ 127\.0\.0\.1:5060 UDP +BYE sip:a/)
    assert.equal(readFileSync(pcap).readUInt32BE(0), 0xa1b2c3d4)
    assert.deepEqual([folder, ladder, pcap].map((file) => statSync(file).mode & 0o777), [0o700, 0o600, 0o600])
    trace.record(message)
    assert.equal(trace.messages.length, 1)
    await assert.rejects(keepTrace(trace, ladder, 'call_2'))
  } finally {
    rmSync(base, { recursive: true, force: true })
  }
})
