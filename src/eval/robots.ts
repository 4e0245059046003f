// Knows how the robot of a scenario is made: by rules, or with a model in front of them. Does not know lines or checks.
import { CircuitBreaker } from '../robot/model/circuit-breaker.ts'
import { OpenAiModel } from '../robot/model/openai-model.ts'
import { robotKinds, type RobotModel } from '../robot/index.ts'
import { compileRequirement, type Requirement } from '../robot/requirement.ts'
import type { Robot } from '../robot/robot.ts'
import type { Log } from '../log.ts'
import type { Scenario } from './scenario.ts'

/** Any endpoint that speaks the chat completions of OpenAI. */
export type ModelEndpoint = { baseUrl: string; apiKey?: string | undefined; model: string }

export type RobotMaker = (scenario: Scenario, p: { callId: string; sinceAnswerMs: () => number; log: Log }) => Robot

/** Robots of one evaluation. All of them share the model and what is known of its health, as calls do. */
export function robotMaker(endpoint: ModelEndpoint | undefined): RobotMaker {
  const model: RobotModel | undefined = endpoint && { model: new OpenAiModel({ baseUrl: endpoint.baseUrl, apiKey: endpoint.apiKey, model: endpoint.model }), breaker: new CircuitBreaker() }
  return (scenario, { callId, sinceAnswerMs, log }) => {
    const calledAtMs = calledAtOf(scenario).getTime()
    return robotKinds[model ? 'prompt' : 'rules']({ requirement: requirementOf(scenario), callId, now: () => new Date(calledAtMs + sinceAnswerMs()), attempt: scenario.attempt, handover: undefined, log, model })
  }
}

/** Errors: those of compileRequirement. */
export function requirementOf({ requirement, acceptedAt, organisation }: Scenario): Requirement {
  return compileRequirement(requirement, { acceptedAt: new Date(acceptedAt), organisation })
}

export function calledAtOf({ acceptedAt, calledAt }: Scenario): Date {
  return new Date(calledAt ?? acceptedAt)
}
