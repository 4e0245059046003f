// Knows what a turn of the callee means for any conversation. Does not know what the robot answers.
import { englishPhrases, type PhraseIntent, phraseIntents, phrases } from './intent-phrases.ts'
import { englishTopicsAsked, isQuestion, isUnanswerable, type QuestionTopic, topicsAsked } from './question-topics.ts'
import { isSameName, type Person, takePerson } from './requirement-person.ts'
import { clausesOf, collapseRepeats, formsOf, looseSoundOf, normalise, soundOf, utteranceCharsMax } from './spoken-forms.ts'

export type Intent = PhraseIntent | 'question' | 'other' | 'none'

/** What the robot asked last; the same words answer differently (没空 to "能来吗" is a no, to a greeting it is busy). */
export type AskedQuestion = 'identity' | 'listen' | 'available' | 'call-back' | 'understood' | 'attend' | 'yes-no' | 'open'

export type IntentContext = {
  stage?: 'identity' | 'hand-over' | 'fetching' | 'call-back' | 'deliver' | 'ask' | 'confirm' | 'closed' | undefined
  asked?: AskedQuestion | undefined
  /** From the answer to the beginning of these words. */
  sinceAnswerMs?: number | undefined
  person?: Person | undefined
  /** Who picked up is judged elsewhere, with ears: words that a machine might say mean nothing of the kind here. */
  machinesAreTold?: boolean | undefined
}

export type IntentMatch = {
  intent: Intent
  /** The words that decided, for the timeline and as proof. */
  evidence: string
  by: 'exact' | 'rule' | 'contained' | 'sound' | 'learnt' | 'english' | 'none'
  topics: readonly QuestionTopic[]
  /** The turn also said yes (对，什么事). */
  affirmed: boolean
  language: 'zh' | 'en'
}

/** An assistant or a mailbox introduces itself at once; the same words later come from a person. */
const voicemailMsMax = 8_000
/** Shorter phrases must be the whole clause: 不 inside a sentence says nothing. */
const containedCharsMin = 3

/** Intents that win wherever their words stand, strongest first. */
const hard = ['stop', 'voicemail', 'wrong-number', 'third-party'] as const
/** Which meaning of a turn counts when its clauses disagree, strongest first. */
const order: readonly Intent[] = ['stop', 'voicemail', 'wrong-number', 'third-party', 'human', 'robot', 'abuse', 'who', 'repeat', 'refuse', 'busy', 'wait', 'deny', 'affirm', 'question', 'goodbye', 'thanks', 'greeting', 'other', 'none']

type Phrase = { text: string; intent: PhraseIntent }
const allPhrases: readonly Phrase[] = phraseIntents.flatMap((intent) => phrases[intent].map((text) => ({ text, intent })))
const exact = new Map<string, PhraseIntent>()
for (const intent of [...phraseIntents].sort((a, b) => order.indexOf(a) - order.indexOf(b))) for (const text of phrases[intent]) if (!exact.has(text)) exact.set(text, intent)
const long = allPhrases.filter(({ text }) => text.length >= containedCharsMin).sort((a, b) => b.text.length - a.text.length || order.indexOf(a.intent) - order.indexOf(b.intent))

type Found = { intent: Intent; evidence: string; by: IntentMatch['by'] }

const rules: readonly { intent: Intent; pattern: RegExp }[] = [
  { intent: 'robot', pattern: /^(?:请问)?(?:你|您|你们|您们|这)(?:到底|究竟)?(?:是|不是|就是|是不是|该不会是|难道是)(?:一?个|什么)?(?:智能|语音|ai|人工智能|人工|机器|电脑|自动|录音|真人)/u },
  { intent: 'stop', pattern: /(?:别|不要|不许|不准|甭|勿)(?:再|老|总|一直|老是)?(?:给我|往我这儿?|往这儿?|跟我|向我)?(?:再|乱|老)?(?:打(?!断|开|车|印|包|卡|算|岔|架|分)|来电|骚扰|联系(?!方式))/u },
  { intent: 'stop', pattern: /再打.{0,4}(?:投诉|报警|举报|骂|拉黑|告)|(?:要|就|去|会|我)(?:投诉|举报)(?!电话|部|热线)|(?<!不|没|没有)(?:投诉|举报)(?:你|你们|了$)/u },
  { intent: 'third-party', pattern: /我(?:是|不是他是|就是)(?:他|她|它|机主)(?!本人|自己)(?:的)?.{0,4}$|(?:他|她|它)(?:本人)?(?:现在|这会儿|今天|刚)?(?:不在|没在|出去了|出门了|出差|在洗澡|在睡|睡了|休息了|在开会|在忙|没空|不方便)/u },
  { intent: 'third-party', pattern: /我(?:是|只是)?(?:帮|替|代)(?:他|她|人|别人|机主)(?:们)?(?:接|拿|听|看)/u },
  { intent: 'affirm', pattern: /我(?:就)?是(?:他|她|它)?本人/u },
  { intent: 'who', pattern: /(?:你|您|你们|这)(?:到底|究竟)?是(?:谁|哪位|哪里|哪个|哪家|什么人)|^谁[啊呀]|^(?:请问)?是(?:谁|哪位)[啊呀]?$/u },
  { intent: 'wrong-number', pattern: /(?<!没|没有|不是|是不是)(?:打|找|弄|搞|拨)错(?:人|号|电话|号码|了|啦|咯|吧)|(?:没有|没)(?:叫|姓)?这(?:个)?人|我不姓|不认识(?:这个|这)?(?:人|名字|叫)|(?:不是|没有)(?:叫)?(?:这个)?名字/u },
  { intent: 'human', pattern: /(?:转|找|要|换|叫|让|接)(?:一?个|一下|到|成)?(?:真人|人工|客服|活人)|(?:和|跟)(?:真人|人工|活人)(?:说|聊|讲|谈)|(?:叫|让|找|换|要)(?:你|你们|您|您们)(?:的)?(?:领导|经理|老板|主管|负责人|主任|店长)/u },
  { intent: 'robot', pattern: /机器人|真人|是人(?:吗|还是)|人工(?:吗|还是)|合成(?:的|音|语音)(?:吗|吧)/u },
  { intent: 'busy', pattern: /(?:点|分|半|[上下中]午|晚上|明天|明早|后天|回头|晚点儿?|待会儿?|过会儿?|一会儿?|等会儿?|改天|小时后|分钟后|之后|以后).{0,6}(?:再打|给我打|打给我|打来|打过来|再联系|联系我|打电话)/u },
  { intent: 'busy', pattern: /(?:正|在|很|太|有点儿?|特别|比较)忙(?!什么|吗|不忙)|没(?:有)?(?:空|时间)(?!去|来|参加)|(?<!不)在(?:开会|开车|上课|吃饭|睡觉|打电话)(?!的|时|吗)/u },
]

/** "没打错": a no in front of the words turns them around. */
const negated = /(?:没|没有|不|不是|别|未|不太|不怎么|不大)$/u
/** 我人不在公司 speaks of the speaker. */
const ownAbsence = /我(?:现在|今天|这会儿|最近)?人?不在/u

/**
 * Decides what a turn means.
 * `text` is recognised speech of at most 300 characters (the rest is not read). Pure; about 0.1 ms for a known phrase.
 */
export function matchIntent(text: string, context: IntentContext = {}): IntentMatch {
  const flat = normalise(text.slice(0, utteranceCharsMax))
  if (flat === '') return { intent: 'none', evidence: '', by: 'none', topics: [], affirmed: false, language: 'zh' }
  if (!/[\u4e00-\u9fff]/u.test(flat) && /[a-z]{2}/u.test(flat) && exact.get(flat) === undefined && exact.get(collapseRepeats(flat)) === undefined) return matchEnglish(text)
  const clauses = clausesOf(text)
  const topics = topicsAsked(flat)
  const found: Found[] = []
  for (const clause of clauses) found.push(...meaningsOf(clause, context))
  // The same words without the recogniser's punctuation: 我不是，他 · 不用 谢谢.
  const whole = exact.get(flat)
  if (whole !== undefined && clauses.length > 1) found.push({ intent: whole, evidence: flat, by: 'exact' })
  const meaningful = found.filter(({ intent, evidence }) => intent !== 'greeting' && intent !== 'other' && !(found.length > 1 && isFiller(evidence)))
  // 嗯，你好 greets back; it does not yet say who is there.
  const greets = found.length > 1 && meaningful.length === 0 ? found.filter(({ intent }) => intent === 'greeting') : []
  // 嗯 before a sentence that nobody understands says no more about who is there than the sentence: 嗯，把内容念给我听.
  const spoken = context.asked === 'identity' && found.length > 1 ? found.filter(({ intent, evidence }) => intent !== 'affirm' || !isFiller(evidence)) : []
  const candidates = [meaningful, greets, spoken].find((some) => some.length > 0) ?? found
  const affirmed = candidates.some(({ intent, evidence }) => intent === 'affirm' && !/^(?:嗯|嗯嗯)$/u.test(evidence))
  const best = [...candidates].sort((a, b) => order.indexOf(a.intent) - order.indexOf(b.intent))[0]!
  const settled = inContext(best, candidates, flat, context)
  // 等一下几点开始 and 好的，在哪 want an answer before anything else; 可以，不过几点结束 to an open question is its answer.
  const told = context.stage === 'deliver' || context.stage === 'confirm' || context.stage === 'ask'
  const asksOnly = (settled.intent === 'other' && (isQuestion(flat) || topics.length > 0)) || (told && softened.has(settled.intent) && (topics.length > 0 || (isUnanswerable(flat) && (context.stage !== 'ask' || settled.intent === 'wait'))))
  return { ...settled, intent: asksOnly ? 'question' : settled.intent, topics: settled.intent === 'who' ? [] : topics, affirmed, language: 'zh' }
}

function meaningsOf(clause: string, context: IntentContext): Found[] {
  const forms = formsOf(clause)
  for (const form of forms) {
    const intent = exact.get(form)
    if (intent !== undefined && allowed(intent, form, context)) return [{ intent, evidence: form, by: 'exact' }]
    const later = intent === 'voicemail' ? laterMeaning(form) : undefined
    if (later) return [later]
  }
  const found: Found[] = []
  const ofSelf = ownAbsence.test(clause)
  const named = byNames(clause, context.person)
  if (named) found.push(named)
  const asksUs = /^(?:你|您|请问你|请问您|你们)(?:是|不是)|(?:吗|吧)$/u.test(clause)
  for (const intent of hard) {
    const hit = long.find((phrase) => phrase.intent === intent && !(ofSelf && isAbsence(phrase.text)) && forms.some((form) => containsPlain(form, phrase.text)))
    if (!hit) continue
    if (intent === 'voicemail' && asksUs) continue
    if (allowed(intent, hit.text, context)) found.push({ intent, evidence: hit.text, by: 'contained' })
    else {
      const later = laterMeaning(hit.text)
      if (later) found.push(later)
    }
  }
  // A rule speaks before shorter phrases, and after a phrase that is the whole clause.
  for (const { intent, pattern } of rules) {
    const m = pattern.exec(clause)
    if (m) found.push({ intent, evidence: m[0], by: 'rule' })
  }
  if (found.length > 0) return found
  if (!isQuestion(clause)) {
    const parts = cover(forms.at(-1)!) ?? cover(clause) ?? cover(collapseRepeats(clause))
    if (parts) return parts
  }
  const contained = longestContained(forms, /(.)[不没]\1/u.test(clause))
  if (contained) return [contained]
  const sounded = ofSelf ? undefined : bySound(forms, isQuestion(clause), context)
  if (sounded) return [sounded]
  return [{ intent: 'other', evidence: clause, by: 'none' }]
}

/** True when the words count now: an assistant speaks first, a person later. */
function allowed(intent: PhraseIntent, phrase: string, context: IntentContext): boolean {
  if (intent === 'voicemail' && context.machinesAreTold) return false
  if (intent !== 'voicemail' || context.sinceAnswerMs === undefined || context.sinceAnswerMs < voicemailMsMax) return true
  // Until anybody has said who they are, these words are still a machine's.
  return context.stage === 'identity' && /机主|留言|嘀声|滴声|提示音|您所?拨打|信箱/u.test(phrase)
}

function laterMeaning(phrase: string): Found | undefined {
  return /转达|转告/u.test(phrase) ? { intent: 'third-party', evidence: phrase, by: 'exact' } : undefined
}

function containsPlain(form: string, phrase: string): boolean {
  const at = form.indexOf(phrase)
  if (at < 0) return false
  const before = form.slice(0, at)
  return !negated.test(before)
}

/** What a name in the clause means. Of several people, one who is there is enough, and only all of them can be denied. */
function byNames(clause: string, person: Person | undefined): Found | undefined {
  const found = (person?.oneOf ?? (person ? [person] : [])).map((one) => byName(clause, one))
  return found.find((one) => one?.intent === 'affirm') ?? (found.every((one) => one !== undefined) ? found[0] : undefined)
}

/** 我是张伟, 我姓李, 张伟不在, 不是张伟. */
function byName(clause: string, person: Person): Found | undefined {
  const sameSound = (spoken: string): boolean => isSameName(person, spoken) || [person.name, person.display].some((name) => name.length > 1 && looseSoundOf(spoken.slice(0, name.length)) === looseSoundOf(name))
  const name = person.name.length > 1 ? person.name : person.display
  const at = [name, person.display].map((form) => clause.indexOf(form)).find((index) => index >= 0) ?? -1
  if (at >= 0 && /(?:现在|今天|刚|人)?(?:不在|没在|出去了|出差|在忙|在开会|没空|休息)/u.test(clause.slice(at))) return { intent: 'third-party', evidence: clause, by: 'rule' }
  if (at > 0 && /(?:不是|不叫)$/u.test(clause.slice(0, at))) return { intent: 'deny', evidence: clause, by: 'rule' }
  const said = /(?:我(?:就)?是|我叫|^(?:对)?(?:是|就是))([\u4e00-\u9fff]{1,6})$/u.exec(clause)
  if (said) {
    const spoken = said[1]!.replace(/[啊呀呢吧的]$/u, '')
    if (spoken !== '' && sameSound(spoken)) return { intent: 'affirm', evidence: clause, by: 'rule' }
    if (/我(?:就)?是|我叫/u.test(clause) && takePerson(spoken)?.person?.display === spoken && spoken.length > 1) return { intent: 'deny', evidence: clause, by: 'rule' }
  }
  const family = /我?姓([\u4e00-\u9fff])$/u.exec(clause)
  if (family && !/不姓/u.test(clause)) return { intent: person.name.startsWith(family[1]!) ? 'affirm' : 'deny', evidence: clause, by: 'rule' }
  return undefined
}

function isAbsence(phrase: string): boolean {
  return phrase === '人不在' || phrase === '不在家'
}

/** The clause as a chain of known phrases (对我是 = 对 + 我是); undefined when it is not one. */
function cover(clause: string): Found[] | undefined {
  if (clause.length > 24) return undefined
  const best: (Found[] | undefined)[] = [[]]
  for (let end = 1; end <= clause.length; end += 1) {
    for (let begin = Math.max(0, end - 10); begin < end; begin += 1) {
      const before = best[begin]
      if (!before || (best[end] && (best[end]?.length ?? 0) <= before.length)) continue
      const part = clause.slice(begin, end)
      const intent = exact.get(part)
      if (intent !== undefined) best[end] = [...before, { intent, evidence: part, by: 'exact' }]
      else if (/^[嗯呃额啊哦唉哎诶呢哈啦嘛呀吧了]$/u.test(part) && before.length > 0 && !best[end]) best[end] = before
    }
  }
  const parts = best[clause.length]
  return parts && parts.length > 0 ? parts : undefined
}

function longestContained(forms: readonly string[], asksYesNo: boolean): Found | undefined {
  for (const { text, intent } of long) {
    if ((hard as readonly Intent[]).includes(intent)) continue
    if (asksYesNo && (intent === 'deny' || intent === 'affirm')) continue // 能不能来 holds 不能来 and means neither
    const form = forms.find((one) => one.includes(text))
    if (form === undefined) continue
    if (!negated.test(form.slice(0, form.indexOf(text)))) return { intent, evidence: text, by: 'contained' }
    if (intent === 'affirm') return { intent: 'deny', evidence: form, by: 'rule' }
  }
  return undefined
}

type SoundPhrase = Phrase & { sound: string; loose: string; syllables: number }
let soundPhrases: readonly SoundPhrase[] | undefined

/** Second chance: the clause sounds like a phrase (投速 is 投诉). Two syllables must be the whole clause, three may stand inside it. */
function bySound(forms: readonly string[], asks: boolean, context: IntentContext): Found | undefined {
  soundPhrases ??= allPhrases
    .filter(({ text }) => /^[\u4e00-\u9fff]+$/u.test(text))
    .map((phrase) => ({ ...phrase, sound: soundOf(phrase.text), loose: looseSoundOf(phrase.text), syllables: phrase.text.length }))
    .sort((a, b) => hardRank(a.intent) - hardRank(b.intent) || b.syllables - a.syllables || order.indexOf(a.intent) - order.indexOf(b.intent))
  const single = context.asked === 'identity' || context.asked === 'understood' || context.asked === 'attend' || context.asked === 'listen'
  const sounds = forms.map((form) => ({ sound: soundOf(form), loose: looseSoundOf(form) }))
  for (const sameness of ['sound', 'loose'] as const) {
    for (const phrase of soundPhrases) {
      if (phrase.syllables === 1 && !(single && phrase.intent === 'affirm')) continue
      if (!allowed(phrase.intent, phrase.text, context)) continue
      // 什么时候 begins like 什么事: only the hard meanings are looked for inside a question.
      const inside = phrase.syllables >= containedCharsMin && (!asks || hardRank(phrase.intent) < hard.length)
      const hit = sounds.some((form) => form[sameness] === phrase[sameness] || (inside && form[sameness].includes(phrase[sameness]) && !/ (?:mei|bu) $/u.test(`${form.sound.slice(0, form[sameness].indexOf(phrase[sameness]))} `)))
      if (hit) return { intent: phrase.intent, evidence: phrase.text, by: 'sound' }
    }
  }
  return undefined
}

function hardRank(intent: Intent): number {
  const at = (hard as readonly Intent[]).indexOf(intent)
  return at < 0 ? hard.length : at
}

function isFiller(evidence: string): boolean {
  return /^(?:喂|喂喂|嗯|嗯嗯|啊|你好|您好)$/u.test(evidence)
}

const didNotCatch = /^(?:不|没有|没|还没|还没有|不清楚|没清楚|没记住|没记下|没记|不知道|不明白|没明白|没有没有|不太清楚|不是)$/u
const goesNow = /^(?:就这样吧|挂了|我挂了|算了|没必要)$/u

/** The same words mean different things after different questions. */
function inContext(best: Found, all: readonly Found[], flat: string, context: IntentContext): Found {
  const affirmation = all.find(({ intent }) => intent === 'affirm')
  const { asked, stage } = context
  if ((asked === 'identity' || asked === 'listen') && affirmation && (best.intent === 'who' || (best.intent === 'repeat' && best.evidence !== flat)) && !isFiller(affirmation.evidence)) return affirmation
  if (asked === 'listen' && best.intent === 'who' && /事|干嘛|干什么/u.test(best.evidence)) return { ...best, intent: 'affirm' }
  if (asked === 'listen' && best.intent === 'deny') return { ...best, intent: 'refuse' }
  if (asked === 'understood' && best.intent === 'deny' && didNotCatch.test(best.evidence)) return { ...best, intent: 'repeat' }
  if ((asked === 'attend' || asked === 'yes-no') && best.intent === 'busy' && /没空|没时间|有事|不方便|外地|外面|上班/u.test(best.evidence) && !/打|联系|现在|这会|正|说|呢|开车/u.test(flat)) return { ...best, intent: 'deny' }
  if ((asked === 'yes-no' || asked === 'open') && best.intent === 'refuse' && /^(?:不用了?|不需要|不要了?|不必了|暂时不需要|没必要|已经有了|不买|不办)$/u.test(best.evidence)) return { ...best, intent: 'deny' }
  // The person says that he passes it on to others; a stranger saying so was a stranger before.
  if ((stage === 'confirm' || stage === 'deliver' || stage === 'ask') && best.intent === 'third-party' && /转达|转告/u.test(best.evidence)) return { ...best, intent: 'affirm' }
  // Somebody else who is away is no longer about who is on the phone.
  if ((stage === 'confirm' || stage === 'deliver' || stage === 'ask') && best.intent === 'third-party' && !/我|本人/u.test(best.evidence)) return { ...best, intent: 'other' }
  if ((stage === 'confirm' || stage === 'deliver') && best.intent === 'refuse' && affirmation && goesNow.test(best.evidence)) return affirmation
  return best
}

/** Meanings that stand back when the same turn asks something that the facts may answer. */
const softened: ReadonlySet<Intent> = new Set<Intent>(['affirm', 'wait', 'repeat', 'thanks', 'greeting'])

const englishOrder: readonly PhraseIntent[] = ['stop', 'voicemail', 'wrong-number', 'third-party', 'human', 'robot', 'abuse', 'who', 'repeat', 'refuse', 'busy', 'wait', 'deny', 'affirm', 'goodbye', 'thanks', 'greeting']

function matchEnglish(text: string): IntentMatch {
  const flat = ` ${text.toLowerCase().replace(/[’]/gu, "'").replace(/[^a-z0-9']+/gu, ' ').trim()} `
  const topics = englishTopicsAsked(flat)
  const holds = (phrase: string): boolean => flat.includes(` ${phrase} `)
  // A lone "what" is a plea to repeat; inside a sentence it is a question.
  const counts = (phrase: string): boolean => (phrase === 'what' ? flat.trim() === 'what' : /^(?:no|yes|ok|hi|right|fine)$/u.test(phrase) ? flat.startsWith(` ${phrase} `) : holds(phrase))
  const intent = englishOrder.find((one) => englishPhrases[one].some(counts))
  const evidence = intent === undefined ? text : englishPhrases[intent].find(counts)!
  const affirmed = englishPhrases.affirm.some(counts)
  const soft = intent === undefined || ['greeting', 'thanks', 'affirm', 'deny'].includes(intent)
  if (topics.length > 0 && soft) return { intent: 'question', evidence, by: 'english', topics, affirmed, language: 'en' }
  return { intent: intent ?? (/\?|^ (?:what|where|when|who|why|how|can|is|are|do|does) /u.test(`${flat}${text}`) ? 'question' : 'other'), evidence, by: 'english', topics, affirmed, language: 'en' }
}

/** Every Chinese phrase, for the recogniser to favour. */
export const recogniserPhrases: readonly string[] = [...new Set(allPhrases.filter(({ text, intent }) => intent !== 'abuse' && intent !== 'voicemail' && text.length >= 2).map(({ text }) => text))]
