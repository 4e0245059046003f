// A conversation in simulated time that a callback server leads, whom the test plays. Used by tests only.
import { createCallbackRobot } from '../robot/callback/callback-robot.ts'
import type { Exchanged } from '../robot/callback/exchange.ts'
import { callbackServerDefaults, type CallbackPlan } from '../robot/callback/plan.ts'
import { Conversation } from './testing.ts'

export type Sent = { type: string; content: Record<string, string>; atMs: number }
export type Answer = { afterMs: number; data: object | undefined }

export const texts = { t: '您好，这里是快递公司，您有一个包裹今天下午送到，请问您方便吗？' }
export const play = (text: string, more: object = {}): object => ({ action: 'play', action_code: '$t$', action_code_param: { t: text }, ...more })

/** `answer` undefined: the server is dead. */
export function led(answer: (sent: Sent) => Answer, more: Partial<CallbackPlan> = {}, sounds?: (url: string) => Promise<Int16Array>) {
  const sent: Sent[] = []
  const plan: CallbackPlan = {
    wireId: '130301340124^117079730123', server: { ...callbackServerDefaults, url: 'http://callback.test/' }, filePrefix: 'acc_1-', muteMs: 10_000, recorded: false, itn: false, voice: {}, callCentres: {},
    opening: { code: '$t$', texts, breakable: true, timeBreakMs: 0 },
    ...more,
  }
  const c: Conversation = new Conversation((event, signal) => robot.handle(event, signal), { ...(sounds && { fetchSound: sounds }), prepare: ({ robot: fake }) => void Object.assign(fake, { pauseMs: plan.pauseMs, wantsPartials: plan.partials }) })
  const robot = createCallbackRobot({
    plan,
    now: () => c.time.now(),
    phoneOf: () => undefined,
    exchange: {
      async ask(server, encoded, signal): Promise<Exchanged> {
        const fields = new URLSearchParams(encoded)
        const one = { type: fields.get('content_type')!, content: JSON.parse(fields.get('content')!) as Record<string, string>, atMs: c.ms }
        sent.push(one)
        const { afterMs, data } = answer(one)
        await new Promise((resolve) => {
          setTimeout(resolve, data === undefined ? server.timeoutMs : afterMs)
          signal.addEventListener('abort', resolve)
        })
        if (data === undefined || signal.aborted) return { ok: false, why: 'no whole answer' }
        return { ok: true, body: Buffer.from(JSON.stringify({ result: 'success', data })) }
      },
    },
  })
  return { c, sent, problems: () => c.of('noted').flatMap(({ note }) => (note.problem === undefined ? [] : [note.problem])) }
}

export const at = (afterMs: number, data: object | undefined): Answer => ({ afterMs, data })
