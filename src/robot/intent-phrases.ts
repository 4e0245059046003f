// Knows what people say on the phone, by what they mean by it. Data only: intents.ts decides.

/** What a turn of the callee can mean in any conversation. */
export const phraseIntents = [
  'affirm', 'deny', 'busy', 'refuse', 'wrong-number', 'third-party', 'who', 'robot', 'repeat', 'stop', 'human', 'wait', 'voicemail', 'abuse', 'greeting', 'goodbye', 'thanks',
] as const
export type PhraseIntent = (typeof phraseIntents)[number]

const list = (phrases: string): readonly string[] => phrases.split('|')

/** Chinese phrases, normalised: no blanks, no punctuation, lower case. */
export const phrases: Readonly<Record<PhraseIntent, readonly string[]>> = {
  /** 肯定 */
  affirm: list(
    '对|是|嗯|好|行|成|可以|没错|是的|对的|好的|行的|嗯嗯|ok|确认|收到|是我|我是|我就是|就是我|是本人|我本人|您说|你说|请讲|请说|说吧|方便|没事你说|不要紧你说|' +
    '没问题|知道了|明白了|清楚了|听清楚了|记住了|记下了|我会去的|我会参加|能来|准时到|不是不可以|不客气|有时间|有空|能|能的|能来的|能去|能参加|会来的|会去的|会的|肯定来|肯定去|肯定参加|一定参加|肯定会去|肯定会来|' +
    '一定来|一定去|一定到|准时到的|我会来|我会去|没事|不忙|听到了|听清了|听明白了|记好了|了解了|晓得|晓得了|要得|得行|中|同意|我同意|是这个|对是我|对我就是|我就是啊|嗯你说|' +
    '你讲|讲吧|您讲|请说吧|那你说|有收到|收到了|好嘞|好滴|好勒|好呀|可以的|没有问题|行吧|好吧|说|讲|是呢|对的呢|当然|当然可以|那行|那好',
  ),
  /** 否定 */
  deny: list(
    '不|不是|不是的|没有|还没|还没有|不对|不行|不可以|不能|不去|不来|去不了|来不了|可能去不了|不参加|参加不了|没时间去|不同意|我不同意|不确认|不认可|没收到|没有收到|没买过|' +
    '没办过|没这回事|没有这回事|不可能|不知道|不清楚|不了解|不记得|恐怕不行|应该不行|好像不是|没听说过|说错了|信息不对|时间不对|地址不对|不来了|不去了|没法去|没法来|去不成|' +
    '不能来|不能去|参加不了了|不方便去|没空去|来不及|赶不上|赶不过来|没有没有|没|不会|不想去|不打算去|不愿意|并没有|不太行|不太方便去|没清楚|不太清楚|没明白|没记住|没记下|不明白|没记',
  ),
  /** 在忙 */
  busy: list(
    '在忙|现在忙|有点忙|开会呢|在开会|开车呢|在开车|不方便|现在不方便|不方便接电话|在上课|在上班|上班呢|在吃饭|在睡觉|在休息|在医院|在地铁上|在路上|马上登机|陪客户呢|在打电话|' +
    '手头有事|我有事|没空|没时间|这会儿没空|晚点再打|晚点打过来|过会儿再打|一会儿再打|回头再打|回头再说|下午再打|晚上再打|明天再打|改天再说|等会儿再打|稍后再联系|待会儿联系|' +
    '等下打给你|忙着呢|正忙|正忙着|我在忙|正开会|在外面|在外地|在飞机上|在高铁上|在火车上|在做饭|在带孩子|在监考|在手术|不方便说话|不方便讲话|说话不方便|晚点说|晚一点打|' +
    '晚一点再打|回头打|过一会打|过一会儿再打|过会儿打来|等会再打|一会打给我|下班再打|中午再打|有空再说|我先忙|先忙了|正在开车|正在上课|正在吃饭|正在忙|信号不好晚点打',
  ),
  /** 拒绝 */
  refuse: list(
    '不需要|不要|不用|不用了|不必了|不考虑|暂时不需要|暂时不考虑|没兴趣|不感兴趣|没有兴趣|没需求|用不着|不办|不办理|不买|不想买|不想听|不想要|别说了|别讲了|不听|挂了|我挂了|' +
    '就这样吧|算了|算了吧|免了|拉倒吧|不贷款|不投资|不用介绍|不用说了|没必要|已经有了|已经买了|不关心|谢谢不用|不用谢谢|谢谢不需要|没必要了|不用麻烦|不想参加这种|不需要谢谢|' +
    '不要了|不需要了|用不上|不听了|没工夫听|懒得听|别浪费时间|不感冒|推销的吧|又是推销|我没兴趣',
  ),
  /** 打错 */
  'wrong-number': list(
    '打错了|你打错了|打错电话|打错电话了|你打错电话了|打错号码了|号码错了|号码打错了|搞错了|你搞错了|弄错了|认错人了|找错人了|你找错人了|没这人|没这个人|没有这个人|查无此人|' +
    '不认识他|我不认识他|不认识这个人|我不姓|我不叫这个|不是我的名字|这不是他电话|这号码不是他的|号码换人了|这是新号|我刚办的号|我是新机主|你打错电话|打错号了|打错号码|打错人了|' +
    '没有姓|不姓这个|我不是这个人|我不叫|没有叫|没听过这个人|不是这个人|号码不对|电话不对|这个号码换人了|早就换号|不是他的电话|不是她的电话|你找错了|找错了',
  ),
  /** 非本人 */
  'third-party': list(
    '不是本人|我不是本人|他不在|她不在|人不在|不在家|本人不在|我是他爱人|我是她老公|我是他家属|我是他妈妈|我是他爸爸|我是他儿子|我是她女儿|我是他同事|我是他秘书|帮他接一下|' +
    '我帮他接的|手机没带|他手机落这了|我妈妈不在|我爸爸不在|妈妈在洗澡|爸爸出去了|奶奶不在家|我是小朋友|大人不在|你找他什么事|我转告他|我帮你转告|他换号了|他出去了|她出去了|' +
    '他出差了|她出差了|他在忙|她在忙|他在开会|她在开会|他在睡觉|她在睡觉|他在洗澡|她在洗澡|他没在|她没在|没在家|我是他朋友|我是她朋友|我是他家人|我是她家人|我是他妻子|' +
    '我是她丈夫|我是他母亲|我是她母亲|我是她妈妈|我是她爸爸|我是他女儿|我是她儿子|我是他助理|我是她同事|我是她秘书|我是他太太|我是她爱人|我可以转告|我帮你转达|我会转告|我帮他接|' +
    '手机在我这',
  ),
  /** 你是谁 */
  who: list(
    '你是谁|您是谁|你谁|你谁啊|谁啊|谁呀|哪位|您哪位|你哪位|请问哪位|你哪里|你哪里的|你是哪里|你是哪里的|哪里打来的|你从哪打的|哪个公司|什么公司|哪家公司|哪个单位|什么单位|' +
    '哪个平台|干嘛的|干什么的|做什么的|你是干嘛的|你叫什么|怎么称呼你|你是客服吗|谁让你打的|怎么有我电话|怎么有我号码|哪来的我电话|谁给你的号码|从哪弄的我号码|你哪来的号码|什么事|' +
    '啥事|有事吗|有什么事|找我什么事|你是什么人|你是哪位|您是哪位|你们是谁|你们是哪|你们哪里|你们是干嘛的|你们是什么公司|哪里的|谁打的|谁打来的|你是干什么的|是谁啊|您贵姓|你贵姓|代表谁|谁委托|' +
    '谁让你通知|什么事情|什么事啊|是什么事|有何贵干|找我干嘛|找我有事吗|你有什么事|您有什么事|你找我什么事|请问有什么事',
  ),
  /** 机器人? */
  robot: list(
    '机器人|机器人吗|机器人吧|是机器人吗|你是机器人吗|是不是机器人|你不是机器人吧|又是机器人|怎么是机器人|像机器人|听着像机器人|是人工吗|你是人工吗|是真人吗|你是真人吗|是不是真人|' +
    '你不是真人吧|你是人吗|是人还是机器|人工还是机器|你是ai吗|是ai吧|是不是ai|ai打的吧|是人工智能吗|人工智能吧|你是智能语音吗|智能语音吧|语音机器人|你是语音助手吗|你是电脑吗|' +
    '电脑打的吧|自动语音吧|是自动语音吗|是录音吗|这是录音吧|是不是录音|放录音呢|合成的声音|你是程序吧|系统自动打的|机器人打的|你是机器吧|你是机器吗|你是不是人|你不是人吧|机器在说话|' +
    '是真人还是机器|人还是机器|你到底是不是人|智能机器人|你是机器人对吧|是电脑吧|是ai啊',
  ),
  /** 没听清 */
  repeat: list(
    '喂|喂喂|啥|什么|啊什么|没听清|没听清楚|听不清|听不清楚|没听见|听不见|听不到|没听到|没听懂|听不懂|没听明白|你说什么|说什么|刚才说什么|再说一遍|再说一次|再讲一遍|重复一遍|' +
    '你再说下|声音太小|大点声|大声点|声音大一点|说慢点|慢一点|慢点说|太快了|信号不好|有点卡|断断续续|有杂音|喂听得到吗|几点来着|什么时候来着|在哪来着|哪天来着|是吗|再说一下|' +
    '再说一遍吧|麻烦再说一遍|能再说一遍吗|可以再说一遍吗|请再说一遍|再来一遍|重新说一遍|再重复一下|重复一下|再说下|没听到你说什么|听得不清楚|没太听清|没听太清|听不太清|没怎么听清|' +
    '刚没听清|刚刚没听清|什么意思|你讲什么|您说什么|说的什么|刚说什么|声音小|声音大点|大声一点|卡了|听不清你说话|你慢点说|说慢一点|什么来着',
  ),
  /** 投诉 */
  stop: list(
    '别打了|别再打了|不要打了|不要再打了|别再给我打|不要再给我打|以后别打|以后不要打|不准再打|再打我就投诉|投诉|我要投诉|投诉你们|我要举报|举报你们|打12321|向工信部投诉|' +
    '报警了|我要报警|骚扰电话|你这是骚扰|别骚扰我|不要骚扰我|天天打|一天打好几个|打了多少遍了|又打来了|怎么又打|怎么老打|烦死了|拉黑你|拉黑了|把我删了|删掉我号码|把我号码删掉|' +
    '退订|告你们|侵犯隐私|泄露我信息|别联系我|不要再联系我|别打我电话|别给我打电话|别再打来|不要打电话|不要给我打电话|不要再打电话|不要再联系|请不要再打|以后别联系|不想再接到|' +
    '老是打|老打电话|没完没了|打扰我了|别打扰我|不要打扰我|再打报警|骚扰我|加入黑名单|取消订阅|从名单里删|删除我的号码|删除我的信息|别再来电|不要再来电|你们有完没完',
  ),
  /** 转人工 */
  human: list(
    '人工|转人工|人工服务|人工客服|转接人工|我要人工|要人工|找人工|换人工|叫人工来|换个人|换真人|换个真人|我要真人|找个真人|让真人说|真人客服|转客服|找客服|接客服|客服电话多少|' +
    '叫你们领导|找你们领导|找你们经理|叫经理来|让主管来|找负责人|叫负责人|让你老板来|让老师给我打|让医生跟我说|让工作人员打给我|叫人给我回电话|让人给我回电|找个懂的人|跟你说不清楚|' +
    '你解决不了|我要跟人说|不跟机器说|不想跟机器人说|不和机器人聊|找个人来说|人工接听|我要找人工|帮我转人工|能转人工吗|转个人工|接人工|有人工吗|有没有人工|让真人来|叫真人|' +
    '让你们老板|让你们领导|我想跟人说|我要跟真人说|让你们负责人',
  ),
  /** 等一下 */
  wait: list(
    '等下|等会|等等|等一下|等一等|等会儿|稍等|稍等一下|你稍等|先等等|等我一下|等我找个笔|我找支笔|我拿笔记一下|我记一下|等我记一下|我拿个本子|我看一下|我查一下|我想想|我想一下|' +
    '让我想想|别急|别挂|先别挂|慢着|我换个地方|我出去接|我出去说|外面说|等我开门|我先停车|我靠边停车|我戴耳机|我问一下|我问问|我叫他|我喊他来|让他接|换他接|叫他接电话|稍等下|' +
    '等我一会|你等一下|您稍等|麻烦等一下|请稍等|请等一下|我记下|等我记下|找个笔|拿个笔|等一会|我去叫他|我去叫她|我喊她|我叫她|给你叫他|换他听|让她接|换她接|我把电话给他|' +
    '我把电话给她|你等等|你等会|先等一下|稍候|等我停车|我找个安静的地方|你先别挂|不要挂',
  ),
  /** 助理/信箱 */
  voicemail: list(
    '机主的智能助理|机主的智能助手|我是机主的|智能助理|智能助手|来电助手|来电秘书|电话秘书|通信助理|语音助理|ai助理|ai通话助理|电话助理|小爱同学|机主正忙|机主暂时|机主现在|' +
    '机主不方便|转达给机主|我会转达|为您转达|请问您找机主|请留言|请您留言|留下口信|嘀声后|滴声后|提示音后|听到提示音|语音信箱|语音留言|如需留言|您拨打的用户|您所拨打的|请稍后再拨|' +
    '无法接听您的电话|暂时无法接听|暂时无人接听|已开启防骚扰|请说明来意|请说出来意|我是智能助理|的语音助理|的智能接听|的来电助理|电话助手|正在帮机主接听|帮机主接听|代机主接听|' +
    '机主的助理|机主的助手|机主没有接|转告机主|机主无法接听|机主稍后|有什么可以帮您转达|您可以留言|可以给机主留言|请在听到|留言请按|结束后请挂机|呼叫的用户|您呼叫的|用户正忙|' +
    '不在服务区|已关机|是空号|请稍后再试',
  ),
  /** 骂人 */
  abuse: list(
    '滚|滚蛋|滚开|给我滚|有病|你有病|神经病|脑子有病|脑子进水|脑残|智障|白痴|傻子|傻逼|沙雕|蠢货|蠢猪|混蛋|王八蛋|狗东西|放屁|去你的|去死|你大爷|你妈的|他妈的|妈的|' +
    'tmd|cnm|我靠|我操|草泥马|贱人|不要脸|骗子|诈骗犯|垃圾|闭嘴|恶心|你不是人|滚远点|神经|有毛病|你有毛病|傻x|傻叉|二百五|去你妈|操你|日你|妈蛋|卧槽|诈骗|你是骗子|' +
    '骗人的|骗人的吧|诈骗电话|是骗子吧|你们是骗子|诈骗吧',
  ),
  /** 打招呼 */
  greeting: list('你好|您好|早上好|上午好|下午好|晚上好|哈喽|哈啰|喂你好|你好呀|您好呀'),
  /** 道别 */
  goodbye: list('再见|拜拜|拜|回见|先这样|就先这样|先挂了|那我挂了|那先这样|挂了啊|再会|先这样吧'),
  /** 道谢 */
  thanks: list('谢谢|谢谢你|谢谢您|谢了|多谢|感谢|麻烦你了|麻烦您了|辛苦了|辛苦你了'),
}

/** English phrases, lower case, matched as whole words. */
export const englishPhrases: Readonly<Record<PhraseIntent, readonly string[]>> = {
  affirm: list("yes|yeah|yep|sure|okay|ok|speaking|this is he|this is she|that's me|it's me|i am|go ahead|got it|i see|understood|no problem|of course|will do|i will|sounds good|i can|correct|right|fine|all right|alright"),
  deny: list("no|nope|i can't|i cannot|i won't|not really|that's wrong|i am not|i'm not|not me|can't make it|cannot make it"),
  busy: list("i'm busy|busy now|in a meeting|i'm driving|call me later|call later|call back later|call me back|not a good time|not now"),
  refuse: list("not interested|no thanks|no thank you|don't need|i don't want|leave it"),
  'wrong-number': list('wrong number|wrong person|no one by that name|nobody by that name|no such person'),
  'third-party': list("he's not here|she's not here|he is not here|she is not here|not in right now|i'm his wife|i'm her husband|can i take a message|i'll tell him|i'll tell her"),
  who: list("who is this|who's this|who are you|who is calling|who's calling|what is this about|what's this about|which company|what do you want"),
  robot: list("are you a robot|are you a bot|are you human|are you real|is this a robot|is this a recording|are you an ai|are you ai|am i talking to a machine|real person"),
  repeat: list("say that again|say it again|pardon|excuse me|repeat that|repeat please|can you repeat|can't hear you|cannot hear you|didn't hear|didn't catch|come again|speak up|slower|what did you say|sorry what|what"),
  stop: list("stop calling|don't call|do not call|never call|remove my number|take me off|i'll report|leave me alone|unsubscribe"),
  human: list('talk to a human|speak to a human|talk to a person|speak to a person|real agent|an agent|operator|customer service|your manager|supervisor'),
  wait: list('hold on|one moment|just a moment|wait a second|wait a minute|one second|hang on|wait'),
  voicemail: list('leave a message|after the tone|after the beep|voicemail|voice mail|not available to take your call|please record your message|personal assistant'),
  abuse: list('fuck|fuck you|fuck off|idiot|stupid|scam|scammer|shut up|go to hell|bastard|asshole'),
  greeting: list('hello|hi|hey|good morning|good afternoon|good evening'),
  goodbye: list('bye|goodbye|bye bye|see you'),
  thanks: list('thanks|thank you'),
}
