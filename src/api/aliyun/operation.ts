// The shape of one operation and what it may use. Does not know which operations exist.
import type { CallService } from '../../dialer/call-service.ts'
import type { SingleCalls } from '../../dialer/single-calls.ts'
import type { RobotTasks } from '../../dialer/tasks/robot-tasks.ts'
import type { AnswerFields } from './answer.ts'
import type { Parameters, ValuesOf } from './parameters.ts'

/** Everything the operations work with. */
export type Aliyun = {
  calls: CallService
  singleCalls: SingleCalls
  /** Absent: tasks are not served. */
  robotTasks?: RobotTasks | undefined
  /** An address that anybody can fetch the recording of a call from, for 48 hours; undefined when there is none. `origin`: as the client addressed us. */
  recordFile?: ((call: { accountId: string; callId: string; recording: string | undefined }, origin: string) => string | undefined) | undefined
}

export type Context = Aliyun & { accountId: string; requestId: string; origin: string }

export type Operation<P extends Parameters = Parameters> = {
  /** In Chinese, one sentence. */
  summary: string
  /** Of one account; more in a second are answered with Throttling.User. */
  perSecondMax: number
  parameters: P
  /** What is answered beside Code, Message and RequestId: name → meaning. */
  answers: Readonly<Record<string, string>>
  /** Where this server differs from the published behaviour, or chose one reading of it. */
  notes?: readonly string[]
  /** Errors: AppError. */
  handle(params: ValuesOf<P>, context: Context): Promise<AnswerFields>
}

/** Gives `handle` the types of the table. */
export function operation<P extends Parameters>(definition: Operation<P>): Operation {
  return definition as unknown as Operation
}
