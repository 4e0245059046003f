// Starts this program for the conformance suite, on data of its own that is gone afterwards, with its simulated carrier and an account that has everything the
// cases ask for. Settings of the environment play no part, so that nobody's telephone rings.
import { chmod, mkdir, mkdtemp, rm, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import path from 'node:path'
import { AccessKeys } from '../../account/access-keys.ts'
import { AccountNumbers } from '../../account/account-numbers.ts'
import { createAccount } from '../../account/accounts.ts'
import { CallbackServers } from '../../account/callback-servers.ts'
import { TtsTemplates } from '../../account/tts-templates.ts'
import { voiceFileName } from '../../account/voice-files.ts'
import { startApp } from '../../app.ts'
import { readConfig } from '../../config.ts'
import type { CallbackDesk } from '../../conformance/callback-desk.ts'
import type { Target } from '../../conformance/case.ts'
import { ownCallees } from '../../conformance/own-target.ts'
import { receiptKinds } from '../../db/receipt-moments.ts'
import { ReceiptDesk } from '../../dialer/receipt-desk.ts'
import { SAMPLE_RATE_HZ } from '../../media/frame.ts'
import { writeWav } from '../../media/wav.ts'
import { parsePhone } from '../../numbering/phone.ts'
import { callbackServerDefaults } from '../../robot/callback/plan.ts'
import { openSecretBox } from '../../secret-box.ts'

export type OwnServer = AsyncDisposable & { target: Target; onListening: (desk: CallbackDesk) => Promise<void> }

const toneHz = 440
/** Of another account. */
const foreign = '05719999999'

/** Errors: as startApp. */
export async function startOwnServer(signal: AbortSignal): Promise<OwnServer> {
  const stack = new AsyncDisposableStack()
  try {
    const dataDir = await mkdtemp(path.join(tmpdir(), 'waihu-conformance-'))
    stack.defer(() => rm(dataDir, { recursive: true, force: true, maxRetries: 5 }))
    // PostgreSQL may have to run as another user below it.
    await chmod(dataDir, 0o711)
    const config = readConfig({ DATA_DIR: dataDir, PORT: '0', WEBHOOK_PRIVATE: 'on', CREDIT_LI: '100000000', CALLS_PER_SECOND: '50' })
    const app = await startApp(config, signal)
    stack.defer(() => app.stop())
    const { accountId } = app.demo!
    const keys = new AccessKeys(app.db, await openSecretBox({ secretKey: undefined, dataDir }))
    const [key, disabled] = [await keys.create(accountId, 'conformance'), await keys.create(accountId, 'disabled')]
    await keys.change(accountId, disabled.id, { enabled: false })
    const temporary = await keys.temporary(accountId, key.id, 3_600)
    await new TtsTemplates(app.db).put(accountId, { code: 'TTS_1', text: '您好，${name}，您的快递到了。' })
    await mkdir(path.join(dataDir, 'sounds'), { recursive: true })
    const tone = Int16Array.from({ length: SAMPLE_RATE_HZ }, (_, i) => Math.round(4_000 * Math.sin((2 * Math.PI * toneHz * i) / SAMPLE_RATE_HZ)))
    await writeFile(path.join(dataDir, 'sounds', voiceFileName(accountId, 'tone.wav')), writeWav({ encoding: 'pcm16', sampleRateHz: SAMPLE_RATE_HZ }, [tone]))
    await new AccountNumbers(app.db).add((await createAccount(app.db, { name: 'other' })).id, [foreign])
    const servers = new CallbackServers(app.db, { privateAllowed: true, phoneOf: (text) => phoneOf(text) })
    return {
      target: {
        endpoint: app.baseUrl, key, disabled, temporary: { id: temporary.id, secret: temporary.secret, token: temporary.securityToken },
        shown: config.sipCallerId, foreign, template: { code: 'TTS_1', values: { name: '张总' } }, voiceFile: 'tone.wav', callees: ownCallees, callsAtOnce: 10, callCentre: 'sales', callbacks: { host: '127.0.0.1', port: 0 }, receipts: true,
      },
      async onListening({ url, receiptsUrl }) {
        // What is sent is the server's affair; here it is only told where to.
        await new ReceiptDesk(app.db, { privateAllowed: true, render: () => ({}) }).setTargets(accountId, Object.fromEntries(receiptKinds.map((kind) => [kind, receiptsUrl])))
        const { parameters, timeoutMs, retriesMax, waiting, fallback, closing } = callbackServerDefaults
        await servers.put(accountId, { url, parameters, timeoutMs, retriesMax, waiting, fallback, closing, saysSynthetic: false, callCentres: { sales: ownCallees.colleague } })
      },
      [Symbol.asyncDispose]: () => stack.disposeAsync(),
    }
  } catch (error) {
    await stack.disposeAsync()
    throw error
  }
}

function phoneOf(text: string): string | undefined {
  const parsed = parsePhone(text)
  return parsed.ok ? parsed.phone.phone : undefined
}
