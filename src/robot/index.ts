// The table of robots: a kind → how to make one. Also what is stored with a call so that its robot can be made when it is dialled.
import { InvalidInputError, RefusedError } from '../errors.ts'
import type { Log } from '../log.ts'
import type { Meter } from '../service-use.ts'
import type { ChatModel } from './model/chat-model.ts'
import { endpointsOf, type LlmSettings } from './model/endpoints.ts'
import { ModelChain } from './model/model-chain.ts'
import { CircuitBreaker } from './model/circuit-breaker.ts'
import { OpenAiModel } from './model/openai-model.ts'
import type { Judgement, SpokenTurn } from './after-call/judgement.ts'
import { createPromptRobot } from './prompt.ts'
import { createConnectRobot, isConnect, judgeConnect } from './connect.ts'
import { createAnnouncementRobot, isAnnouncement, judgeAnnouncement } from './announcement.ts'
import { createCallbackRobot, judgeCallback } from './callback/callback-robot.ts'
import type { CallbackExchange } from './callback/exchange.ts'
import { isCallback } from './callback/plan.ts'
import { judge } from './after-call/judge.ts'
import { isWorthReading, readByModel, readingMsMax } from './after-call/model-reading.ts'
import { compileRequirement, isExpired, type Requirement } from './requirement.ts'
import type { ConversationOutcome, Robot, RobotNote } from './robot.ts'
import { createModelClassifier, type IntentClassifier } from './script/classifier.ts'
import { judgeScriptCall, openScript, type ScriptSource } from './script/open-script.ts'
import { isScriptSpec } from './script/spec.ts'
import { createRulesRobot } from './rules.ts'

/** A model and what is known of its health, one for all calls. */
export type RobotModel = { model: ChatModel; breaker: CircuitBreaker; drafts?: boolean | undefined }
export type RobotContext = { requirement: Requirement; callId: string; now: () => Date; attempt: number; handover: string | undefined; log: Log; model: RobotModel | undefined }

export const robotKinds = {
  rules: (context) => createRulesRobot(context),
  // A call that was accepted while a model was configured is played by the rules when there is none any more.
  prompt: (context) => (context.model ? createPromptRobot({ ...context, ...context.model }) : createRulesRobot(context)),
} as const satisfies Record<string, (context: RobotContext) => Robot>
export type RobotKind = keyof typeof robotKinds

/** Stored with the call. The text is compiled again from the same inputs, so relative dates stay what they were at acceptance. */
type StoredRobot = { kind: RobotKind; text: string; acceptedAt: string; organisation?: string | undefined; handover?: string | undefined; knowledge?: string | undefined }

/**
 * What the dialer needs of robots: `accept` when a call is placed, `open` when it is dialled.
 * `handover`: the human of calls that name none, E.164.
 * `callback`: how servers of customers are asked, and what a number is that they name; absent: calls that they lead cannot be opened.
 * `scripts`: where scripts are found that calls name; absent: such calls end with a goodbye.
 * `kind` 'auto' is 'prompt' when there is a model to ask, else 'rules'.
 * Errors: InvalidInputError when a model is wanted and none is named. `accept` errors: InvalidInputError, RefusedError ('not-allowed', 'expired').
 */
export function createRobotMaker(options: { kind: RobotKind | 'auto'; llm?: LlmSettings; drafts?: boolean | undefined; handover?: string | undefined; callback?: { exchange: Pick<CallbackExchange, 'ask'>; phoneOf: (text: string) => string | undefined } | undefined; scripts?: ScriptSource | undefined; now?: () => Date; log: Log }) {
  const now = options.now ?? (() => new Date())
  const [first, ...others] = endpointsOf(options.llm ?? { baseUrl: undefined, apiKey: undefined, model: '' }).map((endpoint) => new OpenAiModel(endpoint))
  if (options.kind === 'prompt' && first === undefined) throw new InvalidInputError('ROBOT', 'ROBOT=prompt needs a language model: set LLM_BASE_URL (and LLM_API_KEY, LLM_MODEL), or ROBOT=rules')
  const kind: RobotKind = options.kind === 'auto' ? (first === undefined ? 'rules' : 'prompt') : options.kind
  const model: RobotModel | undefined = kind === 'prompt' && first ? { model: others.length === 0 ? first : new ModelChain([first, ...others], options.log), breaker: new CircuitBreaker(), drafts: options.drafts } : undefined
  /** What no rule of a script understands is put to the model. */
  const classifierOf = (meter: Meter | undefined): IntentClassifier | undefined => model && createModelClassifier(metered(model.model, meter), { breaker: model.breaker })
  return {
    accept(text: string, p: { acceptedAt: Date; organisation: string | undefined; handover?: string | undefined; knowledge?: string | undefined }): { spec: unknown; expiresAt: Date | undefined } {
      const requirement = compileRequirement(text, p)
      if (isExpired(requirement, p.acceptedAt)) throw new RefusedError('expired', '通知里的时间已经过去，没有拨打：请改成将来的时间')
      const spec: StoredRobot = { kind, text, acceptedAt: p.acceptedAt.toISOString(), organisation: p.organisation, handover: p.handover ?? options.handover, knowledge: p.knowledge }
      return { spec, expiresAt: requirement.expiresAt }
    },
    open(spec: unknown, p: { callId: string; attempt: number; meter?: Meter | undefined }): Robot {
      if (isAnnouncement(spec)) return createAnnouncementRobot(spec.plan)
      if (isConnect(spec)) return createConnectRobot(spec.plan)
      if (isCallback(spec)) {
        if (!options.callback) throw new Error('no callback server can be asked')
        return createCallbackRobot({ plan: spec.plan, ...options.callback, now: () => now().getTime() })
      }
      if (isScriptSpec(spec)) return openScript(spec, options.scripts, { now, handover: options.handover, classifier: classifierOf(p.meter) })
      const { kind, handover } = spec as StoredRobot
      // A kind that this version does not know is played by the rules.
      const make = Object.hasOwn(robotKinds, kind) ? robotKinds[kind] : robotKinds.rules
      return make({ requirement: requirementOf(spec), callId: p.callId, now, attempt: p.attempt, handover, log: options.log, model: model && { ...model, model: metered(model.model, p.meter) } })
    },
    /** Has everything at hand that `open` and `judge` need of this spec. Errors: NotFoundError for a script that there is not; what its storage throws. */
    async prepare(spec: unknown): Promise<void> {
      if (isScriptSpec(spec)) await options.scripts?.bodies.prepare(spec)
    },
    /** What a finished conversation came to. Pure. */
    judge(spec: unknown, finished: { turns: readonly SpokenTurn[]; notes: readonly RobotNote[]; outcome: ConversationOutcome | undefined; answered: boolean; now: Date }): Judgement {
      if (isAnnouncement(spec)) return judgeAnnouncement(finished.answered)
      if (isConnect(spec)) return judgeConnect(finished.answered)
      if (isCallback(spec)) return judgeCallback(finished.answered)
      if (isScriptSpec(spec)) return judgeScriptCall(spec, options.scripts, finished)
      return judge({ requirement: requirementOf(spec), ...finished })
    },
    /** The judgement after the model has read the call too, within `readingMsMax`; as it was when there is no model, nothing to gain, or nobody was heard. Never rejects. */
    async readAgain(spec: unknown, finished: { turns: readonly SpokenTurn[]; now: Date }, judgement: Judgement, meter?: Meter): Promise<Judgement> {
      if (!model || (spec as StoredRobot).kind !== 'prompt' || !isWorthReading(judgement) || model.breaker.isOpen(performance.now())) return judgement
      return readByModel(judgement, { requirement: requirementOf(spec), turns: finished.turns, model: metered(model.model, meter), now: finished.now, signal: AbortSignal.timeout(readingMsMax) })
    },
  }
}

function requirementOf(spec: unknown): Requirement {
  const { text, acceptedAt, organisation, knowledge } = spec as StoredRobot
  return compileRequirement(text, { acceptedAt: new Date(acceptedAt), organisation, knowledge })
}

/** The model as one call uses it. */
function metered(model: ChatModel, meter: Meter | undefined): ChatModel {
  if (!meter) return model
  return { name: model.name, warmUp: () => model.warmUp(), stream: (request, signal) => model.stream({ ...request, meter }, signal) }
}
