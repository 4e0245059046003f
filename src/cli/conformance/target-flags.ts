// Reads what is known of somebody's endpoint from flags and environment. Does not know cases.
import { calleeKinds, type CalleeKind, type Target } from '../../conformance/case.ts'
import { InvalidInputError } from '../../errors.ts'

const text = (description: string) => ({ type: 'string', description }) as const

export const targetFlags = {
  key: text('AccessKeyId（或 ALIBABA_CLOUD_ACCESS_KEY_ID） or that variable'),
  secret: text('AccessKeySecret（或 ALIBABA_CLOUD_ACCESS_KEY_SECRET） or that variable'),
  'sts-key': text('临时凭证的 AccessKeyId of a temporary key'),
  'sts-secret': text('临时凭证的 AccessKeySecret'),
  'sts-token': text('临时凭证的 SecurityToken'),
  'disabled-key': text('已停用的 AccessKeyId of a key that is disabled'),
  'disabled-secret': text('已停用的 AccessKeySecret'),
  shown: text('账户可以外显的号码 a number that the account may show'),
  foreign: text('账户不可以外显的号码 one that it may not show'),
  template: text('已通过审核的模板编号 code of an approved template'),
  'template-values': text('模板变量的值，JSON values of its variables'),
  'voice-file': text('语音文件编号 code of a voice file'),
  'call-centre': text('呼叫中心名称 name of a call centre'),
  callees: text(`打给谁，逗号分隔；不填不拨打 whom to call, comma separated; without it nobody is called: ${calleeKinds.map((kind) => `${kind}=139…`).join(',')}`),
  'calls-at-once': text('同时进行几个对话，默认 1 so many conversations at a time, 1 by default'),
  callbacks: text('在这里等待回调 where callbacks are awaited: 0.0.0.0:9000；账户的回调地址须指向它 the account\'s callback address must lead there'),
} as const

export type TargetFlags = { readonly [Name in keyof typeof targetFlags]?: string | undefined } & { receipts?: boolean; patient?: boolean }

/** Errors: InvalidInputError naming the flag. */
export function targetOf(endpoint: string, flags: TargetFlags, env: Readonly<Record<string, string | undefined>>): Target {
  const id = flags.key ?? env['ALIBABA_CLOUD_ACCESS_KEY_ID']
  const secret = flags.secret ?? env['ALIBABA_CLOUD_ACCESS_KEY_SECRET']
  if (!id || !secret) throw new InvalidInputError('--key', '测试别处的服务需要 --key 和 --secret。 Another endpoint needs --key and --secret.')
  return {
    endpoint: addressOf(endpoint),
    key: { id, secret },
    temporary: keyOf('--sts-key', flags['sts-key'], flags['sts-secret'], flags['sts-token']),
    disabled: keyOf('--disabled-key', flags['disabled-key'], flags['disabled-secret']),
    shown: flags.shown,
    foreign: flags.foreign,
    template: flags.template === undefined ? undefined : { code: flags.template, values: valuesOf(flags['template-values'] ?? '{}') },
    voiceFile: flags['voice-file'],
    callCentre: flags['call-centre'],
    callees: calleesOf(flags.callees ?? ''),
    callsAtOnce: atOnceOf(flags['calls-at-once'] ?? '1'),
    callbacks: flags.callbacks === undefined ? undefined : listenerOf(flags.callbacks),
    receipts: flags.receipts,
    patient: flags.patient,
  }
}

function atOnceOf(text: string): number {
  if (!/^[1-9]\d{0,2}$/.test(text)) throw new InvalidInputError('--calls-at-once', `--calls-at-once '${text}'：应为 1–999。 Expected 1–999.`)
  return Number(text)
}

function addressOf(endpoint: string): string {
  const written = /^https?:\/\//.test(endpoint) ? endpoint : `http://${endpoint}`
  if (!URL.canParse(written)) throw new InvalidInputError('endpoint', `不是地址 no address: ${endpoint}`)
  return new URL(written).origin
}

function keyOf(flag: string, id: string | undefined, secret: string | undefined, token?: string): Target['disabled'] {
  if (id === undefined && secret === undefined && token === undefined) return undefined
  if (!id || !secret || (flag === '--sts-key' && !token)) throw new InvalidInputError(flag, `${flag} 不完整。 ${flag} is not complete.`)
  return { id, secret, token }
}

function valuesOf(json: string): Record<string, string> {
  try {
    const values = JSON.parse(json) as unknown
    if (typeof values === 'object' && values !== null && !Array.isArray(values) && Object.values(values).every((value) => typeof value === 'string')) return values as Record<string, string>
  } catch {
    // Told below.
  }
  throw new InvalidInputError('--template-values', '--template-values 应为 JSON 对象，值为文字。 --template-values must be a JSON object of texts.')
}

function calleesOf(list: string): Partial<Record<CalleeKind, string>> {
  const pairs = list.split(',').filter(Boolean).map((pair) => {
    const [kind, number = ''] = pair.split('=').map((part) => part.trim())
    if (!(calleeKinds as readonly string[]).includes(kind!) || !/^\+?\d{5,20}$/.test(number)) throw new InvalidInputError('--callees', `--callees '${pair}'：应为 ${calleeKinds.join('|')}=号码。 Expected kind=number.`)
    return [kind, number] as const
  })
  return Object.fromEntries(pairs)
}

function listenerOf(text: string): NonNullable<Target['callbacks']> {
  const [, host, port] = /^(.+):(\d{1,5})$/.exec(text) ?? []
  if (host === undefined || Number(port) > 65_535) throw new InvalidInputError('--callbacks', `--callbacks '${text}'：应为 地址:端口。 Expected host:port.`)
  return { host, port: Number(port) }
}
