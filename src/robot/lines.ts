// Knows every word the rules robot says by itself, in Chinese and English. Does not know when: conversation-policy.ts decides.
import { listOf, type Person } from './requirement-person.ts'
import type { Requirement } from './requirement.ts'

/** All lines of one language. Lines before the identity is known take no fact of the requirement, so none can slip in. */
export interface Lines {
  /** Who speaks, and the label that GB 45438—2025 asks for: AI or 人工智能, and 合成 or 生成. */
  disclosure(organisation: string | undefined): string
  /** `asks`: there is something to ask and nothing to tell. */
  askIdentity(person: Person | undefined, asks: boolean): string
  askIdentityAgain(person: Person | undefined, asks: boolean): string
  sayWho(organisation: string | undefined, person: Person | undefined, sensitive: boolean): string
  admitRobot(organisation: string | undefined): string
  askForPerson(person: Person | undefined): string
  leaveForPerson(person: Person | undefined): string
  askCallBack: string
  contentIsShort: string
  willCallBack: string
  endThirdParty: string
  wrongNumber: string
  refused: string
  stopped: string
  calm(organisation: string | undefined): string
  passOn(organisation: string | undefined): string
  /** A human is called while the callee waits. */
  handOver: string
  /** Nobody could be reached; what follows is `passOn`. */
  noHuman: string
  machine: string
  /** To a machine: who called, and nothing of what about or for whom. */
  leaveMessage(organisation: string | undefined): string
  hold: string
  checkLine: string
  silentBye: string
  unconfirmedBye: string
  limitBye: string
  lead(requirement: Requirement): string
  again: string
  toBeContinued: string
  askUnderstood: string
  askAttend: string
  askArrive: string
  askKeys(requirement: Requirement): string
  greetingDone: string
  askQuestion(question: string): string
  noted: string
  closeNoted: string
  noInformation(organisation: string | undefined): string
  /** Something was said back rightly, or not. */
  rightSo(words: string): string
  putRight(words: string): string
  onBehalf(organisation: string | undefined): string
  closeConfirmed(keyFact: string | undefined): string
  closeDeclined: string
  closeDelivered: string
  sentence(text: string): string
}

const caller = (organisation: string | undefined): string => organisation ?? '委托方'

const chinese: Lines = {
  disclosure: (organisation) =>
    organisation === undefined ? '您好，我是受委托来电的AI语音助手，本次通话为人工智能合成语音。' : `您好，我是${organisation}的AI语音助手，本次通话为人工智能合成语音。`,
  askIdentity: (person, asks) => (person ? `请问是${person.display}吗？` : asks ? '有件事想问您一下，现在方便吗？' : '有一个通知要告诉您，现在方便听一下吗？'),
  askIdentityAgain: (person, asks) => (person ? `请问您是${person.display}本人吗？` : asks ? '请问您现在方便吗，想问一件事。' : '请问您现在方便听一个通知吗？'),
  sayWho: (organisation, person, sensitive) =>
    `我是${organisation === undefined ? '受委托来电' : organisation}的AI语音助手，${person ? `${sensitive ? '有件事要联系' : '有事要告诉'}${person.display}本人。` : '有一个通知要告诉您。'}`,
  admitRobot: (organisation) => `是的，我是${organisation ?? '受委托来电'}的AI语音助手，声音是人工智能合成的。`,
  askForPerson: (person) => (person ? `不好意思。请问${person.display}方便接电话吗？` : '不好意思，请问什么时候联系比较方便？'),
  leaveForPerson: (person) => `这件事需要跟${person ? `${person.display}本人` : '本人'}说，麻烦请本人方便时回电。请问什么时候再打过来合适？`,
  askCallBack: '好的，不打扰您。请问什么时候再打给您方便？',
  contentIsShort: '内容很短，半分钟就说完。',
  willCallBack: '好的，我们到时候再联系您，再见。',
  endThirdParty: '好的，谢谢您，打扰了，再见。',
  wrongNumber: '抱歉，是我们打错了，打扰您了，再见。',
  refused: '好的，打扰您了，再见。',
  stopped: '非常抱歉，已为您登记，不会再拨打。再见。',
  calm: (organisation) => `抱歉给您添麻烦了。我是${organisation ?? '受委托来电'}的AI语音助手，您可以先核实再决定，我不会索要任何账户信息。`,
  passOn: (organisation) => `好的，我会把您的要求转达给${caller(organisation)}，请工作人员跟您联系。再见。`,
  handOver: '好的，我为您转人工。',
  noHuman: '不好意思，人工现在无法接听。',
  machine: '好的，稍后再联系机主，再见。',
  leaveMessage: (organisation) => `您好，我是${organisation ?? '受委托来电'}的AI语音助手，本次通话为人工智能合成语音。有一件事需要跟机主本人说，我们稍后再打，也请机主方便时回电。再见。`,
  hold: '好的，您慢慢来，我等您。',
  checkLine: '喂，您好，能听到吗？',
  silentBye: '听不到您的声音，先不打扰了，再见。',
  unconfirmedBye: '不好意思，没能确认您的身份，先不打扰了，再见。',
  limitBye: '时间有点长了，先不打扰您，再见。',
  lead({ kind, quoted, organisation, person }) {
    // Which of several answered is not known for sure, so nobody is called by the other's name.
    const whom = person?.oneOf ? listOf(person.oneOf, '、', '和') : '您'
    return kind === 'greet' ? '' : quoted ? `${caller(organisation)}让我转告${whom}：` : kind === 'remind' ? `提醒${whom}：` : kind === 'invite' ? `邀请${whom}` : `通知${whom}：`
  },
  again: '好的，我再说一遍。',
  toBeContinued: '到这里您听清楚了吗？',
  askUnderstood: '您听清楚了吗？',
  askAttend: '请问您能参加吗？',
  askArrive: '请问您能准时到吗？',
  askKeys: ({ keys }) => `${keys.map(({ key, meaning }) => `${meaning}请按${key}`).join('，')}。`,
  greetingDone: '这份祝福就带到了，打扰您了。',
  askQuestion: (question) => `想请问您：${question}？`,
  noted: '好的，记下了。',
  closeNoted: '好的，都记下了。感谢您的接听，再见。',
  noInformation: (organisation) => `这个我这边没有信息，建议您直接联系${caller(organisation)}。`,
  rightSo: (words) => `是的，${words}。`,
  putRight: (words) => `不是的，应该是：${words}。`,
  onBehalf: (organisation) => (organisation === undefined ? '我是受委托来电的AI语音助手，委托方没有留下更多信息。' : `我是${organisation}的AI语音助手。`),
  closeConfirmed: (keyFact) => `好的，${keyFact === undefined ? '' : `${keyFact}，请您记好。`}感谢您的接听，再见。`,
  closeDeclined: '好的，我会如实转达。感谢您的接听，再见。',
  closeDelivered: '好的，那就先不打扰您了，再见。',
  sentence: (text) => (/[。！？]$/u.test(text) ? text : `${text}。`),
}

const english: Lines = {
  disclosure: (organisation) => `Hello, this is an AI voice assistant calling ${organisation === undefined ? 'on behalf of a client' : `for ${organisation}`}. This call uses an AI-generated, synthetic voice.`,
  askIdentity: (person, asks) => (person ? `Am I speaking with ${person.display}?` : asks ? 'I have a short question for you. Is now a good time?' : 'I have a short message for you. Is now a good time?'),
  askIdentityAgain: (person, asks) => (person ? `May I ask, are you ${person.display}?` : asks ? 'May I ask you a short question now?' : 'May I give you a short message now?'),
  sayWho: (organisation, person) => `I am an AI voice assistant calling ${organisation === undefined ? 'on behalf of a client' : `for ${organisation}`}${person ? `, for ${person.display} in person.` : ', with a message for you.'}`,
  admitRobot: () => 'Yes, I am an AI voice assistant, and my voice is AI-generated.',
  askForPerson: (person) => (person ? `Sorry. Could ${person.display} come to the phone?` : 'Sorry. When would be a better time?'),
  leaveForPerson: (person) => `This is for ${person?.display ?? 'the person'} only. Please ask them to call back. When may we call again?`,
  askCallBack: 'I will not keep you. When would be a good time to call again?',
  contentIsShort: 'It takes only half a minute.',
  willCallBack: 'All right, we will call again then. Goodbye.',
  endThirdParty: 'Thank you, sorry to have bothered you. Goodbye.',
  wrongNumber: 'Sorry, we dialled the wrong number. Goodbye.',
  refused: 'All right, sorry to have bothered you. Goodbye.',
  stopped: 'I am very sorry. You are registered and we will not call again. Goodbye.',
  calm: () => 'I am sorry for the trouble. I am an AI voice assistant; you may check first, and I will never ask for account details.',
  passOn: () => 'All right, I will pass this on so that a person contacts you. Goodbye.',
  handOver: 'Of course, I will connect you with a person.',
  noHuman: 'I am sorry, nobody can take the call right now.',
  machine: 'All right, we will call again later. Goodbye.',
  leaveMessage: (organisation) => `Hello, this is an AI voice assistant calling ${organisation === undefined ? 'on behalf of a client' : `for ${organisation}`}, in an AI-generated voice. We have something to say to the owner of this number in person and will call again; please call back when it suits you. Goodbye.`,
  hold: 'Of course, take your time. I will wait.',
  checkLine: 'Hello, can you hear me?',
  silentBye: 'I cannot hear you. Goodbye.',
  unconfirmedBye: 'Sorry, I could not confirm who you are. Goodbye.',
  limitBye: 'I will not keep you any longer. Goodbye.',
  lead({ kind, person }) {
    const whom = person?.oneOf ? ` for ${listOf(person.oneOf, ', ', ' and ')}` : ''
    return kind === 'greet' ? '' : kind === 'remind' ? `A reminder${whom}: ` : `The message${whom} is: `
  },
  again: 'Sure, once more.',
  toBeContinued: 'Is that clear so far?',
  askUnderstood: 'Is that clear?',
  askAttend: 'Will you be able to come?',
  askArrive: 'Will you be able to be there on time?',
  askKeys: ({ keys }) => `${keys.map(({ key, meaning }) => `Press ${key} for ${meaning}`).join(', ')}.`,
  greetingDone: 'That is all I was asked to bring you.',
  askQuestion: (question) => `May I ask: ${question}?`,
  noted: 'All right, I noted that.',
  closeNoted: 'All right, I noted that. Thank you for your time. Goodbye.',
  noInformation: (organisation) => `I have no information about that. Please contact ${organisation ?? 'the client'} directly.`,
  rightSo: (words) => `Yes: ${words}.`,
  putRight: (words) => `No, it should be: ${words}.`,
  onBehalf: (organisation) => `I am an AI voice assistant calling ${organisation === undefined ? 'on behalf of a client' : `for ${organisation}`}.`,
  closeConfirmed: (keyFact) => `${keyFact === undefined ? 'All right. ' : `All right: ${keyFact}. `}Thank you for your time. Goodbye.`,
  closeDeclined: 'All right, I will pass that on. Thank you. Goodbye.',
  closeDelivered: 'All right, I will let you go. Goodbye.',
  sentence: (text) => `${text.charAt(0).toUpperCase()}${text.slice(1)}${/[.!?]$/u.test(text) ? '' : '.'}`,
}

export const lines: Readonly<Record<'zh' | 'en', Lines>> = { zh: chinese, en: english }

/** What may be said while nobody has confirmed to be the person, for the gate to compare with. */
export function linesBeforeIdentity(requirement: Pick<Requirement, 'organisation' | 'person' | 'sensitive'>): string[] {
  const { organisation, person, sensitive } = requirement
  return Object.values(lines).flatMap((l) => [
    l.disclosure(organisation), l.askIdentity(person, false), l.askIdentity(person, true), l.askIdentityAgain(person, false), l.askIdentityAgain(person, true), l.sayWho(organisation, person, sensitive), l.admitRobot(organisation), l.askForPerson(person), l.leaveForPerson(person),
    l.askCallBack, l.contentIsShort, l.willCallBack, l.endThirdParty, l.wrongNumber, l.refused, l.stopped, l.calm(organisation), l.passOn(organisation), l.handOver, l.noHuman, l.machine, l.leaveMessage(organisation), l.hold, l.checkLine, l.silentBye, l.unconfirmedBye, l.limitBye,
  ])
}
