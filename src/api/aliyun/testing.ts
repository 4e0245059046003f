// Keys, nonces and signed requests in memory, for tests of the gateway and its fuzzing. Not for the program itself.
import type { SigningKey, TokenProblem } from '../../account/access-keys.ts'
import { fillTemplate, type TtsTemplates } from '../../account/tts-templates.ts'
import { InvalidInputError, NotFoundError } from '../../errors.ts'
import type { AccessKeyDesk, Nonces } from './authenticate.ts'
import type { GatewayRequest } from './gateway.ts'
import { requestV1, requestV3, type ClientKey, type Signing } from './signed-request.ts'

export const testKey: ClientKey = { id: 'testid', secret: 'testsecret' }
export const temporaryKey: ClientKey = { id: 'STS.temporary', secret: 'sts-secret', token: 'good-token' }

/** testKey and temporaryKey are of acc_one; `disabledid` is disabled. */
export function memoryKeys(): AccessKeyDesk {
  const tokens: Record<string, SigningKey | TokenProblem> = {
    'good-token': { accountId: 'acc_one', secret: temporaryKey.secret, enabled: true },
    'old-token': 'expired',
    'other-token': 'mismatch',
  }
  return {
    find: async (id) => Promise.resolve(id === testKey.id ? { accountId: 'acc_one', secret: testKey.secret, enabled: true } : id === 'disabledid' ? { accountId: 'acc_one', secret: testKey.secret, enabled: false } : undefined),
    isTemporary: (id) => id.startsWith('STS.'),
    findTemporary: async (_id, token) => Promise.resolve(tokens[token] ?? 'malformed'),
  }
}

export class MemoryNonces implements Nonces {
  readonly used = new Set<string>()
  async use(keyId: string, nonce: string): Promise<boolean> {
    const one = `${keyId} ${nonce}`
    if (this.used.has(one)) return Promise.resolve(false)
    this.used.add(one)
    return Promise.resolve(true)
  }
}

/** As a client on this machine makes it at second 0 of 1970, with testKey. */
export const signedV1 = (signing: Partial<Signing> = {}): GatewayRequest => ({ ...requestV1({ ...ofTest, ...signing }), address: '127.0.0.1' })
export const signedV3 = (signing: Partial<Signing> = {}): GatewayRequest => ({ ...requestV3({ ...ofTest, ...signing }), address: '127.0.0.1' })
const ofTest = { action: 'SmartCall', key: testKey, nowMs: 0, host: '127.0.0.1:8080' }

/** TTS_1 has the variable `name`; TTS_2 has none and says itself that it is synthetic. */
export const memoryTemplates: Pick<TtsTemplates, 'fill'> = {
  async fill(_accountId, code, values) {
    const text = new Map([['TTS_1', '您好，${name}。'], ['TTS_2', '这是人工智能合成语音。']]).get(code)
    if (text === undefined) throw new InvalidInputError('template-code', `没有模板 ${code}`)
    return Promise.resolve({ text: fillTemplate(text, values), saysSynthetic: code === 'TTS_2' })
  },
}

/** acc_one has `welcome.wav`. */
export const memorySounds = {
  async read(name: string): Promise<unknown> {
    if (name !== 'acc_one-welcome' && name !== 'acc_one-welcome.wav') throw new NotFoundError('sound', `没有录音文件 ${name}`)
    return Promise.resolve(new Int16Array(8_000))
  },
}
