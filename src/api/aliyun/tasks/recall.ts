// Knows how a task says which callees are called again, how often and when, in published state codes. Does not know tasks.
import type { Outcome } from '../../../call/end-reason.ts'
import { finalOutcomes, type RetryPlan } from '../../../dialer/tasks/plan.ts'
import { businessError, missing } from '../errors.ts'
import { integer, text } from '../parameters.ts'
import { outcomesOf } from '../status-codes.ts'

/** The codes after which a call may be repeated. Source: the parameter RecallStateCodes of the published operation. */
export const recallCodes = ['200010', '200011', '200002', '200012', '200005', '200003'] as const
/** Also what is out of coverage, which has a code of its own that no client can name here. */
const unreachable = '200005'
type RecallCode = (typeof recallCodes)[number]

export const recallParameters = {
  RetryType: integer({ min: 0, max: 1, or: 0, outside: 'refused', rule: '1：按以下三项重呼；0：不重呼（默认）' }),
  RecallStateCodes: text({ rule: `重呼的状态码，以逗号分隔：${recallCodes.join('、')}；RetryType=1 时必填。停机（200011）和拒接、免打扰的号码即使写明也不再呼叫`, does: 'differs', bytesMax: 100 }),
  RecallTimes: integer({ min: 1, max: 9, or: undefined, outside: 'refused', rule: '重呼次数 1–9；RetryType=1 时必填' }),
  RecallInterval: integer({ min: 2, max: 30, or: undefined, outside: 'refused', rule: '重呼间隔，2–30 分钟；RetryType=1 时必填' }),
}

export type Recall = { codes: readonly RecallCode[]; times: number; intervalMin: number }
type Given = { RetryType: number; RecallStateCodes: string | undefined; RecallTimes: number | undefined; RecallInterval: number | undefined }

/** Undefined: nobody is called again. Errors: AliyunError. */
export function readRecall({ RetryType, RecallStateCodes, RecallTimes, RecallInterval }: Given): Recall | undefined {
  if (RetryType === 0) return undefined
  if (RecallStateCodes === undefined) throw missing('RecallStateCodes')
  if (RecallTimes === undefined) throw missing('RecallTimes')
  if (RecallInterval === undefined) throw missing('RecallInterval')
  const codes = [...new Set(RecallStateCodes.split(/[,，]/).map((code) => code.trim()).filter((code) => code !== ''))]
  const known = codes.map((code) => recallCodes.find((one) => one === code))
  const wrong = codes[known.indexOf(undefined)]
  if (codes.length === 0 || wrong !== undefined) throw businessError('isv.INVALID_PARAMETERS', `RecallStateCodes 只能是 ${recallCodes.join('、')}`)
  return { codes: known as RecallCode[], times: RecallTimes, intervalMin: RecallInterval }
}

/** The endings that such codes stand for. Whoever refused, or whose number is dead, is not called again whatever a client asks for. */
export function outcomesToRecall(codes: readonly string[]): Outcome[] {
  return codes.flatMap((code) => (code === unreachable ? [...outcomesOf(code), ...outcomesOf('200007')] : outcomesOf(code))).filter((outcome) => !finalOutcomes.has(outcome))
}

/** Nobody is called more often than `times` again, whatever happens in between. */
export function retryOf(recall: Recall | undefined): RetryPlan {
  if (recall === undefined) return { rules: [], attemptsMax: 1 }
  const { times, intervalMin } = recall
  return { rules: [{ outcomes: outcomesToRecall(recall.codes), times, gapMs: intervalMin * 60_000 }], attemptsMax: times + 1 }
}
