// Knows what can be said about a request to call somebody without looking anything up. Does not know the database.
import { createHash } from 'node:crypto'
import { InvalidInputError, RefusedError } from '../errors.ts'
import { parsePhoneList, type ParsedPhone } from '../numbering/phone.ts'
import type { PlaceRequest } from './call-service.ts'
import type { DialerSettings } from './settings.ts'

/** The numbers of a request that is well formed. Errors: InvalidInputError, RefusedError 'never-dial'. */
export function readRequest(request: PlaceRequest, settings: DialerSettings): ParsedPhone[] {
  const { userRequirement, idempotencyKey } = request
  if (userRequirement.trim() === '' && !request.script) throw new InvalidInputError('user_requirement', '请用一句话写明要在电话里说什么')
  if (userRequirement.length > settings.requirementCharsMax) {
    throw new InvalidInputError('user_requirement', `通话需求过长，最多 ${settings.requirementCharsMax} 个字符`)
  }
  if (idempotencyKey !== undefined && !/^[\x21-\x7e]+$/.test(idempotencyKey)) {
    throw new InvalidInputError('Idempotency-Key', '幂等键只能包含可见的 ASCII 字符')
  }
  if (idempotencyKey !== undefined && idempotencyKey.length > settings.idempotencyKeyCharsMax) {
    throw new InvalidInputError('Idempotency-Key', `幂等键最多 ${settings.idempotencyKeyCharsMax} 个字符`)
  }
  const ok = readPhones(request.phones)
  if (ok.length > settings.phonesPerRequestMax) {
    throw new InvalidInputError('phones', `一次最多 ${settings.phonesPerRequestMax} 个号码，收到 ${ok.length} 个`)
  }
  if ((request.ticket || request.connect) && ok.length !== 1) throw new InvalidInputError('phones', '一次只能拨打一个号码')
  return ok
}

/** Whom whoever answers is connected with. Errors: as `readRequest`. */
export function readParty(toAsGiven: string, [first]: readonly ParsedPhone[]): ParsedPhone {
  const [party, ...more] = readPhones(toAsGiven)
  if (!party || more.length > 0) throw new InvalidInputError('phones', '一次只能接通一个号码')
  if (party.phone === first?.phone) throw new InvalidInputError('phones', '两个号码不能相同')
  return party
}

function readPhones(text: string): ParsedPhone[] {
  const { ok, bad } = parsePhoneList(text)
  if (bad.length > 0) {
    const items = bad.map(({ value, reason }) => ({ value, reason }))
    const forbidden = bad.every(({ code }) => code === 'EMERGENCY_NUMBER' || code === 'SERVICE_NUMBER' || code === 'ENTERPRISE_NUMBER')
    if (forbidden) throw new RefusedError('never-dial', `这些号码不能由系统拨打：${listed(items)}。没有拨打任何号码`, { items })
    throw new InvalidInputError('phones', `号码有误：${listed(items)}。请改正后重新提交，没有拨打任何号码`, items)
  }
  return ok
}

/** What makes two requests the same one. */
export function sumOf(request: PlaceRequest): Buffer {
  const { line, caller, handoverPhone, knowledge, callsBack, announcement, callback, connect, script } = request
  const wishes = line === undefined && caller === undefined && handoverPhone === undefined ? [] : [line ?? null, caller ?? null, ...(handoverPhone === undefined ? [] : [handoverPhone])]
  // Named, so that requests without them have the sum they always had.
  const more = { ...(knowledge !== undefined && { knowledge }), ...(callsBack !== undefined && { callsBack }), ...(announcement && { announcement }), ...(callback && { callback }), ...(connect && { connect }), ...(script && { script }) }
  const summed = [request.source, request.phones, request.userRequirement, ...wishes, ...(Object.keys(more).length > 0 ? [more] : [])]
  return createHash('sha256').update(JSON.stringify(summed)).digest()
}

/** For messages: a few with their reasons, and how many there are. */
export function listed(items: readonly { value: string; reason: string }[]): string {
  const shown = items.slice(0, 5).map(({ value, reason }) => `${value}（${reason}）`)
  return items.length > shown.length ? `${shown.join('；')} 等 ${items.length} 个` : shown.join('；')
}
