import assert from 'node:assert/strict'
import { test, type TestContext } from 'node:test'
import type { RobotAction, RobotEvent } from '../robot.ts'
import { createCallbackRobot } from './callback-robot.ts'
import { CallbackExchange } from './exchange.ts'
import { callbackServerDefaults, type CallbackServer } from './plan.ts'
import { answerWith, ServerRig, wireId, type Answers } from './server-rig.ts'
import { answered, deeds, failed, plan, play, played, startMs, Talk, words } from './talk-rig.ts'

test('the opening plays by itself, and nobody is asked', async () => {
  const talk = new Talk()
  const actions = await talk.hear(answered)
  assert.deepEqual(deeds(actions), ['set-mute-time', 'say acc_1-hello.wav+张总您好'])
  assert.deepEqual(actions.find(({ type }) => type === 'set-mute-time'), { type: 'set-mute-time', muteMs: 10_000 })
  assert.deepEqual(talk.sent, [])
})

test('a call whose opening was heard to its end, or that the server ended, came to what it was for', async () => {
  const outcomes = (actions: RobotAction[]) => actions.flatMap((action) => (action.type === 'note' && action.note.outcome !== undefined ? [action.note.outcome] : []))
  const talk = new Talk([{ action: 'hangup' }])
  await talk.hear(answered)
  assert.deepEqual(outcomes(await talk.hear(played(1))), ['delivered'])
  const other = new Talk([play('好的'), { action: 'hangup' }])
  await other.hear(answered)
  assert.deepEqual(outcomes(await other.hear(words('喂'))), [])
  assert.deepEqual(outcomes(await other.hear(played(1, { cut: true }))), [])
  assert.deepEqual(outcomes(await other.hear(words('好'))), ['delivered'])
})

test('a sentence is told with its times and with what plays, and the answer is played', async () => {
  const talk = new Talk([play('好的')])
  await talk.hear(answered)
  const actions = await talk.hear(words('喂你好', { beginAtMs: startMs + 1_200, endAtMs: startMs + 2_000 }))
  assert.deepEqual(deeds(actions), ['stop', 'say 好的'])
  const [sent] = talk.sent
  assert.deepEqual([sent!.content_type, sent!.call_id], ['normal', wireId])
  const { content } = sent!
  assert.deepEqual([content['words'], content['begin_offset'], content['end_offset'], content['begin_time'], content['is_playing'], content['current_media_code'], content['dynamic_id']], ['喂你好', '1200', '2000', '1659885709', 'true', 'hello.wav,$name$', 'v0'])
})

test('words before the opening are told, too', async () => {
  const talk = new Talk([{ action: 'continue' }])
  assert.deepEqual(deeds(await talk.hear({ ...answered, firstWords: '喂，哪位' })), ['set-mute-time', 'say acc_1-hello.wav+张总您好'])
  assert.equal(talk.sent[0]!.content['words'], '喂，哪位')
})

test('words of the network are told where that is wanted, before anything else, and their answer plays nothing', async () => {
  const early = { text: '您拨打的电话正在通话中', beginAtMs: startMs - 8_000, endAtMs: startMs - 4_000 }
  const deaf = new Talk()
  deaf.robot.hearEarly!(early)
  assert.deepEqual(deaf.sent, [])
  const talk = new Talk([], { earlyMedia: true })
  talk.robot.hearEarly!(early)
  await talk.hear(answered)
  const heard = talk.hear(words('你好'))
  await new Promise(setImmediate)
  assert.deepEqual(talk.sent.map(({ content_type, content }) => [content_type, content['current_media_code'], content['words'], content['end_offset']]), [['normal', 'early_media', '您拨打的电话正在通话中', '4000']])
  talk.answer(play('甲', { dynamic_id: 'v1' }))
  await new Promise(setImmediate)
  talk.answer(play('乙'))
  assert.deepEqual(deeds(await heard), ['stop', 'say 乙'])
  assert.equal(talk.openMax, 1)
})

test('a server that fails over the words of the network is told of in the log', async () => {
  const talk = new Talk([failed], { earlyMedia: true })
  talk.robot.hearEarly!({ text: '彩铃', beginAtMs: 0, endAtMs: 1_000 })
  await new Promise(setImmediate)
  assert.ok(deeds(await talk.hear(answered)).includes('problem HTTP 500'))
})

test('the four rules of interruption, as the callee hears them', async () => {
  const cases = [
    [{ breakable: true, timeBreakMs: 0 }, play('甲'), ['stop', 'say 甲'], { interruptible: false, timeBreakMs: undefined }],
    [{ breakable: true, timeBreakMs: 300 }, play('甲', { action_break: false }), ['say 甲'], { interruptible: true, timeBreakMs: 300 }],
    [{ breakable: false, timeBreakMs: 0 }, play('甲', { action_break: true }), ['say 甲'], { interruptible: false, timeBreakMs: undefined }],
    [{ breakable: false, timeBreakMs: 300 }, { action: 'break' }, [], { interruptible: false, timeBreakMs: undefined }],
  ] as const
  for (const [opening, answer, done, rules] of cases) {
    const talk = new Talk([answer], { opening: { ...plan.opening, ...opening } })
    const [, , first] = await talk.hear(answered)
    assert.ok(first?.type === 'say')
    assert.deepEqual({ interruptible: first.interruptible, timeBreakMs: first.timeBreakMs }, rules)
    assert.deepEqual(deeds(await talk.hear(words('等一下'))), done)
  }
})

test('a voice that lasted is told as timebreak, with what it stopped; the sentence follows with nothing playing', async () => {
  const talk = new Talk([{ action: 'donothing' }, play('您说')], { opening: { ...plan.opening, timeBreakMs: 300 } })
  await talk.hear(answered)
  talk.nowMs += 2_000
  assert.deepEqual(deeds(await talk.hear({ type: 'time-break', text: '等' })), [])
  await talk.hear(played(1, { cut: true }))
  assert.deepEqual(deeds(await talk.hear(words('等一下'))), ['say 您说'])
  assert.deepEqual(talk.sent.map(({ content_type, content }) => [content_type, content['is_playing'], content['current_media_code'], content['asr_begin_time']]), [
    ['timebreak', undefined, 'hello.wav,$name$', String(startMs + 1_700)],
    ['normal', 'false', undefined, String(startMs + 6_000)],
  ])
})

test('silence is told as mute, and an answer may change the mute time and the dynamic id of what follows', async () => {
  const talk = await new Talk([play('您还在吗？', { mute_time: '3000', dynamic_id: 'v1' }), { action: 'hangup' }]).opened()
  assert.deepEqual(deeds(await talk.hear({ type: 'silence', count: 1 })), ['set-mute-time', 'say 您还在吗？'])
  assert.deepEqual(deeds(await talk.hear({ type: 'silence', count: 2 })), ['stop', 'hang-up'])
  assert.deepEqual(talk.sent.map(({ content_type, content }) => [content_type, content]), [['mute', { dynamic_id: 'v0' }], ['mute', { dynamic_id: 'v1' }]])
})

test('keys are collected when they are asked for, and told once', async () => {
  const talk = await new Talk([{ action: 'dtmf', action_code: 'menu', dtmf_nonin_overtime: 5, dtmf_max_numbers: 4, dtmf_end_character: '#' }, { action: 'dtmf' }, { action: 'continue' }]).opened()
  assert.deepEqual(await talk.hear({ type: 'digits', digits: '7', ended: 'pressed' }), [])
  const actions = await talk.hear(words('查余额'))
  assert.deepEqual(deeds(actions), ['say acc_1-menu', 'collect-digits'])
  assert.deepEqual(actions.at(-1), { type: 'collect-digits', timeOutMs: 5_000, digitsMax: 4, endKey: '#' })
  await talk.hear({ type: 'digits', digits: '1234', ended: 'key' })
  await talk.hear({ type: 'digits', digits: '', ended: 'time-out' })
  await talk.hear({ type: 'digits', digits: '9', ended: 'pressed' })
  assert.deepEqual(talk.sent.slice(1).map(({ content }) => content['dtmf_digits']), ['1234', 'noInputTimeout'])
})

test('hanging up waits for what is to be heard first, and nothing is asked afterwards', async () => {
  const talk = await new Talk([{ ...play('再见'), action: 'hangup' }]).opened()
  assert.deepEqual(deeds(await talk.hear(words('不用了'))), ['say 再见', 'hang-up'])
  assert.deepEqual(await talk.hear(words('喂')), [])
  assert.deepEqual(await talk.hear({ type: 'silence', count: 1 }), [])
  assert.equal(talk.sent.length, 1)
})

test('a transfer goes to the number; one that cannot be called, or that failed, ends politely', async () => {
  const talk = await new Talk([{ action: 'transfer', number: '13800138000' }]).opened()
  assert.deepEqual((await talk.hear(words('转人工'))).at(-1), { type: 'transfer', to: '+8613800138000' })
  assert.deepEqual(deeds(await talk.hear({ type: 'transfer', state: 'failed', reason: 'busy' })), [`say ${callbackServerDefaults.closing}`, 'hang-up'])
  const other = await new Talk([{ action: 'transfer', number: '110' }]).opened()
  assert.deepEqual(deeds(await other.hear(words('转人工'))), ['problem transfer to 110, which is no number that may be called', `say ${callbackServerDefaults.closing}`, 'hang-up'])
})

test('a parallel transfer calls aside, tells how it went, and joins when asked', async () => {
  const talk = await new Talk([{ ...play('正在为您转接'), action: 'parallel_transfer', cc_name: 'sales' }, { action: 'parallel_bridge' }]).opened()
  const actions = await talk.hear(words('转人工'))
  assert.deepEqual(deeds(actions), ['say 正在为您转接', 'parallel-transfer'])
  assert.deepEqual(actions.at(-1), { type: 'parallel-transfer', to: '+8657112345678', join: 'when-asked' })
  assert.deepEqual(deeds(await talk.hear({ type: 'transfer', state: 'answered' })), ['bridge'])
  assert.deepEqual(talk.sent[1]!.content, { dynamic_id: 'v0', transfer_status: 'success', is_monitor: 'false', cc_name: 'sales' })
  await talk.hear({ type: 'transfer', state: 'joined' })
  assert.deepEqual(await talk.hear(words('你好')), [])
})

test('a parallel transfer plays its file to the human who was called, by name or address; what is none is told', async () => {
  const parallel = { action: 'parallel_transfer', cc_name: 'sales' }
  for (const [file, briefing] of [
    ['hello.wav', [{ type: 'file', code: 'acc_1-hello.wav' }]],
    ['https://files.test/a.wav,b', [{ type: 'url', url: 'https://files.test/a.wav' }, { type: 'file', code: 'acc_1-b' }]],
  ] as const) {
    const talk = await new Talk([{ ...parallel, transfer_playfile: file }]).opened()
    assert.deepEqual((await talk.hear(words('转人工'))).at(-1), { type: 'parallel-transfer', to: '+8657112345678', join: 'when-asked', briefing })
  }
  const odd = await new Talk([{ ...parallel, transfer_playfile: '../a' }]).opened()
  assert.deepEqual(deeds(await odd.hear(words('转人工'))), ['problem transfer_playfile: ../a is no file', 'parallel-transfer'])
})

test('a parallel transfer that fails is told; one to nobody is told at once, and not for ever', async () => {
  const talk = await new Talk([{ action: 'parallel_transfer', number: '13800138000' }, play('人工忙')]).opened()
  await talk.hear(words('转人工'))
  assert.deepEqual(deeds(await talk.hear({ type: 'transfer', state: 'failed', reason: 'busy' })), ['say 人工忙'])
  assert.deepEqual([talk.sent[1]!.content['transfer_status'], talk.sent[1]!.content['fail_cause']], ['fail', 'transfer fail. busy'])
  const stubborn = await new Talk(Array.from({ length: 9 }, () => ({ action: 'parallel_transfer', cc_name: 'nobody' }))).opened()
  await stubborn.hear(words('转人工'))
  assert.deepEqual(stubborn.sent.map(({ content_type }) => content_type), ['normal', 'parallel_transfer', 'parallel_transfer', 'parallel_transfer'])
})

test('a human who only listens is not joined', async () => {
  const talk = await new Talk([{ action: 'parallel_transfer', cc_name: 'sales', is_monitor: 'true' }, { action: 'parallel_bridge' }]).opened()
  await talk.hear(words('转人工'))
  assert.deepEqual(deeds(await talk.hear({ type: 'transfer', state: 'answered' })), ['problem parallel_bridge of a transfer with is_monitor'])
})

test('one request is in flight, and turns are asked in their order although the callee does not wait for the answers', async () => {
  const talk = await new Talk().opened()
  const first = new AbortController()
  const heard = talk.hear(words('第一'), first.signal)
  await new Promise(setImmediate)
  first.abort()
  assert.deepEqual(await heard, [])
  const second = talk.hear(words('第二'))
  await new Promise(setImmediate)
  assert.deepEqual(talk.sent.map(({ content }) => content['words']), ['第一'])
  talk.answer(play('甲', { dynamic_id: 'v1' }))
  await new Promise(setImmediate)
  // Told with the dynamic id that it was put together with: before the first answer.
  assert.deepEqual(talk.sent.map(({ content }) => content['words']), ['第一', '第二'])
  talk.answer(play('乙'))
  assert.deepEqual(deeds(await second), ['say 甲', 'stop', 'say 乙'])
  assert.equal(talk.openMax, 1)
})

test('what an answer asks for is not lost when the callee speaks in the middle of it', async () => {
  const talk = await new Talk([{ ...play('再见'), action: 'hangup' }]).opened()
  const call = new AbortController()
  const taken: string[] = []
  for await (const action of talk.robot.handle(words('不用了'), call.signal)) {
    if (action.type === 'note') continue
    // The line drops what comes after the callee began to speak, and comes back with their words.
    if (call.signal.aborted) break
    taken.push(action.type)
    call.abort()
  }
  assert.deepEqual(taken, ['say'])
  assert.deepEqual(deeds(await talk.hear(words('喂'))), ['hang-up'])
})

test('a slow server: the callee hears that they are waited on in time, then the answer', async (t: TestContext) => {
  t.mock.timers.enable({ apis: ['setTimeout'] })
  const talk = await new Talk().opened()
  const actions: RobotAction[] = []
  const heard = (async () => {
    for await (const action of talk.robot.handle(words('你好', { silentMs: 600 }), new AbortController().signal)) actions.push(action)
  })()
  await new Promise(setImmediate)
  t.mock.timers.tick(1_299)
  await new Promise(setImmediate)
  assert.deepEqual(deeds(actions), [])
  // 0.6 s were over when the words were handed over: 1.9 s of silence, and something is heard before 2.5 s.
  t.mock.timers.tick(1)
  await new Promise(setImmediate)
  assert.deepEqual(deeds(actions), [`say ${callbackServerDefaults.waiting}`])
  t.mock.timers.tick(2_000)
  talk.answer(play('好的'))
  await heard
  assert.deepEqual(deeds(actions), [`say ${callbackServerDefaults.waiting}`, 'say 好的'])
})

test('a server that fails: the callee is asked to say it again, and after three times it ends politely', async () => {
  const talk = await new Talk([failed, failed, failed]).opened()
  assert.deepEqual(deeds(await talk.hear(words('一'))), ['problem HTTP 500', `say ${callbackServerDefaults.fallback}`])
  await talk.hear(played(2))
  assert.deepEqual(deeds(await talk.hear(words('二'))), ['problem HTTP 500', `say ${callbackServerDefaults.fallback}`])
  await talk.hear(played(3))
  assert.deepEqual(deeds(await talk.hear(words('三'))), ['problem HTTP 500', `say ${callbackServerDefaults.closing}`, 'hang-up'])
})

test('one good answer makes up for the failures before it', async () => {
  const talk = await new Talk([failed, failed, play('好'), failed, failed]).opened()
  for (const text of ['一', '二', '三', '四', '五']) {
    const done = deeds(await talk.hear(words(text)))
    assert.ok(!done.includes('hang-up'), text)
  }
})

test('while something plays nothing is said over it about a failure, but as soon as it is over', async () => {
  const talk = new Talk([failed])
  await talk.hear(answered)
  assert.deepEqual(deeds(await talk.hear(words('嗯'))), ['problem HTTP 500'])
  assert.deepEqual(deeds(await talk.hear(played(1))), [`say ${callbackServerDefaults.fallback}`])
  assert.deepEqual(deeds(await talk.hear(played(2))), [])
})

test('what was said since then answers a failure, too', async () => {
  const talk = new Talk([failed, { action: 'continue' }])
  await talk.hear(answered)
  await talk.hear(words('嗯'))
  await talk.hear(words('好'))
  assert.deepEqual(deeds(await talk.hear(played(1))), [])
})

test('a recording that gave no sound is no silence', async () => {
  const talk = await new Talk([{ action: 'play', action_code: 'https://files.test/gone.wav' }]).opened()
  await talk.hear(words('你好'))
  assert.deepEqual(deeds(await talk.hear(played(2, { heardText: '' }))), ['problem nothing could be played of https://files.test/gone.wav', `say ${callbackServerDefaults.fallback}`])
})

test('an opening of which nothing can be played ends politely', async () => {
  const talk = new Talk([], { opening: { ...plan.opening, code: '$none$' } })
  assert.deepEqual(deeds(await talk.hear(answered)), ['set-mute-time', 'problem the opening: $none$ has no text', `say ${callbackServerDefaults.closing}`, 'hang-up'])
})

test('a machine is left where that is wanted, and asked about nothing', async () => {
  const talk = new Talk()
  await talk.hear(answered)
  assert.deepEqual(deeds(await talk.hear({ type: 'answered-by', who: 'voicemail', policy: 'hang-up' })), ['stop', 'hang-up'])
  assert.deepEqual(await talk.hear(words('请留言')), [])
  const other = new Talk([{ action: 'continue' }])
  await other.hear(answered)
  await other.hear({ type: 'answered-by', who: 'assistant', policy: 'go-on' })
  await other.hear(words('我是助理'))
  assert.equal(other.sent.length, 1)
})

test('sounds without words are no sentence', async () => {
  const talk = await new Talk().opened()
  assert.deepEqual(await talk.hear(words(' ')), [])
  assert.deepEqual(talk.sent, [])
})

test('words that the recogniser lost are told as silence: the conversation goes on', async () => {
  const talk = await new Talk([{ action: 'continue' }]).opened()
  await talk.hear(words('', { isLost: true, confidence: 0 }))
  assert.equal(talk.sent[0]?.content_type, 'mute')
})

test('numbers are told in digits where that is wanted', async () => {
  for (const [itn, told] of [[true, '9点'], [false, '九点']] as const) {
    const talk = await new Talk([{ action: 'continue' }], { itn }).opened()
    await talk.hear(words('九点', { written: '9点' }))
    assert.equal(talk.sent[0]!.content['words'], told)
  }
})

test('whatever a server does, the callee hears something within 2.5 s, and the log tells why', async (t: TestContext) => {
  const envelope = (data: object, more: object = {}) => JSON.stringify({ result: 'success', ...more, data: { call_id: wireId, ...data } })
  const table: [name: string, answers: Answers, why: RegExp, patience?: true][] = [
    ['never answers', () => undefined, /no whole answer within/, true],
    ['trickles', (_, response) => response.writeHead(200, { 'content-length': 1_000 }).write('{'), /no whole answer within/, true],
    ['500', (_, response) => response.writeHead(500).end(), /HTTP 500/],
    ['404', (_, response) => response.writeHead(404).end('<html>'), /HTTP 404/],
    ['reset', (_, _response, request) => request.socket.resetAndDestroy(), /ECONNRESET|hang up/],
    ['closes', (_, _response, request) => request.socket.destroy(), /hang up/],
    ['breaks off', (_, response, request) => response.writeHead(200, { 'content-length': 100 }).write('{', () => request.socket.end()), /broke off/],
    ['redirects', (_, response) => response.writeHead(302, { location: '/other' }).end(), /redirects are not followed/],
    ['no HTTP', (_, _response, request) => request.socket.end('SSH-2.0\r\n'), /Parse Error/],
    ['empty', (_, response) => response.end(), /not a JSON object/],
    ['HTML', (_, response) => response.end('<html></html>'), /not a JSON object/],
    ['half JSON', (_, response) => response.end('{"result":"success","data":{'), /not a JSON object/],
    ['an array', (_, response) => response.end('[1]'), /not a JSON object/],
    ['invalid UTF-8', (_, response) => response.end(Buffer.from('{"data":{"action":"play","x":"\xff"}}', 'latin1')), /not UTF-8/],
    ['GBK', (_, response) => response.end(Buffer.from('{"msg":"\xb3\xc9\xb9\xa6"}', 'latin1')), /not UTF-8/],
    ['result=fail', (_, response) => response.end('{"result":"fail","msg":"no flow","data":{}}'), /result=fail: no flow/],
    ['no data', (_, response) => response.end('{"result":"success"}'), /no data/],
    ['no action', (_, response) => response.end(envelope({})), /no action/],
    ['another call', (_, response) => response.end(envelope({ call_id: '1^2', action: 'hangup' })), /another call/],
    ['a huge body', (_, response) => response.end(envelope({ action: 'play', action_code: 'x'.repeat(100_000) })), /longer than 65536 bytes/],
    ['plays nothing', (_, response) => response.end(envelope({ action: 'play' })), /play without anything/],
    ['plays what is no file', (_, response) => response.end(envelope({ action: 'play', action_code: '../etc/passwd' })), /is no file/],
  ]
  for (const [name, answers, why, patience] of table) {
    t.mock.timers.enable({ apis: ['setTimeout'] })
    await using rig = await ServerRig.open(answers)
    using exchange = new CallbackExchange({ privateAllowed: true })
    const robot = createCallbackRobot({ plan: { ...plan, server: rig.server() satisfies CallbackServer }, exchange, now: () => startMs, phoneOf: () => undefined })
    const actions: RobotAction[] = []
    const hear = async (event: RobotEvent) => {
      for await (const action of robot.handle(event, new AbortController().signal)) actions.push(action)
    }
    await hear(answered)
    await hear(played(1))
    actions.length = 0
    const heard = hear(words('你好'))
    await rig.got(1)
    if (patience) {
      // Since the callee's last sound: 0.6 s before the words were handed over, and 1.8 s to the voice.
      t.mock.timers.tick(1_800)
      await new Promise(setImmediate)
      assert.deepEqual(deeds(actions), [`say ${callbackServerDefaults.waiting}`], name)
      t.mock.timers.tick(5_000)
    }
    await heard
    const done = deeds(actions)
    assert.match(done.filter((deed) => deed.startsWith('problem')).join(), why, name)
    assert.equal(done.at(-1), `say ${callbackServerDefaults.fallback}`, name)
    assert.equal(rig.asked.length, 1, name)
    t.mock.timers.reset()
  }
})

test('an unknown action goes on, and is told', async () => {
  const talk = await new Talk([{ action: 'broadcast' }]).opened()
  assert.deepEqual(deeds(await talk.hear(words('你好'))), ['problem unknown action broadcast'])
})

test('a whole call over HTTP: one request at a time on one connection', async () => {
  await using rig = await ServerRig.open((asked, response, request) => answerWith(play(`听到${asked.content['words'] ?? ''}`))(asked, response, request))
  using exchange = new CallbackExchange({ privateAllowed: true })
  const robot = createCallbackRobot({ plan: { ...plan, server: rig.server() }, exchange, now: () => startMs, phoneOf: () => undefined })
  const said: string[] = []
  for (const event of [answered, played(1), words('甲'), played(2), words('乙'), played(3), { type: 'silence', count: 1 } as const]) {
    for await (const action of robot.handle(event, new AbortController().signal)) said.push(...deeds([action]))
  }
  assert.deepEqual(said.filter((deed) => deed.startsWith('say')), ['say acc_1-hello.wav+张总您好', 'say 听到甲', 'say 听到乙', 'say 听到'])
  assert.equal(rig.openMax, 1)
  assert.equal(new Set(rig.asked.map(({ socket }) => socket)).size, 1)
})
