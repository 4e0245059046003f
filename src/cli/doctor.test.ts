// Each check is given a machine, a network, a trunk … that fails in one way, and must say so with a next step.
import assert from 'node:assert/strict'
import { spawn } from 'node:child_process'
import { once } from 'node:events'
import { createServer, type AddressInfo } from 'node:net'
import { tmpdir } from 'node:os'
import path from 'node:path'
import { describe, test } from 'node:test'
import { fileURLToPath } from 'node:url'
import { openAsr, openTts } from '../speech-options.ts'
import { readConfig, type Config } from '../config.ts'
import { PostgresStartError } from '../db/postgres/start-error.ts'
import type { AsrProvider } from '../speech/asr/provider.ts'
import type { TtsProvider } from '../speech/tts/provider.ts'
import { examineClock, examineDatabase, type DatabaseProbes } from './doctor/database.ts'
import { examine, ok, type Check, type Examined, type Finding } from './doctor/finding.ts'
import { examineLanguageModel } from './doctor/language-model.ts'
import { examineDataFolder, examineNode, examineOpenFiles, examineParts } from './doctor/machine.ts'
import { examineAddresses, examineHttpPort, examineRtpPorts, examineSipPort, type NetworkProbes } from './doctor/network.ts'
import { examineSpeech } from './doctor/speech.ts'

const config = (env: Record<string, string> = {}): Config => readConfig(env)
const levels = (findings: readonly Finding[]): string => findings.map(({ level }) => level).join(' ')
const english = (findings: readonly Finding[]): string => findings.map(({ en, next }) => `${en} ${next?.en ?? ''}`).join('\n')

describe('the examination', () => {
  const check = (name: string, run: Check['run'], msMax = 1_000): Check => ({ name, zh: name, en: name, msMax, run })

  test('goes on after a check that breaks or hangs, and keeps the order of the table', async () => {
    const results: Examined[] = []
    const checks = [check('hangs', () => new Promise(() => {}), 20), check('breaks', () => Promise.reject(new Error('boom'))), check('throws', () => { throw new Error('bang') }), check('fine', () => [ok('好', 'fine')])]
    for await (const result of examine(checks, config())) results.push(result)
    assert.deepEqual(results.map((result) => `${result.check} ${levels(result.findings)}`), ['hangs problem', 'breaks problem', 'throws problem', 'fine ok'])
    assert.match(results[1]!.findings[0]!.en, /boom/)
    assert.ok(results.slice(0, 3).every(({ findings }) => findings.every(({ next }) => next !== undefined)))
  })
})

describe('the machine', () => {
  test('an old Node and a strange platform are problems', () => {
    assert.equal(levels(examineNode(config(), { nodeVersion: '24.21.0', platform: 'linux-x64' })), 'ok ok')
    assert.equal(levels(examineNode(config(), { nodeVersion: '20.1.0', platform: 'win32-x64' })), 'problem problem')
  })

  test('a data folder that cannot be written, or a disk that is nearly full, is told', async () => {
    const denied = Object.assign(new Error('no'), { code: 'EACCES' })
    const look = (free: number, tryWrite = async () => {}) => examineDataFolder(config(), { tryWrite, freeBytes: async () => free })
    assert.match(english(await look(1e12, () => Promise.reject(denied))), /EACCES.*DATA_DIR/)
    assert.equal(levels(await look(1e8)), 'problem')
    assert.equal(levels(await look(1e9)), 'warning')
    assert.equal(levels(await look(1e10)), 'ok')
  })

  test('too few open files for CALLS_MAX is a problem, with the number to set', async () => {
    const findings = await examineOpenFiles(config({ CALLS_MAX: '500' }), { openFilesMax: async () => 1_024 })
    assert.equal(levels(findings), 'problem')
    assert.match(english(findings), /ulimit -n 3256/)
    assert.equal(levels(await examineOpenFiles(config(), { openFilesMax: async () => undefined })), 'ok')
  })

  test('optional parts that npm left out are missed only when they are needed', () => {
    const none = { platform: 'linux-x64', hasPackage: () => false, hasProgram: () => false }
    assert.equal(levels(examineParts(config(), none)), 'problem problem')
    assert.equal(levels(examineParts(config({ DATABASE_URL: 'postgres://h/db' }), { ...none, hasProgram: () => true })), 'ok')
  })
})

describe('the network', () => {
  const free: NetworkProbes = { bindTcp: async () => undefined, bindUdp: async () => undefined, isOurs: async () => false, ephemeralPortMin: async () => 32_768 }
  const busy: NetworkProbes = { ...free, bindTcp: async () => 'EADDRINUSE', bindUdp: async () => 'EADDRINUSE' }

  test('a port of another program is a problem, a port of a running server of ours is not', async () => {
    assert.equal(levels(await examineHttpPort(config(), free)), 'ok')
    assert.match(english(await examineHttpPort(config(), busy)), /in use by another.*PORT/)
    assert.equal(levels(await examineHttpPort(config(), { ...busy, isOurs: async () => true })), 'ok')
    assert.equal(levels(await examineSipPort(config({ SIP_PORT: '5060' }), busy)), 'problem')
    assert.equal(levels(await examineSipPort(config({ SIP_PORT: '5060' }), { ...busy, isOurs: async () => true })), 'ok')
    assert.match(english(await examineSipPort(config({ SIP_PORT: '5060' }), { ...free, bindUdp: async () => 'EADDRNOTAVAIL' })), /SIP_ADDRESS/)
    assert.equal(levels(await examineSipPort(config({ SIP_TRUNK: '198.51.100.1' }), free)), 'warning')
    assert.equal(levels(await examineSipPort(config(), free, true)), 'warning', 'with a trunk of the database')
    assert.equal(levels(await examineSipPort(config({ SIP_PORT: '5060' }), { ...free, bindTcp: async () => 'EADDRINUSE' })), 'problem')
  })

  test('an RTP range that is too small, too high or in use is told', async () => {
    assert.equal(levels(await examineRtpPorts(config(), free)), 'ok')
    assert.equal(levels(await examineRtpPorts(config({ RTP_PORT_MAX: '40000' }), free)), 'problem')
    assert.equal(levels(await examineRtpPorts(config(), { ...free, ephemeralPortMin: async () => 16_000 })), 'warning')
    assert.match(english(await examineRtpPorts(config({ RTP_PORT_MAX: '20099' }), free)), /holds 50 calls, 110 are needed/)
    assert.equal(levels(await examineRtpPorts(config(), busy)), 'problem')
  })

  test('addresses that answers cannot come back to are told', () => {
    const look = (env: Record<string, string>, trunk: string | undefined) => examineAddresses(config(env), trunk)
    assert.equal(levels(look({}, undefined)), 'ok')
    assert.match(english(look({}, '8.8.8.8')), /nothing comes back/)
    assert.match(english(look({ SIP_ADDRESS: '192.168.1.5' }, '8.8.8.8')), /SIP_PUBLIC_ADDRESS/)
    assert.equal(levels(look({ SIP_ADDRESS: '192.168.1.5', SIP_PUBLIC_ADDRESS: '8.8.4.4' }, '8.8.8.8')), 'ok')
    assert.equal(levels(look({ SIP_ADDRESS: '10.0.0.5' }, '10.0.0.9')), 'ok')
    assert.equal(levels(look({ SIP_ADDRESS: '0.0.0.0' }, '10.0.0.9')), 'problem')
    assert.equal(levels(look({ SIP_ADDRESS: 'localhost' }, undefined)), 'problem')
    assert.equal(levels(look({ SIP_ADDRESS: '::1' }, '10.0.0.9')), 'problem')
  })
})

describe('the database', () => {
  const url = 'postgres://someone:hunter2@db.example:5433/waihu'
  const facts = { versionNumber: 160_004, mayCreate: true, nowMs: 0, connectionsMax: 100 }
  const probes = (ask: DatabaseProbes['ask']): DatabaseProbes => ({ ask, embeddedVersion: async () => '18' })

  test('version and rights are checked', async () => {
    assert.equal(levels(await examineDatabase(config({ DATABASE_URL: url }), probes(async () => facts))), 'ok')
    assert.match(english(await examineDatabase(config({ DATABASE_URL: url }), probes(async () => ({ ...facts, versionNumber: 140_011 })))), /PostgreSQL 14, 15 or later/)
    assert.match(english(await examineDatabase(config({ DATABASE_URL: url }), probes(async () => ({ ...facts, mayCreate: false })))), /GRANT CREATE/)
  })

  test('one that cannot be reached is explained, and its password is never shown', async () => {
    for (const [code, advice] of [['28P01', /password is wrong/], ['3D000', /createdb/], ['ECONNREFUSED', /not running/], ['?', /Check address/]] as const) {
      const findings = await examineDatabase(config({ DATABASE_URL: url }), probes(() => Promise.reject(Object.assign(new Error(url), { code }))))
      assert.equal(levels(findings), 'problem')
      assert.match(english(findings), advice)
      assert.match(english(findings), /db\.example:5433/)
      assert.doesNotMatch(JSON.stringify(findings), /hunter2|someone/)
    }
  })

  test('missing programs of the embedded one are a problem', async () => {
    const missing = { ...probes(async () => facts), embeddedVersion: () => Promise.reject(new PostgresStartError('postgres-missing', 'not installed')) }
    assert.equal(levels(await examineDatabase(config(), missing)), 'problem')
  })
})

describe('the clock', () => {
  const look = (driftMs: number, exactMs = 50) => examineClock(config(), { nowMs: () => 0, timeZone: 'UTC', references: async () => [{ name: 'X', ourNowMs: driftMs, theirNowMs: 0, exactMs }] })

  test('a drift counts as far as the other clock can be read', async () => {
    assert.equal(levels(await look(900)), 'ok ok')
    assert.equal(levels(await look(-5_000)), 'ok warning')
    assert.equal(levels(await look(-5_000, 4_000)), 'ok ok')
    assert.equal(levels(await look(120_000)), 'ok problem')
  })
})

describe('speech', () => {
  /** Hears what it is told to. */
  const ears = (text: string, understands: 'people' | 'simulator' = 'simulator'): AsrProvider => ({
    name: 'ears',
    capabilities: { partials: false, hotWords: false, understands },
    warmUp: async () => {},
    open: (options) => ({ push() {}, endUtterance: () => options.onEvent({ type: 'final', text, beginAtMs: 0, endAtMs: 0, confidence: 1 }), [Symbol.dispose]() {} }),
    [Symbol.asyncDispose]: async () => {},
  })
  const voice = (samples: number, error?: Error): TtsProvider => ({
    name: 'voice',
    warmUp: async () => {},
    async *synthesize() {
      yield { type: 'audio', pcm: new Int16Array(samples) } as const
      yield error ? ({ type: 'failed', error } as const) : ({ type: 'done' } as const)
    },
    [Symbol.asyncDispose]: async () => {},
  })
  const look = (asr: AsrProvider, tts: TtsProvider, env: Record<string, string> = {}) => examineSpeech(config(env), { openAsr: () => asr, openTts: () => tts, pause: async () => {} })
  const said = '通知您明天上午9点在三楼会议室开会'

  test('a voice that the recogniser understands is fine, also with other numerals', async () => {
    assert.equal(levels(await look(ears(said), voice(8_000))), 'ok ok ok')
  })

  test('words that do not come back, no sound and failures are problems', async () => {
    assert.equal(levels(await look(ears('再见'), voice(8_000))), 'ok ok problem')
    assert.match(english(await look(ears(said), voice(100))), /only 0\.0 s/)
    assert.match(english(await look(ears(said), voice(8_000, new Error('no such voice')))), /no such voice/)
    assert.match(english(await look({ ...ears(said), warmUp: () => Promise.reject(new Error('no model')) }, voice(8_000))), /no model/)
  })

  test('a recogniser for the simulator does not fit a real trunk', async () => {
    const trunk = { SIP_TRUNK: '198.51.100.1' }
    assert.equal((await look(ears(said), voice(8_000), trunk))[0]!.level, 'problem')
    assert.equal((await look(ears(said), voice(8_000), { ...trunk, ALLOW_DEMO_ASR: 'on' }))[0]!.level, 'warning')
    assert.equal((await look(ears(said, 'people'), voice(8_000), trunk))[0]!.level, 'ok')
  })

  test('names that are not known are told with those that are, and options that are missing by name', async () => {
    const options = { openAsr, openTts, pause: async () => {} }
    const findings = await examineSpeech(config({ ASR: 'x', TTS: 'y' }), options)
    assert.equal(levels(findings), 'problem problem')
    assert.match(english(findings), /ASR 'x' is not known: choose one of builtin, funasr[^]*TTS 'y' is not known: choose one of espeak, cosyvoice/)
    assert.match(english(await examineSpeech(config({ ASR: 'funasr', TTS: 'nls' }), options)), /needs ASR_URL[^]*needs NLS_ACCESS_KEY_ID/)
  })
})

describe('the language model', () => {
  const env = { LLM_BASE_URL: 'https://llm.example/v1', LLM_API_KEY: 'sk-very-secret' }
  const look = (answer: () => Promise<Response>, more: Record<string, string> = {}, tookMs = 100) => {
    const times = [0, tookMs]
    return examineLanguageModel(config({ ...env, ...more }), { fetch: answer as typeof fetch, nowMs: () => times.shift() ?? tookMs })
  }
  const status = (code: number) => async () => new Response('{"error":"sk-very-secret"}', { status: code })

  test('is not asked when it is not used', async () => {
    const asked = () => Promise.reject(new Error('asked'))
    assert.equal(levels(await look(asked, { ROBOT: 'rules' })), 'ok')
    assert.equal(levels(await look(asked, { LLM_BASE_URL: '' })), 'ok')
    assert.equal(levels(await look(asked, { LLM_BASE_URL: '', ROBOT: 'prompt' })), 'problem')
  })

  test('each refusal is explained, and the key is never shown', async () => {
    assert.equal(levels(await look(status(200))), 'ok')
    assert.equal(levels(await look(status(200), {}, 5_000)), 'warning')
    for (const [code, advice] of [[401, /LLM_API_KEY is not accepted/], [404, /LLM_MODEL/], [400, /LLM_MODEL/], [402, /Quota/], [500, /fault/], [301, /moved/]] as const) {
      const findings = await look(status(code))
      assert.equal(levels(findings), 'problem', String(code))
      assert.match(english(findings), advice)
      assert.doesNotMatch(JSON.stringify(findings), /very-secret/)
    }
    assert.equal(levels(await look(status(429))), 'warning')
  })

  test('one that cannot be reached is told by its cause, not by the words of the driver', async () => {
    const error = new TypeError('fetch failed with Bearer sk-very-secret', { cause: { code: 'ENOTFOUND' } })
    const findings = await look(() => Promise.reject(error))
    assert.match(english(findings), /ENOTFOUND/)
    assert.doesNotMatch(JSON.stringify(findings), /very-secret/)
  })
})

describe('the command', () => {
  async function doctor(env: Record<string, string>, ...args: string[]): Promise<{ code: number | null; output: string }> {
    const child = spawn(process.execPath, [fileURLToPath(new URL('waihu.ts', import.meta.url)), 'doctor', ...args], { env: { ...process.env, ...env }, stdio: ['ignore', 'pipe', 'inherit'] })
    let output = ''
    child.stdout.on('data', (text: Buffer) => (output += text.toString('utf8')))
    const [code] = (await once(child, 'close')) as [number | null]
    return { code, output }
  }

  test('finds the one thing that is wrong here, with real probes, and exits with 1', { timeout: 60_000 }, async () => {
    const taken = createServer((socket) => socket.destroy()).listen(0, '127.0.0.1')
    await once(taken, 'listening')
    const { port } = taken.address() as AddressInfo
    const dataDir = path.join(tmpdir(), `waihu-doctor-${process.pid}`, 'not-there-yet')
    const { code, output } = await doctor({ PORT: String(port), DATA_DIR: dataDir, DATABASE_URL: '', SIP_TRUNK: '', LLM_BASE_URL: '' }, '--json')
    taken.close()
    const { ok, problems, checks } = JSON.parse(output) as { ok: boolean; problems: number; checks: Examined[] }
    assert.deepEqual(checks.filter(({ findings }) => findings.some(({ level }) => level === 'problem')).map(({ check }) => check), ['http-port'], output)
    assert.deepEqual([code, ok, problems], [1, false, 1])
    assert.ok(checks.every(({ findings }) => findings.length > 0))
  })

  test('a wrong option is a problem with its name', { timeout: 30_000 }, async () => {
    const { code, output } = await doctor({ CALLS_MAX: 'many' })
    assert.equal(code, 1)
    assert.match(output, /✗ 配置 Options: CALLS_MAX/)
  })
})
