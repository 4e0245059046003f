// Knows what a turn means to a script: the rules every robot has, the script's own intents, and a classifier for what neither knows.
import { type IntentContext, type IntentMatch, matchIntent } from '../intents.ts'
import type { IntentClassifier } from './classifier.ts'
import { learntMeaning } from './learnt-turns.ts'
import type { OwnIntents } from './own-intents.ts'
import { normalise } from '../spoken-forms.ts'
import { byPattern, plainSpeech, saysTheName, withoutFiller } from './turn-patterns.ts'

export type Understood = {
  /** A universal intent or one of the script's own. */
  intent: string
  own: boolean
  evidence: string
  /** Where the meaning comes from, for the timeline. */
  source: 'rules' | 'own' | 'model'
  match: IntentMatch
}

/** What no example of a script outweighs. */
const strongest: ReadonlySet<string> = new Set(['stop', 'voicemail', 'wrong-number', 'third-party', 'robot', 'human', 'abuse'])

/** An assistant introduces itself at once. */
const voicemailMsMax = 8_000

const strengthOf = ['stop', 'voicemail', 'wrong-number', 'third-party', 'human', 'robot', 'abuse']
const rank = (intent: string): number => (strengthOf.includes(intent) ? strengthOf.indexOf(intent) : strengthOf.length)

/** What any robot makes of the words: by phrases, then by how they are built where that is stronger or phrases say nothing. */
function meaningOf(text: string, context: IntentContext): IntentMatch {
  const plain = plainSpeech(text)
  const match = matchIntent(plain, context)
  if (match.language === 'en' || match.intent === 'none') return match
  if (context.asked === 'identity' && rank(match.intent) > 0 && saysTheName(plain, context)) return { ...match, intent: 'affirm', by: 'rule', affirmed: true, evidence: plain }
  const understood = match.by !== 'none' && match.intent !== 'other' && !(match.intent === 'question' && match.by !== 'exact')
  const built = byPattern(plain, understood, context)
  if (!built) return match
  // The name in 我是张伟的同事 is no yes.
  if (built.decisive && rank(built.intent) >= rank(match.intent)) return match
  if (!built.decisive && match.topics.length > 0 && built.intent !== 'who') return match
  return { ...match, intent: built.intent, evidence: built.evidence, by: 'rule', affirmed: built.intent === 'affirm' || match.affirmed }
}

/** Pure. `wanted`: the own intents that anything would follow from here. */
export function understand(text: string, p: { context: IntentContext; own: OwnIntents; wanted: (intent: string) => boolean }): Understood {
  const match = meaningOf(text, p.context)
  const rules: Understood = { intent: match.intent, own: false, evidence: match.evidence, source: 'rules', match }
  const own = p.own.match(withoutFiller(text), p.wanted)
  if (!own) return { ...rules, ...learnt(text, match, p.context) }
  if (match.intent === 'stop' || match.intent === 'voicemail') return rules
  // An example word for word is what the author meant; anything looser yields to what is the same in every call.
  if (strongest.has(match.intent) && own.by !== 'exact') return rules
  // 好的 said word for word is not outweighed by an example that only looks like it.
  if (match.by === 'exact' && match.intent !== 'other' && (own.by === 'likeness' || own.by === 'sound') && match.evidence.length >= text.length - 2) return rules
  return { intent: own.intent, own: true, evidence: own.evidence, source: 'own', match }
}

/** How far likeness to labelled turns is believed where rules found nothing, where they only heard a question, where the turn is short, and where it would end the call for good. */
const belief = { nothing: 0.45, short: 0.7, question: 0.6, stop: 0.5 } as const

/** What a turn that no rule understands is most like. Never that somebody is the person: facts would follow from it. */
function learnt(text: string, match: IntentMatch, context: IntentContext): Pick<Understood, 'intent' | 'match'> | undefined {
  const isOpen = match.language === 'zh' && (match.intent === 'other' ? match.by === 'none' : match.intent === 'question' && match.by !== 'exact' && match.topics.length === 0)
  // Two characters say nothing by their likeness: 没变 is a yes to 地址没变吧 and like a no.
  const length = Array.from(normalise(withoutFiller(text))).length
  if (!isOpen || length < 3) return undefined
  const { intent, belief: believed } = learntMeaning(text, context.asked)
  if (intent === 'other' || intent === match.intent || believed < (match.intent === 'question' ? belief.question : intent === 'stop' ? belief.stop : length === 3 ? belief.short : belief.nothing)) return undefined
  const told = context.stage === 'deliver' || context.stage === 'confirm' || context.stage === 'ask'
  if (intent === 'affirm' && context.asked === 'identity') return undefined
  if ((intent === 'wrong-number' || intent === 'third-party') && told) return undefined
  if (intent === 'voicemail' && (context.machinesAreTold || (context.sinceAnswerMs ?? 0) > voicemailMsMax)) return undefined
  return { intent, match: { ...match, intent, by: 'learnt', affirmed: intent === 'affirm' } }
}

/** True when a classifier may be asked: the rules made nothing of the words, and there are enough of them to mean something. */
export function isOpenToOpinion({ own, intent, match }: Understood): boolean {
  return !own && (intent === 'other' || intent === 'question') && Array.from(match.evidence).length >= 3
}

/** What the classifier makes of it, within its limit; as it was when it has no opinion. Never rejects. */
export async function secondOpinion(understood: Understood, text: string, p: { classifier: IntentClassifier | undefined; asked: string; wanted: readonly { name: string; examples: readonly string[] }[]; signal: AbortSignal }): Promise<Understood> {
  if (!p.classifier || p.wanted.length === 0 || !isOpenToOpinion(understood)) return understood
  const intent = await p.classifier.classify({ asked: p.asked, said: text, intents: p.wanted }, p.signal)
  return intent === undefined ? understood : { ...understood, intent, own: true, evidence: text, source: 'model' }
}
