// Every option in one table: it yields the environment names, the validation, `--help` and docs/operations.md. Does not know what options do.
import path from 'node:path'
import { fileURLToPath } from 'node:url'
import { z } from 'zod'
import { InvalidInputError } from './errors.ts'
import { machinePolicies } from './robot/robot.ts'

type Option = { env: string; type: z.ZodType; default: string; help: string; secret?: boolean }
type OptionTable = Record<string, Option>

const onOff = z.enum(['on', 'off']).transform((word) => word === 'on')
const port = z.coerce.number().int().min(0).max(65_535)
const wholeNumber = z.coerce.number().int().min(0)
const optionalText = z.string().transform((text) => (text === '' ? undefined : text))
const optionalUrl = z.union([z.literal('').transform(() => undefined), z.url()])

/** Options by group; the group titles are the headings of `--help`. */
export const optionGroups = {
  'Server 服务': {
    host: { env: 'HOST', type: z.string().min(1), default: '127.0.0.1', help: 'Address to listen on for HTTP. 0.0.0.0 opens it to the network.' },
    port: { env: 'PORT', type: port, default: '8080', help: 'HTTP port. 0 takes a free one.' },
    dataDir: { env: 'DATA_DIR', type: z.string().min(1).transform((dir) => path.resolve(dir)), default: './data', help: 'Where the embedded database, recordings and the demo key are kept.' },
    databaseUrl: { env: 'DATABASE_URL', type: optionalUrl, default: '', help: 'postgres:// address of an external PostgreSQL ≥ 15. Empty: the embedded one in DATA_DIR.', secret: true },
    secretKey: { env: 'SECRET_KEY', type: optionalText, default: '', help: 'Key that passwords of trunks are encrypted with: 32 bytes as 64 hex digits or base64, the same on every node. Empty: made once in DATA_DIR/secret-key.', secret: true },
    publicUrl: { env: 'PUBLIC_URL', type: optionalUrl, default: '', help: 'Base of links in answers (recordings). Empty: http://HOST:PORT.' },
  },
  'Trunk 线路': {
    sipTrunk: { env: 'SIP_TRUNK', type: optionalText, default: '', help: 'Your carrier or gateway: host, host:port or sip:host;transport=tcp (or tls); several with commas are tried in order. Names are looked up by NAPTR, SRV and A. Empty: the trunks of `waihu trunk`, else the built-in simulated carrier.' },
    sipUsername: { env: 'SIP_USERNAME', type: optionalText, default: '', help: 'Digest user name for the trunk.' },
    sipPassword: { env: 'SIP_PASSWORD', type: optionalText, default: '', help: 'Digest password for the trunk.', secret: true },
    sipDomain: { env: 'SIP_DOMAIN', type: optionalText, default: '', help: 'Domain in From and To. Empty: the trunk host.' },
    sipCallerId: { env: 'SIP_CALLER_ID', type: z.string().min(1), default: '02160001000', help: 'Number shown to the callee. Use only numbers that are yours.' },
    sipAddress: { env: 'SIP_ADDRESS', type: z.string().min(1), default: '127.0.0.1', help: 'Local address for SIP and RTP.' },
    sipPublicAddress: { env: 'SIP_PUBLIC_ADDRESS', type: optionalText, default: '', help: 'Address written into SIP and SDP when it differs from SIP_ADDRESS (NAT).' },
    sipPort: { env: 'SIP_PORT', type: port, default: '0', help: 'Local SIP port. 0 takes a free one, so that several instances run side by side.' },
    sipTlsCert: { env: 'SIP_TLS_CERT', type: optionalText, default: '', help: 'File with our certificate (PEM), for trunks over TLS that ask for one or connect to us, on SIP_PORT + 1.' },
    sipTlsKey: { env: 'SIP_TLS_KEY', type: optionalText, default: '', help: 'File with its key (PEM).' },
    sipTlsCa: { env: 'SIP_TLS_CA', type: optionalText, default: '', help: 'File with the authorities to trust (PEM). Empty: those of the system.' },
    attributionFile: { env: 'ATTRIBUTION_FILE', type: optionalText, default: '', help: 'Table of mobile segments and area codes (1380013,010 a line; see docs/trunks.md), for trunks that want a 0 before mobiles of other cities.' },
    sipTrace: { env: 'SIP_TRACE', type: onOff, default: 'off', help: 'on: keep the SIP messages of every call, as text and pcap, under DATA_DIR/traces; for two weeks, of at most 5,000 calls.' },
    rtpPortMin: { env: 'RTP_PORT_MIN', type: port, default: '20000', help: 'Lowest RTP port; instances share the range and skip ports in use.' },
    rtpPortMax: { env: 'RTP_PORT_MAX', type: port, default: '29998', help: 'Highest RTP port; keep it below 32768.' },
    callsMax: { env: 'CALLS_MAX', type: wholeNumber, default: '60', help: 'Most calls at once of this server, and on the trunk of SIP_TRUNK.' },
    callsPerSecond: { env: 'CALLS_PER_SECOND', type: wholeNumber, default: '10', help: 'Most calls started per second on the trunk of SIP_TRUNK or the simulated carrier.' },
    ringMsMax: { env: 'RING_MS_MAX', type: wholeNumber, default: '45000', help: 'Give up ringing after this long.' },
    talkMsMax: { env: 'TALK_MS_MAX', type: wholeNumber, default: '180000', help: 'End a conversation after this long.' },
    mediaWorkers: { env: 'MEDIA_WORKERS', type: wholeNumber, default: '0', help: 'RTP worker threads. 0: cores − 1, at least 1.' },
  },
  'Recordings 录音': {
    record: { env: 'RECORD', type: onOff, default: 'on', help: 'Record calls in two channels under DATA_DIR/recordings.' },
    aigcProducer: { env: 'AIGC_PRODUCER', type: z.string().min(1).max(128), default: 'waihu', help: 'Who answers for the synthetic voice in recordings: your registered name or provider code, written into each file (GB 45438).' },
    aigcPropagator: { env: 'AIGC_PROPAGATOR', type: optionalText.pipe(z.string().max(128).optional()), default: '', help: 'Who hands the recordings out. Empty: the same as AIGC_PRODUCER.' },
    recordingDays: { env: 'RECORDING_DAYS', type: wholeNumber.refine((days) => days === 0 || days >= 30, '0 or at least 30'), default: '90', help: 'Days after its call from which a recording is removed, here and in the store. At least 30, as call centres in China must; 0 keeps them.' },
    s3Bucket: { env: 'S3_BUCKET', type: optionalText, default: '', help: 'Bucket of an S3-compatible store that recordings are moved to after their call. Empty: they stay under DATA_DIR/recordings.' },
    s3Endpoint: { env: 'S3_ENDPOINT', type: optionalUrl, default: '', help: 'Its address without the bucket, e.g. https://oss-cn-shanghai.aliyuncs.com or http://minio:9000. Empty: that of AWS in S3_REGION.' },
    s3Region: { env: 'S3_REGION', type: z.string().regex(/^[a-z0-9-]+$/), default: 'us-east-1', help: 'Region that requests are signed for.' },
    s3AccessKeyId: { env: 'S3_ACCESS_KEY_ID', type: optionalText, default: '', help: 'Access key: it needs to put, get and delete objects of the bucket.' },
    s3SecretAccessKey: { env: 'S3_SECRET_ACCESS_KEY', type: optionalText, default: '', help: 'Its secret.', secret: true },
    s3PathStyle: { env: 'S3_PATH_STYLE', type: onOff, default: 'off', help: 'on: the bucket goes into the path (MinIO and the like), not into the host name.' },
    s3Prefix: { env: 'S3_PREFIX', type: z.string().regex(/^([A-Za-z0-9_.-]+\/)*$/, 'words of letters, digits, _ . - each with a / behind it'), default: 'recordings/', help: 'Put before the names of objects: PREFIX/2026/11/21/CALL_ID.wav.' },
    recordingLocalDays: { env: 'RECORDING_LOCAL_DAYS', type: wholeNumber, default: '0', help: 'Days that a file is kept here although the store has it.' },
  },
  'Simulated carrier 模拟线路': {
    simulatorExempt: { env: 'SIMULATOR_EXEMPT', type: z.string().transform((text) => text.split(',').map((word) => word.trim()).filter(Boolean)).pipe(z.array(z.enum(['hours', 'frequency']))), default: 'hours,frequency', help: 'Rules that calls to the simulated carrier skip: hours, frequency. Never-dial and do-not-call always hold.' },
    simulatorLoad: { env: 'SIMULATOR_LOAD', type: onOff, default: 'off', help: 'on: simulated callees reply in order without recognising what they hear (load tests).' },
  },
  'Speech 语音': {
    asr: { env: 'ASR', type: z.string().min(1), default: 'builtin', help: 'Recogniser: builtin (understands the simulated callees only, not people), funasr, dashscope, nls, openai (any server with that endpoint), sherpa (a model on this machine, see `waihu models`). Several with commas: the next one hears while one is down.' },
    asrUrl: { env: 'ASR_URL', type: optionalText, default: '', help: 'Address of the recogniser, by position when there are several, as all of these: ws://host:10095 (funasr), http://host:8000/v1 (openai). dashscope and nls know their own.' },
    asrApiKey: { env: 'ASR_API_KEY', type: optionalText, default: '', help: 'Key for it (dashscope, openai).', secret: true },
    asrModel: { env: 'ASR_MODEL', type: optionalText, default: '', help: 'Its model. Empty: paraformer-realtime-8k-v2 (dashscope), whisper-1 (openai). sherpa: a name of `waihu models list`, or the path of a folder.' },
    asrPrice: { env: 'ASR_PRICE', type: optionalText, default: '', help: 'What it costs, RMB for an hour of audio; only shown with calls. What runs on this machine costs 0; empty: not known.' },
    asrTlsVerify: { env: 'ASR_TLS_VERIFY', type: onOff, default: 'on', help: 'off: accept any certificate of ASR_URL, for a FunASR server with the self-signed one it comes with.' },
    tts: { env: 'TTS', type: z.string().min(1), default: 'espeak', help: 'Voice: espeak (robotic, but needs no download), cosyvoice, nls, openai (any server with that endpoint), sherpa (a model on this machine, see `waihu models`). Several with commas: the next one speaks while one is down.' },
    ttsUrl: { env: 'TTS_URL', type: optionalText, default: '', help: 'Address of the voice, by position when there are several, as all of these: http://host:8880/v1 (openai). cosyvoice and nls know their own.' },
    ttsApiKey: { env: 'TTS_API_KEY', type: optionalText, default: '', help: 'Key for it (cosyvoice, openai).', secret: true },
    ttsModel: { env: 'TTS_MODEL', type: optionalText, default: '', help: 'Its model. Empty: cosyvoice-v3-flash (cosyvoice), tts-1 (openai). sherpa: as ASR_MODEL.' },
    ttsVoice: { env: 'TTS_VOICE', type: z.string(), default: '', help: 'Voice name at the provider. Empty: f3 (espeak), longanyang (cosyvoice), longxiaochun_v2 (nls), alloy (openai), 0 (sherpa: voices are numbers).' },
    ttsSampleRate: { env: 'TTS_SAMPLE_RATE', type: wholeNumber, default: '0', help: 'Rate of raw audio of an openai server that does not say it. 0: 24000.' },
    ttsLastResort: { env: 'TTS_LAST_RESORT', type: onOff, default: 'on', help: 'on: when no voice of TTS works, the built-in one speaks, so that no call ends without a word.' },
    ttsPrice: { env: 'TTS_PRICE', type: optionalText, default: '', help: 'What it costs, RMB for 10,000 characters; as ASR_PRICE.' },
    nlsAccessKeyId: { env: 'NLS_ACCESS_KEY_ID', type: optionalText, default: '', help: 'Alibaba Cloud access key for ASR=nls and TTS=nls.' },
    nlsAccessKeySecret: { env: 'NLS_ACCESS_KEY_SECRET', type: optionalText, default: '', help: 'Its secret.', secret: true },
    nlsAppkey: { env: 'NLS_APPKEY', type: optionalText, default: '', help: 'Appkey of an NLS project whose model is for 8 kHz telephone speech.' },
    nlsTokenUrl: { env: 'NLS_TOKEN_URL', type: optionalUrl, default: '', help: 'Where NLS tokens are asked for. Empty: the service in Shanghai.' },
    vad: { env: 'VAD', type: z.enum(['energy', 'silero']), default: 'energy', help: 'Who says when somebody speaks. silero: a model on this machine checks the built-in detector, so that noise and music are no speech; about 10 MB and a fortieth of a core per call. Without it calls go on by the built-in one.' },
    vadModel: { env: 'VAD_MODEL', type: z.string().min(1), default: 'silero-vad', help: 'Its model: a name of `waihu models list`, or the path of a folder.' },
    sherpaEngine: { env: 'SHERPA_ENGINE', type: optionalText, default: '', help: 'Module that offers the interface of sherpa-onnx-node, for an engine built by yourself. Empty: that package.' },
    allowDemoAsr: { env: 'ALLOW_DEMO_ASR', type: onOff, default: 'off', help: 'on: dial real trunks although the built-in recogniser does not understand people.' },
  },
  'Robot 机器人': {
    robot: { env: 'ROBOT', type: z.enum(['auto', 'rules', 'prompt']), default: 'auto', help: 'rules: no model. prompt: a language model with the rules in front. auto: prompt when LLM_BASE_URL is set.' },
    itn: { env: 'ITN', type: onOff, default: 'off', help: 'on: what callees say is shown with digits (下午3点半, 13800138000) where the recogniser wrote characters; the words as recognised are kept beside.' },
    machinePolicy: { env: 'MACHINE_POLICY', type: z.enum(machinePolicies), default: 'hang-up', help: 'When an assistant, a voicemail or a menu picks up. hang-up: a short goodbye. leave-message: who called and that we call again, never what about. go-on: talk on; facts are told only to somebody who said to be the person. A fax is always hung up on.' },
    llmBaseUrl: { env: 'LLM_BASE_URL', type: optionalText, default: '', help: 'OpenAI-compatible endpoint, e.g. https://dashscope.aliyuncs.com/compatible-mode/v1. Several with commas: the next one is asked when one fails or is slow; keys, models and prices go by position.' },
    llmApiKey: { env: 'LLM_API_KEY', type: optionalText, default: '', help: 'Key for it.', secret: true },
    llmModel: { env: 'LLM_MODEL', type: z.string().min(1), default: 'qwen-plus', help: 'Model name.' },
    llmDrafts: { env: 'LLM_DRAFTS', type: onOff, default: 'on', help: 'on: the model is asked as soon as the callee pauses, before the turn is sure to be over; an answer then comes sooner, and some are paid for in vain. off: it is asked once for each turn.' },
    llmPrice: { env: 'LLM_PRICE', type: optionalText, default: '', help: 'What it costs, RMB for a million tokens, in/out such as 0.8/2; only shown with calls. Empty: not known.' },
  },
  'Handover 转人工': {
    handoverNumber: { env: 'HANDOVER_NUMBER', type: optionalText, default: '', help: 'Telephone of the human whom callees are handed to when they ask for one; handover_phone of a request wins. Empty: the wish is noted and passed on.' },
    handoverBy: { env: 'HANDOVER_BY', type: z.enum(['bridge', 'refer']), default: 'bridge', help: 'bridge: the human is called from here and joined; recording and bill go on. refer: the trunk is asked to (SIP REFER), and bridge is done where it does not.' },
    handoverRingMsMax: { env: 'HANDOVER_RING_MS_MAX', type: wholeNumber.min(1_000), default: '30000', help: 'How long the human\'s telephone rings before the robot takes the callee back.' },
    handoverTalkMsMax: { env: 'HANDOVER_TALK_MS_MAX', type: wholeNumber.min(1_000), default: '1800000', help: 'How long callee and human may talk.' },
  },
  'Rules 规则': {
    callingHours: { env: 'CALLING_HOURS', type: z.string().min(1), default: '08:00-21:00', help: 'When single calls may be dialled, Asia/Shanghai; several windows with commas. 22:00–08:00 is always closed.' },
    frequencyMinute: { env: 'FREQUENCY_MINUTE', type: wholeNumber, default: '1', help: 'Most attempts to one callee in 60 s.' },
    frequencyHour: { env: 'FREQUENCY_HOUR', type: wholeNumber, default: '3', help: 'Most attempts to one callee in an hour.' },
    frequencyDay: { env: 'FREQUENCY_DAY', type: wholeNumber, default: '5', help: 'Most attempts to one callee in 24 hours.' },
    testNumbers: { env: 'TEST_NUMBERS', type: z.string().transform((text) => text.split(',').map((word) => word.trim()).filter(Boolean)), default: '', help: 'Your own numbers, comma separated, that may be dialled at any hour.' },
    queueMsMax: { env: 'QUEUE_MS_MAX', type: wholeNumber, default: '1800000', help: 'A call that could not be dialled within this time expires.' },
    webhookPrivate: { env: 'WEBHOOK_PRIVATE', type: onOff, default: 'off', help: 'on: webhooks, callback servers and recordings by address may be at private addresses.' },
  },
  'Money 计费': {
    creditLi: { env: 'CREDIT_LI', type: wholeNumber, default: '10000', help: 'Credit of a new account in 厘 (0.001 RMB).' },
    priceLiPerMin: { env: 'PRICE_LI_PER_MIN', type: wholeNumber, default: '150', help: 'Price per minute in 厘. The published price of the hosted service is not known; this is our own default.' },
    initialBlockSec: { env: 'INITIAL_BLOCK_SEC', type: wholeNumber.min(1), default: '60', help: 'First billing block in seconds.' },
    incrementSec: { env: 'INCREMENT_SEC', type: wholeNumber.min(1), default: '60', help: 'Billing step after the first block in seconds.' },
  },
} as const satisfies Record<string, OptionTable>

type Groups = typeof optionGroups
type UnionToIntersection<U> = (U extends unknown ? (x: U) => void : never) extends (x: infer I) => void ? I : never
type AllOptions = UnionToIntersection<Groups[keyof Groups]>
export type Config = { readonly [K in keyof AllOptions]: AllOptions[K] extends { type: infer T extends z.ZodType } ? z.output<T> : never }

/** Root folder of the program, wherever it was started from. */
export const programRoot = path.dirname(path.dirname(fileURLToPath(import.meta.url)))

/**
 * Reads the options from environment variables. Errors: InvalidInputError that names each bad variable and what it may be.
 * A variable that is set but empty counts as not set.
 */
export function readConfig(env: Readonly<Record<string, string | undefined>>): Config {
  const config: Record<string, unknown> = {}
  const bad: { value: string; reason: string }[] = []
  for (const [name, option] of Object.entries(Object.assign({}, ...Object.values(optionGroups)) as OptionTable)) {
    const parsed = option.type.safeParse(env[option.env] || option.default)
    if (parsed.success) config[name] = parsed.data
    else bad.push({ value: option.env, reason: parsed.error.issues.map((issue) => issue.message).join('; ') })
  }
  if (bad.length > 0) {
    throw new InvalidInputError('environment', `配置有误 bad configuration:\n${bad.map((item) => `  ${item.value}: ${item.reason}`).join('\n')}\nRun with --help to see every option.`, bad)
  }
  return config as Config
}

/** The options as text for `--help`. */
export function describeOptions(): string {
  const lines: string[] = []
  for (const [title, options] of Object.entries(optionGroups) as [string, OptionTable][]) {
    lines.push('', title)
    for (const option of Object.values(options)) lines.push(`  ${option.env.padEnd(20)} ${option.help}${option.default ? ` [${option.default}]` : ''}`)
  }
  return lines.join('\n')
}
