// The robot that speaks a script (话术): understands each turn, asks the classifier what nobody understood, and lets the conversation decide.
import { recogniserPhrases } from '../intents.ts'
import type { Robot, RobotAction, RobotEvent } from '../robot.ts'
import { spokenBy } from '../rehearsal.ts'
import type { IntentClassifier } from './classifier.ts'
import { Conversation, type Trace } from './conversation.ts'
import { OwnIntents } from './own-intents.ts'
import type { Script } from './schema.ts'
import { secondOpinion, understand, type Understood } from './understand.ts'
import type { Values } from './variables.ts'

export type ScriptRobotOptions = {
  /** Checked: what read-script.ts gave out without problems. */
  script: Script
  /** Accepted by acceptValues. */
  values: Values
  acceptedAt: Date
  now: () => Date
  classifier?: IntentClassifier | undefined
  /** The human for whoever asks for one, E.164, where the script names none itself. */
  handover?: string | undefined
  /** What the line calls a recorded file of the script. */
  soundName?: ((file: string) => string) | undefined
  /** Told every way that is taken, for reports. */
  trace?: ((trace: Trace) => void) | undefined
}

/** How long a script has after its limit to come to its goodbye. */
const pastLimitS = 20

export function createScriptRobot(options: ScriptRobotOptions): Robot {
  return new ScriptRobot(options)
}

class ScriptRobot implements Robot {
  readonly kind = 'script'
  readonly hotWords: readonly string[]
  readonly phrases: readonly string[]
  readonly talkMsMax: number
  readonly #script: Script
  readonly #own: OwnIntents
  readonly #now: () => Date
  readonly #classifier: IntentClassifier | undefined
  readonly #conversation: Conversation
  #held: readonly RobotAction[] = []

  constructor({ script, values, acceptedAt, now, classifier, handover, soundName, trace }: ScriptRobotOptions) {
    this.#script = script
    this.#own = new OwnIntents(script.intents)
    this.#now = now
    this.#classifier = classifier
    const named = Object.entries(script.vars).find(([name, { say }]) => say === 'name' && name !== 'org')
    this.#conversation = new Conversation({ script, values, acceptedAt, spokenName: named && values[named[0]], handover, soundName }, now(), trace)
    // The script says its own goodbye at its limit; this one is for whoever talks without a pause.
    this.talkMsMax = (script.limits.secondsMax + pastLimitS) * 1_000
    this.hotWords = [...new Set([...Object.entries(values).filter(([name]) => ['name', 'text'].includes(script.vars[name]?.say ?? '')).map(([, value]) => value), ...Object.values(script.intents).flatMap(({ keywords }) => keywords)])]
    this.phrases = [...new Set([...recogniserPhrases, ...Object.values(script.intents).flatMap(({ examples }) => examples)])]
  }

  async *handle(event: RobotEvent, signal: AbortSignal): AsyncIterable<RobotAction> {
    const heard = this.#understand(event)
    const understood = heard && event.type === 'utterance' ? await this.#asked(heard, event.text, signal) : heard
    const actions = [...this.#held, ...this.#conversation.react(event, this.#now(), understood)]
    this.#held = []
    for (const [i, action] of actions.entries()) {
      if (signal.aborted) {
        this.#held = this.#conversation.takeBack(actions.slice(i))
        return
      }
      yield action
    }
  }

  async *foresee(event: RobotEvent): AsyncIterable<string> {
    await Promise.resolve()
    yield* spokenBy(this.#conversation.copy().react(event, this.#now(), this.#understand(event)))
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await Promise.resolve()
  }

  #understand(event: RobotEvent): Understood | undefined {
    if (event.type !== 'utterance' && event.type !== 'answered') return undefined
    const text = event.type === 'utterance' ? event.text : event.firstWords
    const context = event.type === 'utterance' ? this.#conversation.context(event.beginAtMs) : { ...this.#conversation.context(0), sinceAnswerMs: 0, machinesAreTold: event.machines?.told ?? false }
    return understand(text, { context, own: this.#own, wanted: (intent) => this.#conversation.wants(intent) })
  }

  #asked(understood: Understood, text: string, signal: AbortSignal): Promise<Understood> {
    const wanted = Object.entries(this.#script.intents).filter(([name]) => this.#conversation.wants(name)).map(([name, { examples, keywords }]) => ({ name, examples: examples.length > 0 ? examples : keywords }))
    return secondOpinion(understood, text, { classifier: this.#classifier, asked: this.#conversation.asked, wanted, signal })
  }
}
