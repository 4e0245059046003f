// Parameters that several task operations share, each with its rule, and what is said when a task is not in a state for them. Does not know what is done with them.
import { RefusedError } from '../../../errors.ts'
import { splitList } from '../../../numbering/digits.ts'
import { businessError, missing, type BusinessErrorCode } from '../errors.ts'
import type { Context } from '../operation.ts'
import { flag, integer, needed, text, type Parameter } from '../parameters.ts'
import type { RobotTasks } from '../../../dialer/tasks/robot-tasks.ts'

/** Digits, as text: an int64 in some operations and a string in others. */
export const taskId: Parameter<string | undefined> = {
  type: 'Long', required: false, does: 'honoured', rule: '任务编号',
  read(name, value) {
    if (value === undefined) return undefined
    const digits = value.trim()
    if (!/^\d{1,18}$/.test(digits)) throw businessError('isv.INVALID_PARAMETERS', `${name} 应为任务编号（数字）`)
    return digits
  },
}

/** The same where it is published as a string. */
export const taskIdText: Parameter<string | undefined> = { ...taskId, type: 'String' }

export const dialogId = needed(integer({ min: 1, max: Number.MAX_SAFE_INTEGER, or: undefined, outside: 'refused', type: 'Long', rule: '机器人（话术）编号，见 QueryRobotInfoList；须已发布' }))
export const taskName = needed(text({ rule: '1–30 个字符', bytesMax: 120 }))
export const taskNameCharsMax = 30

/** Errors: AliyunError. */
export function checkedName(name: string): string {
  if (Array.from(name).length > taskNameCharsMax) throw businessError('isv.PARAM_LENGTH_LIMIT', `TaskName 最多 ${taskNameCharsMax} 个字符`)
  return name
}

const showNumbersMax = 100

/** 1 to 100 numbers of the account, as written. */
export const showNumbers: Parameter<readonly string[]> = needed({
  type: 'String', required: true, does: 'differs', rule: `外显号码，1–${showNumbersMax} 个，以逗号分隔，须是已启用线路的主叫号码；在模拟线路上不校验，显示线路自己的号码`,
  read(name, value) {
    if (value === undefined) return undefined
    const numbers = splitList(value)
    if (numbers.length === 0 || numbers.length > showNumbersMax) throw businessError('isv.DISPLAY_NUMBER_ILLEGAL', `${name} 应有 1–${showNumbersMax} 个号码`)
    const wrong = numbers.find((number) => !/^\+?[\d\s-]{3,30}$/.test(number))
    if (wrong !== undefined) throw businessError('isv.DISPLAY_NUMBER_ILLEGAL', `${name} 里 ${wrong.slice(0, 40)} 不是号码`)
    return numbers
  },
} satisfies Parameter<readonly string[] | undefined>)

/** Callees, as written. More than `countMax` are answered with `tooMany`. */
export function calledNumbers({ countMax, tooMany, rule }: { countMax: number; tooMany: BusinessErrorCode; rule: string }): Parameter<readonly string[]> {
  return needed<readonly string[]>({
    type: 'String', required: true, does: 'honoured', rule,
    read(name, value) {
      if (value === undefined) return undefined
      const numbers = splitList(value)
      if (numbers.length === 0) throw businessError('isv.MOBILE_NUMBER_ILLEGAL', `${name} 里没有号码`)
      if (numbers.length > countMax) throw businessError(tooMany, `${name} 最多 ${countMax} 个号码，收到 ${numbers.length} 个`)
      return numbers
    },
  })
}

export const companyParameters = {
  CorpName: text({ rule: '须与账户登记的公司名称（waihu account set --organisation）一致；IsSelfLine 为 true 时可不填', bytesMax: 300 }),
  IsSelfLine: flag({ or: false, rule: '默认 false；true：自有线路，不校验 CorpName', does: 'differs' }),
}

/** The company that must be the account's; undefined: not to be checked. Errors: AliyunError without a name where one is needed. */
export function companyOf({ CorpName, IsSelfLine }: { CorpName: string | undefined; IsSelfLine: boolean }): string | undefined {
  if (IsSelfLine) return undefined
  if (CorpName === undefined) throw missing('CorpName')
  return CorpName
}

export const pageParameters = {
  PageNo: integer({ min: 1, max: 1_000_000, or: 1, outside: 'refused', rule: '页码，从 1 开始，默认 1' }),
  PageSize: integer({ min: 1, max: 100, or: 10, outside: 'refused', rule: '每页 1–100 条，默认 10' }),
}

export function pageOf({ PageNo, PageSize }: { PageNo: number; PageSize: number }): { offset: number; limit: number } {
  return { offset: (PageNo - 1) * PageSize, limit: PageSize }
}

/** Published as texts. */
export function pageAnswer({ PageNo, PageSize }: { PageNo: number; PageSize: number }, total: number): { PageNo: string; PageSize: string; TotalCount: string } {
  return { PageNo: String(PageNo), PageSize: String(PageSize), TotalCount: String(total) }
}

export const pageAnswers = { PageNo: '文字', PageSize: '文字', TotalCount: '文字，总条数' }

/** Errors: AliyunError where tasks are not served. */
export function robotTasksOf({ robotTasks }: Context): RobotTasks {
  if (!robotTasks) throw businessError('isv.PRODUCT_UNSUBSCRIBE', '这台服务器没有开通外呼任务')
  return robotTasks
}

/** What a task's state does not allow, as `code`. */
export async function inItsState<T>(doing: Promise<T>, code: BusinessErrorCode = 'isv.INVALID_PARAMETERS'): Promise<T> {
  try {
    return await doing
  } catch (error) {
    if (error instanceof RefusedError && error.code === 'not-possible') throw businessError(code, error.message, { cause: error })
    throw error
  }
}
