// Whole turns as people say them, labelled by hand. They were written apart from the phrase lists and keep the matcher honest.
import assert from 'node:assert/strict'
import { test } from 'node:test'
import { type Intent, type IntentContext, matchIntent } from './intents.ts'

type Labelled = readonly [text: string, intent: Intent, context?: IntentContext]

const zhang = { name: '张伟', title: '经理', display: '张伟经理' }
const atIdentity: IntentContext = { stage: 'identity', asked: 'identity', sinceAnswerMs: 9_000, person: zhang }
const atConfirm: IntentContext = { stage: 'confirm', asked: 'understood', sinceAnswerMs: 30_000, person: zhang }
const atAttend: IntentContext = { stage: 'confirm', asked: 'attend', sinceAnswerMs: 30_000, person: zhang }
const atListen: IntentContext = { stage: 'identity', asked: 'listen', sinceAnswerMs: 9_000 }
const atAsk: IntentContext = { stage: 'ask', asked: 'yes-no', sinceAnswerMs: 30_000, person: zhang }

const identity: readonly Labelled[] = [
  ['对，我就是，您哪位？', 'affirm'], ['嗯，是我，你说吧', 'affirm'], ['我是张伟', 'affirm'], ['对对对，我是', 'affirm'], ['是的是的', 'affirm'], ['哎，我就是张伟', 'affirm'], ['没错，什么事？', 'affirm'], ['我姓张', 'affirm'],
  ['是我是我', 'affirm'], ['我就是，怎么了', 'affirm'], ['嗯对', 'affirm'], ['是，请讲', 'affirm'], ['对我是', 'affirm'], ['我是章伟', 'affirm'], ['队', 'affirm'], ['我是他本人', 'affirm'], ['我就是本人啊', 'affirm'],
  ['不是', 'deny'], ['不是我', 'deny'], ['我不是', 'deny'], ['不是张伟', 'deny'], ['我是李明', 'deny'], ['我姓王', 'deny'], ['不对', 'deny'],
  ['你打错了', 'wrong-number'], ['打错电话了吧', 'wrong-number'], ['没有这个人', 'wrong-number'], ['这里没有叫张伟的，你打错啦', 'wrong-number'], ['不认识，打错了', 'wrong-number'], ['这是新号，我刚办的', 'wrong-number'],
  ['你找错人了', 'wrong-number'], ['我不姓张', 'wrong-number'], ['我不认识什么张伟，你搞错了', 'wrong-number'], ['号码打错了吧你', 'wrong-number'], ['哎呀打错了打错了', 'wrong-number'], ['你是不是打错了', 'wrong-number'],
  ['他不在，你晚点再打', 'third-party'], ['我是他老婆，他在洗澡', 'third-party'], ['我是她妈妈', 'third-party'], ['他出去了', 'third-party'], ['张伟不在', 'third-party'], ['张伟经理出差了', 'third-party'], ['我是他同事，他手机落这了', 'third-party'],
  ['我不是本人，我是他秘书', 'third-party'], ['他刚出门了', 'third-party'], ['我爸爸不在家', 'third-party'], ['这是我爸的手机，我帮他接的', 'third-party'], ['她现在在忙，我可以转告', 'third-party'], ['我替他接一下', 'third-party'],
  ['你是哪位', 'who'], ['请问你哪里的？', 'who'], ['你们是什么公司的', 'who'], ['谁啊这是', 'who'], ['你怎么有我电话的', 'who'], ['找他有什么事', 'who'], ['你是干什么的呀', 'who'], ['您是？您哪位', 'who'],
  ['你是不是机器人啊', 'robot'], ['这是机器人打的吧', 'robot'], ['你是真人还是机器人', 'robot'], ['听着像机器人', 'robot'], ['你是人吗', 'robot'], ['不会是AI打的吧', 'robot'], ['又是机器人', 'robot'], ['你是智能语音吗', 'robot'],
  ['喂？', 'repeat'], ['喂喂喂，听得到吗', 'repeat'], ['什么？没听清', 'repeat'], ['啊？你说什么', 'repeat'], ['你大声点，我听不见', 'repeat'], ['信号不太好，再说一遍', 'repeat'], ['不好意思没听清楚', 'repeat'],
  ['我在开会，回头再说', 'busy'], ['对不起我在开会', 'busy'], ['现在不方便', 'busy'], ['我在开车呢', 'busy'], ['晚上八点再打给我', 'busy'], ['等会儿再打', 'busy'], ['正忙着呢，明天打过来', 'busy'], ['上课呢，晚点再打', 'busy'],
  ['不需要，谢谢', 'refuse'], ['不感兴趣', 'refuse'], ['没兴趣啊别说了', 'refuse'], ['不用不用', 'refuse'], ['我不买', 'refuse'], ['不想听，挂了', 'refuse'], ['又是推销吧，不需要', 'refuse'],
  ['别再打了', 'stop'], ['以后别给我打电话了', 'stop'], ['你们天天打，烦死了', 'stop'], ['再打我就投诉你', 'stop'], ['我要投诉你们', 'stop'], ['不要再骚扰我了', 'stop'], ['把我号码删掉', 'stop'], ['怎么又打来了', 'stop'], ['好了好了别打了', 'stop'],
  ['你们不要再给我打电话了好不好', 'stop'], ['我要头诉', 'stop'], ['这是骚扰电话吧', 'stop'],
  ['等一下', 'wait'], ['你等等啊', 'wait'], ['稍等，我叫他', 'wait'], ['等会儿', 'wait'], ['先别挂', 'wait'], ['我去叫他来接', 'wait'],
  ['转人工', 'human'], ['我要找人工客服', 'human'], ['叫你们经理来', 'human'], ['能不能换个真人跟我说', 'human'], ['我不想跟机器人说', 'human'], ['让你们领导给我打', 'human'],
  ['神经病', 'abuse'], ['滚，骗子', 'abuse'], ['你有病吧', 'abuse'], ['诈骗电话吧', 'abuse'], ['他妈的', 'abuse'],
  ['你好', 'greeting'], ['喂，你好', 'greeting'], ['您好您好', 'greeting'],
  ['今天天气不错', 'other'], ['嗯嗯啊啊这个那个', 'other'],
]

const confirm: readonly Labelled[] = [
  ['好的，知道了', 'affirm'], ['收到', 'affirm'], ['行行行，我记住了', 'affirm'], ['明白了，谢谢', 'affirm'], ['嗯好', 'affirm'], ['好嘞', 'affirm'], ['听清楚了', 'affirm'], ['好的好的，再见', 'affirm'], ['知道啦', 'affirm'], ['可以，没问题', 'affirm'],
  ['好，我会准时到的', 'affirm'], ['OK', 'affirm'], ['没问题', 'affirm'], ['好，那就这样吧', 'affirm'], ['知道了，我挂了', 'affirm'], ['我会转达的', 'affirm'], ['嗯，我记下了', 'affirm'], ['好的我会参加', 'affirm'],
  ['没有，没听清', 'repeat'], ['没有', 'repeat'], ['再说一遍吧', 'repeat'], ['不清楚', 'repeat'], ['慢点说，太快了', 'repeat'], ['你再说一下', 'repeat'], ['麻烦再重复一遍', 'repeat'], ['听不请', 'repeat'], ['没记住', 'repeat'],
  ['这个时间不对', 'deny'], ['我不同意', 'deny'], ['没这回事', 'deny'],
  ['在什么地方来着', 'question'], ['要不要带身份证', 'question'], ['停车方便吗', 'question'], ['多少钱啊', 'question'], ['地址发我一下行吗', 'question'], ['可以改时间吗', 'question'], ['能带家属吗', 'question'], ['几号会议室来着', 'question'], ['什么时候结束', 'question'],
  ['谁让你打的', 'who'], ['你哪个单位的', 'who'], ['哪来的我电话', 'who'],
  ['等一下我拿个笔', 'wait'], ['我记一下', 'wait'], ['等等，我找支笔', 'wait'], ['我查一下日程', 'wait'],
  ['再见', 'goodbye'], ['拜拜', 'goodbye'], ['那先这样，拜拜', 'goodbye'], ['谢谢', 'thanks'], ['谢谢你啊', 'thanks'],
  ['别再给我打了，烦死了', 'stop'], ['投速', 'stop'], ['我要投速你们', 'stop'], ['你是真人吗', 'robot'], ['让工作人员打给我', 'human'], ['大错了', 'wrong-number'],
  ['我人不在公司', 'other'], ['我没打错', 'other'], ['李总他不在，去不了', 'other'], ['我不是本人，我是他同事', 'third-party'],
]

const attend: readonly Labelled[] = [
  ['能来', 'affirm'], ['可以的，准时到', 'affirm'], ['我肯定去', 'affirm'], ['能参加', 'affirm'], ['没问题我会去的', 'affirm'], ['应该可以', 'affirm'],
  ['去不了', 'deny'], ['可能去不了', 'deny'], ['我来不了', 'deny'], ['没空', 'deny'], ['没时间', 'deny'], ['不行，我有事', 'deny'], ['恐怕不行', 'deny'], ['我不参加', 'deny'], ['赶不过来啊', 'deny'], ['参加不了，我在外地', 'deny'],
  ['我现在在开会，晚点再打', 'busy'], ['几点？', 'question'], ['在哪里', 'question'],
]

const listen: readonly Labelled[] = [
  ['什么事？', 'affirm'], ['你说', 'affirm'], ['有什么事吗', 'affirm'], ['方便，你讲', 'affirm'], ['可以', 'affirm'], ['不听', 'refuse'], ['不方便', 'busy'], ['没空', 'busy'], ['不', 'refuse'], ['你哪位', 'who'],
]

const ask: readonly Labelled[] = [['没空', 'deny'], ['不用了', 'deny'], ['能', 'affirm'], ['可以啊', 'affirm'], ['不能', 'deny'], ['别打了', 'stop'], ['还不知道，要看情况', 'deny'], ['周三可以', 'other']]

const english: readonly Labelled[] = [
  ['Yes, speaking.', 'affirm'], ['Who is this?', 'who'], ['Sorry, wrong number.', 'wrong-number'], ['Are you a robot?', 'robot'], ['Please stop calling me', 'stop'], ["I'm in a meeting, call me later", 'busy'], ['Could you say that again?', 'repeat'], ['Not interested', 'refuse'],
  ['Can I talk to a human', 'human'], ['hold on a second', 'wait'], ["he's not here right now", 'third-party'], ['where is it?', 'question'], ['hello?', 'greeting'], ['What time is it again', 'question'], ['please leave a message after the tone', 'voicemail'], ["I can't make it", 'deny'],
]

for (const [name, set, base] of [
  ['to the identity question', identity, atIdentity],
  ['after the facts', confirm, atConfirm],
  ['to "can you come"', attend, atAttend],
  ['to an offer of a notice', listen, atListen],
  ['to a question of the requirement', ask, atAsk],
  ['in English', english, {}],
] as const) {
  void test(`understands what people say ${name}`, () => {
    const wrong = set.flatMap(([text, intent, context]) => {
      const match = matchIntent(text, context ?? base)
      return match.intent === intent ? [] : [`${text}: ${match.intent} (${match.by} ${match.evidence}), not ${intent}`]
    })
    assert.deepEqual(wrong, [])
  })
}

void test('holds at least 150 turns of its own', () => {
  assert.ok(identity.length + confirm.length + attend.length + listen.length + ask.length + english.length >= 150)
})
