// What a script does where it does not say otherwise: the lines for stop, silence, wrong numbers and the like. Data only.
import { type Reaction, type Script, scriptSchema } from './schema.ts'

const written = {
  stop: { say: '非常抱歉打扰您了，已经为您登记，不会再拨打。再见。', go: 'hang-up', outcome: 'stopped', doNotCall: true },
  voicemail: { say: '好的，稍后再联系机主，再见。', go: 'hang-up', outcome: 'machine' },
  'wrong-number': { say: '不好意思，打错电话了，打扰您了，再见。', go: 'hang-up', outcome: 'wrong-number', identity: 'no' },
  'third-party': { say: '这件事需要跟本人说，麻烦您转告有${org}的来电，我们会再联系。打扰您了，再见。', go: 'hang-up', outcome: 'third-party', identity: 'third-party' },
  human: { say: '好的，我会请${org}的工作人员跟您联系。再见。', go: 'hang-up', outcome: 'handover-requested' },
  robot: { say: '是的，我是AI语音助手，声音是人工智能合成的。', max: { times: 3, go: 'hang-up' } },
  who: { say: '我是${org}的AI语音助手。', max: { times: 3, go: 'hang-up' } },
  abuse: { say: '很抱歉给您带来不便，我是${org}的AI语音助手，您可以先核实。', max: { times: 1, go: 'hang-up' }, outcome: 'refused' },
  refuse: { say: '好的，打扰您了，再见。', go: 'hang-up', outcome: 'refused' },
  busy: { say: '好的，不耽误您，我们晚些时候再联系您。再见。', go: 'hang-up', outcome: 'busy-call-back' },
  repeat: { say: '好的，我再说一遍。', max: { times: 3, go: 'hang-up' } },
  wait: { say: '好的，您慢慢来，我等您。', go: 'wait', max: { times: 3, go: 'hang-up' } },
  question: { say: '这个我这边没有信息，建议您直接联系${org}。', max: { times: 4, go: 'hang-up' } },
  silence: { say: '喂，您好，能听到吗？', max: { times: 2, go: 'hang-up' } },
  unknown: { say: '不好意思，我没有听明白。', max: { times: 2, go: 'hang-up' } },
  limit: { say: '时间有点长了，先不打扰您，再见。', go: 'hang-up' },
  'before-identity': { say: '这件事需要跟本人说。' },
} as const

const defaults: Readonly<Record<string, Reaction>> = scriptSchema.shape.global.parse(written)

/** What is said when a reaction has been tried so often that it ends the call. */
export const farewells: Readonly<Record<string, string>> = {
  silence: '听不到您的声音，先不打扰了，再见。',
  abuse: '抱歉打扰您了，再见。',
}
export const farewell = '那我先不打扰您了，再见。'

/** The reaction of a script to what may happen anywhere; its own before ours. */
export function reactionOf(script: Pick<Script, 'global'>, to: string): Reaction | undefined {
  return script.global[to] ?? defaults[to]
}

export const defaultReactions: ReadonlySet<string> = new Set(Object.keys(defaults))

/** What is said to whoever asks for a human, where one can be called: E.164. */
export function handoverTo(number: string): Reaction {
  return { say: [{ parts: [{ text: '好的，我帮您转接人工，请稍等。' }], interruptible: false }], go: 'hang-up', outcome: 'handover-requested', doNotCall: false, transfer: number, tags: [] }
}
