// Puts the program together: the one place, beside the command line, that knows every concrete part.
import { randomBytes } from 'node:crypto'
import { mkdir, readFile, writeFile } from 'node:fs/promises'
import path from 'node:path'
import type { AddressInfo } from 'node:net'
import { Registry } from 'prom-client'
import { AccountNumbers } from './account/account-numbers.ts'
import { AccountDesk } from './account/account-desk.ts'
import { AccessKeys } from './account/access-keys.ts'
import { ApiKeys } from './account/api-keys.ts'
import { NonceBook } from './account/nonce-book.ts'
import { CallbackServers } from './account/callback-servers.ts'
import { TtsTemplates } from './account/tts-templates.ts'
import { voiceFileName } from './account/voice-files.ts'
import { receiptRenderer } from './api/aliyun/receipts.ts'
import { systemClock } from './api/clock.ts'
import { apiLimits } from './api/limits.ts'
import { buildServer } from './api/server.ts'
import { RecordingLinks } from './api/stepone/recording-links.ts'
import { clipPathOf } from './call/early-clip.ts'
import { measured, showGauges, showReceipts } from './call-metrics.ts'
import { callRunner } from './call/run-call.ts'
import type { Config } from './config.ts'
import { openDatabase, type Database } from './db/connection.ts'
import { migrate } from './db/migrations.ts'
import { folderError } from './db/postgres/start-error.ts'
import { startEmbeddedPostgres } from './db/postgres/supervisor.ts'
import { trunkStates } from './db/trunk-states.ts'
import { ensureDemoAccount } from './demo-account.ts'
import { parseHours } from './dialer/admission/calling-hours.ts'
import { DialerCallService } from './dialer/dialer-call-service.ts'
import { DoNotCallDesk } from './dialer/do-not-call-desk.ts'
import { ReceiptDesk } from './dialer/receipt-desk.ts'
import { Receipts } from './dialer/receipts.ts'
import { RecordingKeeper } from './dialer/recording-keeper.ts'
import { StoredScripts } from './dialer/script-desk.ts'
import { publishLibrary } from './dialer/script-library.ts'
import { ScriptShelf } from './dialer/script-shelf.ts'
import { dialerDefaults, receiptDefaults } from './dialer/settings.ts'
import { ImportDesk } from './dialer/lists/import-desk.ts'
import { ImportRunner } from './dialer/lists/import-runner.ts'
import { DialerTaskDesk } from './dialer/tasks/dialer-task-desk.ts'
import { RobotTasks } from './dialer/tasks/robot-tasks.ts'
import { ScriptsOfTasks } from './dialer/tasks/scripts-of-tasks.ts'
import { TrunkDesk } from './dialer/trunk-desk.ts'
import type { TrunkDirectory } from './dialer/trunk-directory.ts'
import { TrunkStore } from './dialer/trunk-store.ts'
import { AppError, InvalidInputError } from './errors.ts'
import { log as rootLog } from './log.ts'
import { FetchedSounds } from './media/fetched-sounds.ts'
import { repairRecording } from './media/recording-file.ts'
import { SoundShelf } from './media/sound-shelf.ts'
import { createMediaEngine } from './media/worker-engine.ts'
import { parsePhone } from './numbering/phone.ts'
import { ReadingBook } from './reading-book.ts'
import { ReadingDesk } from './reading-desk.ts'
import { openBucket } from './recording-store.ts'
import { ReportDesk } from './reports/run-report.ts'
import { CallbackExchange } from './robot/callback/exchange.ts'
import { createRobotMaker } from './robot/index.ts'
import type { ScriptRef } from './robot/script/spec.ts'
import { openSecretBox } from './secret-box.ts'
import { SimulatedCarrier } from './simulator/process.ts'
import type { LeftCall } from './sip/user-agent.ts'
import { knowsSmartCallVoice, openActivity, openAsr, openTts, pricesOf, voiceOf } from './speech-options.ts'
import { SynthesisCache } from './speech/tts/cache.ts'
import { openTrunks, optionTrunk } from './trunk-wiring.ts'
import { VoiceFileDesk } from './voice-file-desk.ts'

/** Calls in progress may end by themselves for this long when the server is asked to stop. */
const DRAIN_MS = 10_000

export type App = {
  baseUrl: string
  config: Config
  calls: DialerCallService
  db: Database
  /** The demo account's key, when this installation has one. `created`: by this start. */
  demo: { apiKey: string; accountId: string; created: boolean } | undefined
  carrier: SimulatedCarrier | undefined
  /** Names of the enabled trunks that reach people; calls go over the simulated carrier when there is none. */
  trunks: readonly string[]
  /** Takes no new calls, lets those in progress end for a moment, hangs up the rest, settles, closes. */
  stop(): Promise<void>
}

/**
 * Starts everything. What was started is stopped again when a later part does not start, or when `signal` is aborted meanwhile.
 * Errors: AppError with what to do; the reason of `signal`.
 */
export async function startApp(config: Config, signal: AbortSignal = new AbortController().signal): Promise<App> {
  const log = rootLog
  const stack = new AsyncDisposableStack()
  try {
    signal.throwIfAborted()
    // What can be wrong in the options is told before anything is started.
    const { handover, ...rules } = { hours: hoursOf(config), testNumbers: testNumbersOf(config), handover: handoverOf(config) }
    optionTrunk(config)
    const bucket = openBucket(config)
    await makeDataDir(config.dataDir)
    const callbacks = new CallbackExchange({ privateAllowed: config.webhookPrivate })
    stack.use(callbacks)
    // Found once there is a database; nothing is dialled before.
    let shelf: ScriptShelf | undefined
    const scripts = { bodies: { prepare: async (ref: ScriptRef) => await shelf?.prepare(ref), at: (ref: ScriptRef) => shelf?.at(ref) }, soundName: voiceFileName }
    const robots = createRobotMaker({ scripts, callback: { exchange: callbacks, phoneOf: callablePhone }, kind: config.robot, llm: { baseUrl: config.llmBaseUrl, apiKey: config.llmApiKey, model: config.llmModel }, drafts: config.llmDrafts, handover, log })
    const prices = pricesOf(config)
    const asr = openAsr(config)
    stack.use(asr)
    const tts = new SynthesisCache(openTts(config))
    stack.use(tts)
    const activity = openActivity(config)
    if (activity) stack.use(activity)
    // Slow starts side by side: database, speech, media, and the simulated carrier with speech of its own.
    const [db, carrier, media] = await settleAll([
      startDatabase(config, stack, signal),
      config.sipTrunk === undefined ? SimulatedCarrier.start({ address: config.sipAddress, port: 0, load: config.simulatorLoad, log }).then((it) => stack.use(it)) : Promise.resolve(undefined),
      createMediaEngine({ workers: config.mediaWorkers || undefined, portMin: config.rtpPortMin, portMax: config.rtpPortMax, aigc: { producer: config.aigcProducer, propagator: config.aigcPropagator }, log }).then((it) => stack.use(it)),
      asr.warmUp(),
      tts.warmUp(),
      // Calls can do without it.
      activity?.warmUp().catch((error: unknown) => log.warn({ err: error }, 'VAD=silero does not work; the built-in detector decides alone')) ?? Promise.resolve(),
    ])
    signal.throwIfAborted()
    shelf = new ScriptShelf(db)
    await publishLibrary(db)
    const secretBox = await openSecretBox(config)
    const store = new TrunkStore(db, secretBox)
    const trunks = await bound(openTrunks({ config, db, store, carrier, stack, log }), 'SIP_ADDRESS', 'SIP_PORT')
    const { userAgent } = trunks
    const understandsPeople = asr.capabilities.understands === 'people' || config.allowDemoAsr
    const recordings = path.join(config.dataDir, 'recordings')
    // What people said is for the owner's eyes only.
    if (config.record) await mkdir(recordings, { recursive: true, mode: 0o700 })
    const traces = path.join(config.dataDir, 'traces')
    const metrics = new Registry()
    const readings = new ReadingBook(db)
    const soundFolder = path.join(config.dataDir, 'sounds')
    const sounds = new SoundShelf(soundFolder)
    const scriptDesk = new StoredScripts(db, shelf, { hasRecording: (accountId, file) => sounds.read(voiceFileName(accountId, file)).then(() => true, () => false) })
    const fetchedSounds = new FetchedSounds({ privateAllowed: config.webhookPrivate })
    const calls = new DialerCallService({
      db,
      lines: trunks.lines,
      trunks: trunks.directory,
      attribution: trunks.attribution,
      robots,
      scripts: scriptDesk,
      runCall: measured(callRunner({ trunk: (name) => trunks.get(name), media, mediaAddress: config.sipAddress, asr, tts, activity, prices, voice: voiceOf(config), itn: config.itn, machinePolicy: config.machinePolicy, traces, readSound: (name) => sounds.read(name), fetchSound: (url) => fetchedSounds.read(url) }), metrics),
      prices,
      capacity: () => (media.load().accepting ? Math.max(0, config.callsMax - media.load().ports) : 0),
      understandsPeople,
      defaultPrice: { priceLiPerMin: config.priceLiPerMin, initialBlockSec: config.initialBlockSec, incrementSec: config.incrementSec },
      settings: {
        ...rules,
        handover: { by: config.handoverBy, ringMsMax: config.handoverRingMsMax, talkMsMax: config.handoverTalkMsMax },
        frequency: [
          { count: config.frequencyMinute, windowMs: 60_000 },
          { count: config.frequencyHour, windowMs: 3_600_000 },
          { count: config.frequencyDay, windowMs: 86_400_000 },
        ],
        queueMsMax: config.queueMsMax,
        webhook: { ...dialerDefaults.webhook, privateAllowed: config.webhookPrivate },
      },
      readings: (accountId) => readings.of(accountId),
      recordingPath: (callId) => (config.record ? path.join(recordings, `${callId}.wav`) : undefined),
      recoverRecording: (callId, what) => {
        const file = path.join(recordings, `${callId}.wav`)
        return recoverRecording(what === 'clip' ? clipPathOf(file) : file)
      },
      onOrphan: (callId, dialog) => {
        userAgent.endFrom(dialog as LeftCall).catch((error: unknown) => log.warn({ call: callId, err: error }, 'a call left by a dead process could not be hung up'))
      },
    })
    const tasks = new DialerTaskDesk({ db, scripts: new ScriptsOfTasks(db, scriptDesk), lines: trunks.lines, trunks: trunks.directory, settings: calls.settings, now: Date.now })
    const imports = new ImportRunner({ db, tasks })
    const keeper = new RecordingKeeper({ db, dir: recordings, bucket, prefix: config.s3Prefix, keepDays: config.recordingDays, localDays: config.recordingLocalDays })
    showGauges({ liveCalls: () => calls.live.live, media: () => media.load(), recordings: () => keeper.stats, sip: () => userAgent.stats, trunks: () => trunkFigures(db, trunks.directory) }, metrics)
    await calls.start()
    stack.defer(() => calls.close(DRAIN_MS))
    keeper.start()
    stack.defer(() => keeper.stop())
    await imports.start()
    stack.defer(() => imports.stop())

    const keys = new ApiKeys(db)
    const nonces = new NonceBook(db)
    nonces.start()
    stack.defer(() => nonces.stop())
    const recordingSecret = await linkSecret(config.dataDir)
    // Receipts are sent when nobody has asked, so nobody has told how we are addressed.
    let linkBase = config.publicUrl ?? ''
    const receiptLinks = new RecordingLinks({ files: undefined, secret: recordingSecret, clock: systemClock, validMs: apiLimits.receiptLinkMs })
    const renderReceipt = receiptRenderer({ recordingLink: (accountId, callId) => receiptLinks.address(linkBase, accountId, callId) })
    const receipts = new Receipts({ db, render: renderReceipt, settings: { ...receiptDefaults, privateAllowed: config.webhookPrivate } })
    showReceipts(receipts, metrics)
    const server = await buildServer({
      calls,
      tasks,
      accounts: new AccountDesk(db, keys, { privateAllowed: config.webhookPrivate }),
      trunks: new TrunkDesk(db, store, trunks.directory),
      doNotCall: new DoNotCallDesk(db),
      numbers: new AccountNumbers(db),
      readings: new ReadingDesk(db),
      imports: new ImportDesk({ db, tasks, scripts: scriptDesk }),
      reports: new ReportDesk(db),
      scripts: scriptDesk,
      traces,
      aliyun: { keys: new AccessKeys(db, secretBox), nonces, templates: new TtsTemplates(db), voiceFiles: new VoiceFileDesk(soundFolder), knowsVoice: (name) => knowsSmartCallVoice(config, name), callbackServers: new CallbackServers(db, { privateAllowed: config.webhookPrivate, phoneOf: callablePhone }), robotTasks: new RobotTasks({ db, tasks, scripts: scriptDesk }), receipts: new ReceiptDesk(db, { privateAllowed: config.webhookPrivate, render: renderReceipt }), sounds },
      log,
      metrics,
      recordings: { dir: recordings, bucket, linkSecret: recordingSecret },
      publicUrl: config.publicUrl,
      health: {
        database: async () => ({ ok: (await db.pool.query('select 1')).rowCount === 1 }),
        carrier: () => carrierHealth(trunks.directory, carrier),
        speech: () => ({ ok: true, detail: `${asr.name}${asr.capabilities.understands === 'simulator' ? ' (understands simulated callees only)' : ''}, ${tts.name}` }),
      },
    })
    stack.defer(() => server.close())
    await bound(server.listen({ host: config.host, port: config.port }), 'HOST', 'PORT')
    const { port } = server.server.address() as AddressInfo
    const baseUrl = `http://${config.host === '0.0.0.0' || config.host === '::' ? '127.0.0.1' : config.host}:${port}`
    linkBase = (config.publicUrl ?? baseUrl).replace(/\/+$/, '')
    await receipts.start()
    stack.defer(() => receipts.stop())
    const demo = await ensureDemoAccount({ db, keys, dataDir: config.dataDir, baseUrl, creditLi: config.creditLi })
    log.info({ baseUrl, line: trunks.lines[0]?.name, robot: config.robot }, 'waihu is up')

    let stopped: Promise<void> | undefined
    return { baseUrl, config, calls, db, demo: demo && { apiKey: demo.account.api_key, accountId: demo.account.account_id, created: demo.created }, carrier, trunks: trunks.directory.of(trunks.directory.storedLine).map(({ name }) => name), stop: () => (stopped ??= stack.disposeAsync()) }
  } catch (error) {
    await stack.disposeAsync()
    throw error
  }
}

/** Of what takes calls now: the trunks that somebody has set up, else the simulated carrier. */
function carrierHealth(trunks: TrunkDirectory, carrier: SimulatedCarrier | undefined): { ok: boolean; detail: string } {
  const real = trunks.of(trunks.storedLine)
  if (real.length === 0 && !trunks.hasStored && carrier) return { ok: carrier.isUp, detail: 'simulated' }
  const up = real.filter(({ name }) => trunks.runtime.isUp(name))
  return { ok: up.length > 0, detail: `${up.length} of ${real.length} trunks` }
}

/** What is told about trunks when nobody can ask the database is what this process sees itself. */
async function trunkFigures(db: Database, trunks: TrunkDirectory): Promise<{ trunk: string; up: boolean; backingOff: boolean; suspect: boolean }[]> {
  const details = trunks.runtime.details()
  const states = new Map((await trunkStates(db.sql, details.map(({ trunk }) => trunk)).catch(() => [])).map((state) => [state.trunk, state]))
  const isAhead = (date: Date | null | undefined): boolean => (date?.getTime() ?? 0) > Date.now()
  return details.map(({ trunk, up }) => ({ trunk, up, backingOff: isAhead(states.get(trunk)?.backingOffUntil), suspect: isAhead(states.get(trunk)?.suspectUntil) }))
}

/** Passable but not listable for others: PostgreSQL may have to run as another user below it. Errors: PostgresStartError. */
async function makeDataDir(dataDir: string): Promise<void> {
  try {
    await mkdir(dataDir, { recursive: true, mode: 0o711 })
  } catch (error) {
    throw folderError(error, dataDir)
  }
}

/** What a socket that cannot be opened means for whoever starts the program. Errors: InvalidInputError naming the option. */
async function bound<T>(opening: Promise<T>, hostOption: string, portOption: string): Promise<T> {
  try {
    return await opening
  } catch (error) {
    const { code, message } = error as NodeJS.ErrnoException
    const advice = {
      EADDRINUSE: [portOption, `端口已被占用：请停掉占用它的程序，或用 ${portOption} 换一个。 The port is in use: stop the program that uses it, or set ${portOption} to another one (0 takes a free one)`],
      EACCES: [portOption, `没有权限使用该端口：请用 ${portOption} 换一个 1024 以上的。 This user may not use the port: set ${portOption} to one above 1023`],
      EADDRNOTAVAIL: [hostOption, `本机没有这个地址：请检查 ${hostOption}。 This machine does not have that address: check ${hostOption}`],
      ENOTFOUND: [hostOption, `找不到这个地址：请检查 ${hostOption}。 That name has no address: check ${hostOption}`],
    }[code ?? '']
    if (advice === undefined) throw error
    throw new InvalidInputError(advice[0]!, `${advice[1]!} (${message})`, [], { cause: error })
  }
}

/** The database of this installation, migrated. */
async function startDatabase(config: Config, stack: AsyncDisposableStack, signal: AbortSignal): Promise<Database> {
  let where: { url: string } | { config: { host: string; port: number; user: string; database: string } }
  if (config.databaseUrl !== undefined) where = { url: config.databaseUrl }
  else {
    const postgres = await startEmbeddedPostgres({ dataDir: config.dataDir, log: rootLog, signal })
    stack.use(postgres)
    where = { config: postgres.connectionConfig }
  }
  const db = openDatabase({ log: rootLog, ...where })
  stack.use(db)
  try {
    await migrate(db, { log: rootLog })
  } catch (error) {
    if (config.databaseUrl === undefined || error instanceof AppError) throw error
    const advice = '用不了 DATABASE_URL 指向的数据库：请检查地址、用户和权限。 The database of DATABASE_URL cannot be used: check the address, the user and its rights'
    throw new InvalidInputError('DATABASE_URL', `${advice} (${(error as Error).message})`, [], { cause: error })
  }
  return db
}

function hoursOf(config: Config): ReturnType<typeof parseHours> {
  try {
    return parseHours(config.callingHours)
  } catch (error) {
    throw new InvalidInputError('CALLING_HOURS', `CALLING_HOURS '${config.callingHours}': ${(error as Error).message}`)
  }
}

/** The human of all calls, checked like a callee. */
function handoverOf({ handoverNumber }: Config): string | undefined {
  if (handoverNumber === undefined) return undefined
  const parsed = parsePhone(handoverNumber)
  if (!parsed.ok) throw new InvalidInputError('HANDOVER_NUMBER', `HANDOVER_NUMBER '${handoverNumber}': ${parsed.bad.reason}`)
  return parsed.phone.phone
}

function testNumbersOf(config: Config): string[] {
  return config.testNumbers.map((text) => {
    const parsed = parsePhone(text)
    if (!parsed.ok) throw new InvalidInputError('TEST_NUMBERS', `TEST_NUMBERS '${text}': ${parsed.bad.reason}`)
    return parsed.phone.phone
  })
}

/** As E.164; undefined: none that may be called. */
function callablePhone(text: string): string | undefined {
  const parsed = parsePhone(text)
  return parsed.ok ? parsed.phone.phone : undefined
}

/** What a dead process had recorded of a call, made playable. On another node, or with recording off, there is no such file. */
async function recoverRecording(file: string): Promise<string | undefined> {
  try {
    return (await repairRecording(file)) === undefined ? undefined : file
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code !== 'ENOENT') rootLog.warn({ err: error, file: path.basename(file) }, 'a recording could not be repaired')
    return undefined
  }
}

/** Secret of recording links, made once per installation. */
async function linkSecret(dataDir: string): Promise<string> {
  const file = path.join(dataDir, 'link-secret')
  try {
    await writeFile(file, randomBytes(32).toString('hex'), { mode: 0o600, flag: 'wx' })
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code !== 'EEXIST') throw error
  }
  return (await readFile(file, 'utf8')).trim()
}

/** Like Promise.all, but waits for the slow ones before it fails, so that nothing starts after the stop. */
async function settleAll<T extends readonly Promise<unknown>[]>(promises: readonly [...T]): Promise<{ -readonly [K in keyof T]: Awaited<T[K]> }> {
  const results = await Promise.allSettled(promises)
  const failed = results.find((result): result is PromiseRejectedResult => result.status === 'rejected')
  if (failed) throw failed.reason
  return results.map((result) => (result as PromiseFulfilledResult<unknown>).value) as { -readonly [K in keyof T]: Awaited<T[K]> }
}
