// Knows how the robot of a stored call is made from the script it names, and what that call came to. Does not know where scripts are kept.
import { judgeAnnouncement } from '../announcement.ts'
import type { Judgement, SpokenTurn } from '../after-call/judgement.ts'
import type { ConversationOutcome, Robot, RobotAction, RobotEvent, RobotNote } from '../robot.ts'
import type { IntentClassifier } from './classifier.ts'
import { createScriptRobot } from './script-robot.ts'
import { judgeScript } from './script-summary.ts'
import type { ScriptBodies, ScriptSpec } from './spec.ts'

export type ScriptSource = {
  bodies: ScriptBodies
  /** What the line calls a recorded file of an account. */
  soundName: (accountId: string, file: string) => string
}

/** `handover`: the human of calls that name none, E.164. */
export function openScript(spec: ScriptSpec, source: ScriptSource | undefined, p: { now: () => Date; classifier: IntentClassifier | undefined; handover: string | undefined }): Robot {
  const script = source?.bodies.at(spec)
  if (!source || !script) return new LostScriptRobot(spec)
  return createScriptRobot({
    script, values: spec.vars, acceptedAt: spec.acceptedAt === undefined ? p.now() : new Date(spec.acceptedAt), now: p.now,
    classifier: p.classifier, handover: spec.handover ?? p.handover, soundName: (file) => source.soundName(spec.accountId, file),
  })
}

/** Pure. Of a script that is not at hand only that it was answered is told. */
export function judgeScriptCall(spec: ScriptSpec, source: ScriptSource | undefined, finished: { turns: readonly SpokenTurn[]; notes: readonly RobotNote[]; outcome: ConversationOutcome | undefined; answered: boolean }): Judgement {
  const script = source?.bodies.at(spec)
  return script ? judgeScript(script, finished) : judgeAnnouncement(finished.answered)
}

/** Says goodbye for a script that is not there: whoever picked up must not hear silence. Nobody is called for such a script where that is known before. */
class LostScriptRobot implements Robot {
  readonly kind = 'script'
  readonly hotWords: readonly string[] = []
  readonly phrases: readonly string[] = []
  readonly #problem: string
  #closing = false

  constructor({ script, version }: ScriptSpec) {
    this.#problem = `话术 ${script} v${version} 找不到，已礼貌结束。 The script is not to be found`
  }

  async *handle(event: RobotEvent): AsyncIterable<RobotAction> {
    await Promise.resolve()
    if (this.#closing || event.type === 'ended') return
    this.#closing = true
    yield { type: 'note', note: { problem: this.#problem, outcome: 'unconfirmed', summary: this.#problem, source: 'fallback' } }
    yield { type: 'say', id: 'lost', parts: [{ type: 'text', text: '您好，我是AI语音助手，本次通话由人工智能合成语音。不好意思，系统出了点问题，先不打扰您了，再见。' }], interruptible: false }
    yield { type: 'hang-up' }
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await Promise.resolve()
  }
}
