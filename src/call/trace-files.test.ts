import assert from 'node:assert/strict'
import { existsSync, mkdtempSync, readdirSync, readFileSync, rmSync, statSync, utimesSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import path from 'node:path'
import { test } from 'node:test'
import { CallTrace } from '../sip/trace.ts'
import { TraceFolder, traceFiles, traceFolderLimits } from './trace-files.ts'

/** A folder that is not there yet, in one that goes with the test. */
function folderFor(t: { after(run: () => void): void }): string {
  const base = mkdtempSync(path.join(tmpdir(), 'waihu-traces-'))
  t.after(() => rmSync(base, { recursive: true, force: true }))
  return path.join(base, 'new', 'traces')
}

test('both files are for the owner alone, and nothing is recorded after them', async (t) => {
  const folder = folderFor(t)
  const trace = new CallTrace()
  const address = { address: '127.0.0.1', port: 5060 }
  const message = { sent: true, us: address, them: address, protocol: 'UDP' as const, callId: 'c', bytes: Buffer.from('BYE sip:a SIP/2.0\r\nCall-ID: c\r\nCSeq: 2 BYE\r\n\r\n') }
  trace.record(message)
  await new TraceFolder(folder).keep(trace, 'call_1')
  const { ladder, pcap } = traceFiles(folder, 'call_1')
  assert.match(readFileSync(ladder, 'utf8'), /──▶ 127\.0\.0\.1:5060 UDP +BYE sip:a/)
  assert.equal(readFileSync(pcap).readUInt32BE(0), 0xa1b2c3d4)
  assert.deepEqual([folder, ladder, pcap].map((file) => statSync(file).mode & 0o777), [0o700, 0o600, 0o600])
  trace.record(message)
  assert.equal(trace.messages.length, 1)
  await assert.rejects(new TraceFolder(ladder).keep(trace, 'call_2'))
})

test('traces go after two weeks, looked at once an hour, and nothing else of the folder does', async (t) => {
  const folder = folderFor(t)
  let nowMs = Date.now()
  const traces = new TraceFolder(folder, () => nowMs)
  await traces.keep(new CallTrace(), 'old')
  await traces.idle()
  writeFileSync(path.join(folder, 'notes.md'), 'mine')
  for (const name of readdirSync(folder)) utimesSync(path.join(folder, name), (nowMs - traceFolderLimits.daysMax * 86_400_000 - 1_000) / 1_000, (nowMs - traceFolderLimits.daysMax * 86_400_000 - 1_000) / 1_000)
  nowMs += 3_599_000
  await traces.keep(new CallTrace(), 'young')
  await traces.idle()
  assert.equal(readdirSync(folder).length, 5)
  nowMs += 2_000
  await traces.keep(new CallTrace(), 'younger')
  await traces.idle()
  assert.deepEqual(readdirSync(folder).sort(), ['notes.md', 'young.pcap', 'young.txt', 'younger.pcap', 'younger.txt'])
})

test('of too many calls the oldest go', async (t) => {
  const folder = folderFor(t)
  const traces = new TraceFolder(folder)
  await traces.keep(new CallTrace(), 'first')
  await traces.idle()
  for (const file of Object.values(traceFiles(folder, 'first'))) utimesSync(file, Date.now() / 1_000 - 60, Date.now() / 1_000 - 60)
  for (let number = 0; number < traceFolderLimits.callsMax; number += 1) for (const file of Object.values(traceFiles(folder, `call_${number}`))) writeFileSync(file, '')
  assert.equal(await traces.prune(), 2)
  assert.equal(existsSync(traceFiles(folder, 'first').ladder), false)
  assert.equal(await traces.prune(), 0)
})
