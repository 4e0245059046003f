import { readFile } from 'node:fs/promises'
import path from 'node:path'
import { setTimeout as sleep } from 'node:timers/promises'
import { defineCommand } from 'citty'
import type { Config } from '../config.ts'
import { InvalidInputError } from '../errors.ts'
import { log } from '../log.ts'
import type { PortStats } from '../media/engine.ts'
import { SAMPLE_RATE_HZ } from '../media/frame.ts'
import { Resampler } from '../media/resample.ts'
import { readWav } from '../media/wav.ts'
import { createMediaEngine } from '../media/worker-engine.ts'
import type { IncomingCall } from '../sip/leg.ts'
import { sdpCodecs, type SdpCodec } from '../sip/sdp-formats.ts'
import { srtpPolicies } from '../sip/sdp.ts'
import { SipUserAgent } from '../sip/user-agent.ts'
import { openTts, voiceOf } from '../speech-options.ts'
import { cliConfig } from './context.ts'
import { PhoneCall, type PhoneEnd, type PhoneEvent } from './softphone/phone-call.ts'
import { localAddressTo, parseTarget, peerOf } from './softphone/phone-target.ts'
import { spoken } from './spoken.ts'

const RING_MS_MAX = 60_000
/** People press a key a moment after they have heard that somebody is there. */
const KEYS_AFTER_MS = 500
const SECONDS_MAX = 3_600

export const softphone = defineCommand({
  meta: { name: 'softphone', description: '只用 SIP 和 RTP 打一个电话，检查线路和声音。 One call with SIP and RTP alone, to check a line and its sound.' },
  args: {
    target: { type: 'positional', required: false, description: 'sip:号码@主机[:端口] whom to call' },
    listen: { type: 'string', description: '在此 SIP 端口接听一个电话 answer one call on this SIP port instead' },
    play: { type: 'string', description: '接通后播放的 WAV 文件 WAV file to play once answered' },
    say: { type: 'string', description: '接通后说的话 sentence to speak once answered' },
    keys: { type: 'string', description: '说完后按键，如 12# keys to press after that' },
    record: { type: 'string', description: '双声道录音文件（左对方，右我方） two-channel WAV to write: far end, us' },
    codecs: { type: 'string', description: '编码，逗号分隔，先的优先 codecs, best first: PCMA,PCMU,G722,opus' },
    srtp: { type: 'string', default: 'off', description: '加密 encryption: off、optional、required' },
    seconds: { type: 'string', default: '60', description: '通话最长秒数 hang up after this long' },
    address: { type: 'string', description: '本机地址，缺省按路由选择 local address; default: the one that reaches the host' },
  },
  async run({ args }) {
    if (!process.env['LOG_LEVEL']) log.level = 'warn'
    const config = cliConfig()
    const seconds = wholeNumber('--seconds', args.seconds, 1, SECONDS_MAX)
    if ((args.target === undefined) === (args.listen === undefined)) throw new InvalidInputError('target', '给出 sip:号码@主机，或 --listen 端口，二者选一。 Give either sip:number@host or --listen <port>.')
    await using stack = new AsyncDisposableStack()
    const codecs = args.codecs === undefined ? undefined : codecsOf(args.codecs)
    const srtp = srtpPolicies.find((policy) => policy === args.srtp)
    if (!srtp) throw new InvalidInputError('--srtp', '--srtp 应为 off、optional 或 required。 --srtp must be off, optional or required.')
    const pcm = await soundOf(args, config)
    const leaving = new AbortController()
    for (const signal of ['SIGINT', 'SIGTERM'] as const) process.once(signal, () => leaving.abort())

    const media = stack.use(await createMediaEngine({ workers: 1, portMin: config.rtpPortMin, portMax: config.rtpPortMax, log }))
    const incoming = Promise.withResolvers<IncomingCall>()
    let taken = false
    const onCall = (call: IncomingCall): void => {
      if (taken) return void call.reject(486)
      taken = true
      incoming.resolve(call)
    }
    const goal = args.target === undefined ? undefined : parseTarget(args.target)
    const peer = goal && (await peerOf(goal.host, goal.port))
    const address = args.address ?? (peer ? await localAddressTo(peer) : config.sipAddress)
    const port = args.listen === undefined ? 0 : wholeNumber('--listen', args.listen, 1, 65_535)
    const userAgent = stack.use(await SipUserAgent.open({ address, port, publicAddress: config.sipPublicAddress, userAgent: 'waihu softphone', onCall: args.listen === undefined ? undefined : onCall, log }))

    const conversation = new Conversation({ pcm, keys: args.keys, seconds, signal: leaving.signal })
    const options = { userAgent, media, address, publicAddress: config.sipPublicAddress, recordingPath: args.record && path.resolve(args.record), codecs, srtp, onEvent: (event: PhoneEvent) => conversation.onEvent(event) }
    let call: PhoneCall | undefined
    if (goal && peer) {
      console.log(`拨打 calling ${goal.uri}    ${address}:${userAgent.port} → ${peer.address}:${peer.port}`)
      const credentials = config.sipUsername === undefined ? undefined : { username: config.sipUsername, password: config.sipPassword ?? '' }
      const from = `sip:${config.sipCallerId}@${config.sipDomain ?? goal.uri.slice(goal.uri.lastIndexOf('@') + 1).replace(/[;?].*$/, '')}`
      call = await PhoneCall.dial({ peer, uri: goal.uri, from, credentials, ringMsMax: RING_MS_MAX }, options)
    } else {
      console.log(`等待来电 waiting for a call    sip:any@${address}:${userAgent.port}    Ctrl-C 结束 ends`)
      const caller = await Promise.race([incoming.promise, aborted(leaving.signal)])
      if (caller === undefined) return
      conversation.begin()
      console.log(`来电 call from ${caller.from}`)
      call = await PhoneCall.answer(caller, options)
      if (!call) return fail('没有共同的编码，已拒绝（488） no codec in common, refused with 488')
    }
    const end = await conversation.hold(call)
    printStats(await call.close(), args.record)
    if (end.type === 'failed') process.exitCode = 1
  },
})

/** What is done on the line once it is answered, and what is told about it. */
class Conversation {
  readonly #p: { pcm: Int16Array | undefined; keys: string | undefined; seconds: number; signal: AbortSignal }
  readonly #answered = Promise.withResolvers<void>()
  readonly #played = Promise.withResolvers<void>()
  #startedMs = performance.now()

  constructor(p: { pcm: Int16Array | undefined; keys: string | undefined; seconds: number; signal: AbortSignal }) {
    this.#p = p
  }

  /** From now on times are counted. */
  begin(): void {
    this.#startedMs = performance.now()
  }

  onEvent(event: PhoneEvent): void {
    this.#tell(lineOf(event))
    if (event.type === 'answered') this.#answered.resolve()
    if (event.type === 'played') this.#played.resolve()
  }

  /** Resolves when the call is over: by the far end, by the time limit, or because somebody interrupts us. */
  async hold(call: PhoneCall): Promise<PhoneEnd> {
    const over = new AbortController()
    const hangUp = (): void => void call.hangUp()
    if (this.#p.signal.aborted) hangUp()
    this.#p.signal.addEventListener('abort', hangUp)
    void this.#act(call, over.signal)
    try {
      return await call.over
    } finally {
      over.abort()
      this.#p.signal.removeEventListener('abort', hangUp)
    }
  }

  async #act(call: PhoneCall, signal: AbortSignal): Promise<void> {
    await Promise.race([this.#answered.promise, aborted(signal)])
    if (signal.aborted) return
    const { pcm, keys, seconds } = this.#p
    const limit = sleep(seconds * 1_000, undefined, { signal }).then(() => call.hangUp(), () => {})
    if (pcm) {
      call.play(pcm)
      await Promise.race([this.#played.promise, aborted(signal)])
    }
    if (keys && (await sleep(KEYS_AFTER_MS, true, { signal }).catch(() => false))) {
      try {
        call.sendKeys(keys)
        this.#tell(`按键 pressing ${keys}`)
      } catch (error) {
        this.#tell(`不能按键 cannot press keys: ${(error as Error).message}`)
      }
    }
    await limit
  }

  #tell(text: string): void {
    console.log(`${((performance.now() - this.#startedMs) / 1_000).toFixed(2).padStart(7)} s  ${text}`)
  }
}

function lineOf(event: PhoneEvent): string {
  switch (event.type) {
    case 'progress':
      return `${event.status} ${event.reason}${event.early ? '（早期媒体 early media）' : ''}`
    case 'stream': {
      const { address, port, codec, payloadType, ptimeMs, eventPayloadType, send, srtp } = event.remote
      const keys = eventPayloadType === undefined ? '无按键事件 no telephone-event' : `telephone-event/${eventPayloadType}`
      return `媒体 media  ${address}:${port}  ${codec}/${payloadType}  ${ptimeMs} ms  ${keys}${srtp ? `  加密 ${srtp.suite}` : ''}${send ? '' : '  被保持 on hold'}`
    }
    case 'no-stream':
      return `对方的 SDP 用不了 SDP of the far end cannot be used: ${event.detail}`
    case 'answered':
      return `接通 answered (${event.status})`
    case 'sound':
      return '收到第一个语音包 first packet received'
    case 'dead-air':
      return '1 秒没有收到语音包 nothing received for 1 s'
    case 'digit':
      return `收到按键 key ${event.digit} (${event.path === 'rtp' ? 'RFC 4733' : 'SIP INFO'})`
    case 'played':
      return `播放${event.cut ? '中断 cut' : '完毕 played'} (${(event.heardMs / 1_000).toFixed(2)} s)`
    case 'over': {
      const { end } = event
      const cause = end.q850 === undefined ? '' : `  Q.850 ${end.q850}`
      if (end.type === 'ended') return `${end.by === 'remote' ? '对方挂断 the far end hung up' : '我方挂断 we hung up'}${end.reason ? ` (${end.reason})` : ''}${cause}`
      return `未接通 not answered: ${end.status} ${end.reason}${end.local === undefined ? '' : ` (${end.local})`}${cause}`
    }
    default:
      return event satisfies never
  }
}

function printStats(stats: PortStats, recording: string | undefined): void {
  const { packetsSent, packetsReceived, packetsLost, packetsLate, jitterMs, pacingErrorMsP95, pacingErrorMsMax } = stats
  const expected = packetsReceived + packetsLost
  console.log(`
发送 sent       ${packetsSent} 包 packets    节拍误差 pacing error p95 ${pacingErrorMsP95.toFixed(1)} ms, max ${pacingErrorMsMax.toFixed(1)} ms
接收 received   ${packetsReceived} 包 packets    丢 lost ${packetsLost}${expected > 0 ? ` (${((packetsLost / expected) * 100).toFixed(2)} %)` : ''}    迟 late ${packetsLate}    抖动 jitter ${jitterMs.toFixed(1)} ms`)
  if (stats.recordingFailed !== undefined) fail(`录音不完整 the recording is not whole: ${stats.recordingFailed}`)
  else if (recording !== undefined) console.log(`录音 recording  ${path.resolve(recording)}`)
}

async function soundOf(args: { play?: string | undefined; say?: string | undefined }, config: Config): Promise<Int16Array | undefined> {
  if (args.play !== undefined && args.say !== undefined) throw new InvalidInputError('--say', '--play 和 --say 只能用一个。 Give either --play or --say.')
  if (args.play !== undefined) return await readSound(args.play)
  if (args.say === undefined) return undefined
  await using tts = openTts(config)
  return await spoken(tts, args.say, voiceOf(config), AbortSignal.timeout(30_000))
}

/** The first channel of a WAV file at 8 kHz. Errors: InvalidInputError when it cannot be read; ProtocolError when it is no WAV file of ours. */
async function readSound(file: string): Promise<Int16Array> {
  const bytes = await readFile(file).catch((cause: unknown) => {
    throw new InvalidInputError('--play', `读不了 ${file}。 Cannot read ${file} (${(cause as Error).message})`, [], { cause })
  })
  const { format, channels } = readWav(bytes)
  if (format.sampleRateHz === SAMPLE_RATE_HZ) return channels[0]!
  const resampler = new Resampler(format.sampleRateHz, SAMPLE_RATE_HZ)
  const [body, rest] = [resampler.push(channels[0]!), resampler.flush()]
  const pcm = new Int16Array(body.length + rest.length)
  pcm.set(body)
  pcm.set(rest, body.length)
  return pcm
}

function codecsOf(text: string): SdpCodec[] {
  return text.split(/[,，]/).map((name) => {
    const codec = sdpCodecs.find((known) => known.toLowerCase() === name.trim().toLowerCase())
    if (!codec) throw new InvalidInputError('--codecs', `没有编码 ${name}，可用：${sdpCodecs.join('、')}。 There is no codec ${name}.`)
    return codec
  })
}

function wholeNumber(option: string, text: string, min: number, max: number): number {
  const value = /^\d{1,6}$/.test(text) ? Number(text) : NaN
  if (!(value >= min && value <= max)) throw new InvalidInputError(option, `${option} ${min}…${max}: '${text}'`)
  return value
}

async function aborted(signal: AbortSignal): Promise<undefined> {
  if (!signal.aborted) await new Promise<void>((resolve) => signal.addEventListener('abort', () => resolve(), { once: true }))
  return undefined
}

function fail(message: string): void {
  console.error(message)
  process.exitCode = 1
}
