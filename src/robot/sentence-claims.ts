// Knows the words that no robot may say whatever it was told: lies about itself, requests for secrets and money, its own machinery. Data and one search.
// Does not know the requirement, except what it writes itself.

export type ForbiddenClaim = 'link' | 'markup' | 'claims-human' | 'asks-secret' | 'asks-money' | 'machinery' | 'insult' | 'promise' | 'change'

const secrets = '(?:验证码|校验码|动态码|动态口令|密码|口令|卡号|银行卡|CVV|身份证|安全码|有效期)'
const englishSecrets = '(?:passwords?|passcode|verification code|security code|one[- ]time code|otp|card number|cvv|pin(?: code| number)?|id number|social security)'

/** Never said. */
const always: readonly { why: ForbiddenClaim; pattern: RegExp }[] = [
  { why: 'link', pattern: /https?:|www\.|\b[a-z0-9-]+\.(?:com|cn|net|org|top|xyz|io|cc|app|vip)\b|[\w.]+@[\w.]+|\b[a-z0-9-]+ dot (?:com|cn|net|org)\b|[a-z0-9]点(?:com|cn|net)/iu },
  { why: 'markup', pattern: /[*#`_<>{}[\]|~^$\\]|^\s*(?:[-•·]|\d+[.)、])\s|\p{Extended_Pictographic}|【|】/u },
  { why: 'claims-human', pattern: /(?<!不|没)(?:我|咱|本人|这边|这里)(?:们|这边)?(?:可|就|当然|确实|真的|其实|也)*是(?:一个|一名|一位|个|名|位)?(?:真正的|真实的)?(?:真人|人工(?!智能)|活人|人类|真的人|大活人|有血有肉|工作人员|客服人员|客服专员|客服代表|人(?=[，。！？吧啊呢哦呀]|$))/u },
  { why: 'claims-human', pattern: /(?:我|这|本人|这边)(?:们)?(?:可|真的|确实|绝对|当然)*(?:不是|并非|绝非|不属于)(?:一个|什么|那种)?(?:机器|AI|人工智能|录音|程序|合成|电脑|自动语音|智能语音)|不是(?:机器人?|AI|人工智能|录音)(?:在|打|哦|的|啦|呀|呢|，|。|$)|(?:真人|人工)(?:客服)?(?:在|来)?(?:为您|给您|跟您|与您)(?:通话|说话|服务|讲话)|没有(?:用|使用)(?:AI|人工智能|机器人|合成)/iu },
  { why: 'claims-human', pattern: /\b(?:i am|i'm|you(?:'re| are) (?:talking|speaking) (?:to|with)) (?:actually |really |just )?(?:a |an )?(?:real |live )?(?:human|person|man|woman|people)\b|\b(?:i am|i'm|this is) (?:really |definitely )?not (?:a |an )?(?:ai\b|robot|bot|machine|recording|computer|automated)/iu },
  { why: 'asks-secret', pattern: new RegExp(`(?:提供|告诉我|告知|报一下|报给|说一下|说出|念一下|念给|读一下|读给|输入|发给|发一下|核对一下|核实一下|确认一下|登记一下|需要您的|请问您的?|麻烦您?把|把).{0,8}${secrets}|${secrets}.{0,6}(?:是多少|是什么|多少|发给|告诉|报给|报一下|念一下|念给|发过来|给我)`, 'iu') },
  { why: 'asks-secret', pattern: /(?:收到的?|短信(?:里|上|中)?的?|手机上的?).{0,6}(?:数字|号码|码).{0,6}(?:念|报|告诉|发|说|读)|(?:念|报|告诉|发|读)(?:一下|给)?.{0,6}(?:收到|短信).{0,6}(?:数字|码)|身份证.{0,4}[四六4 6]位|尾号.{0,4}(?:报|念|是多少)/u },
  { why: 'asks-secret', pattern: new RegExp(`(?:tell|give|read|provide|confirm|share|enter|need|send|what(?:'s| is)|verify)\\b[^.!]{0,30}\\b${englishSecrets}\\b|\\b${englishSecrets}\\b[^.!]{0,12}\\?`, 'iu') },
  { why: 'machinery', pattern: /系统提示|提示词|(?:我的|我收到的|以下|上面|内部)(?:的)?(?:指令|规则|设定|提示)|指令(?:是|如下)|end_call|hand_over|send_digits|schedule_callback|(?:语言|大)模型|训练数据|openai|chatgpt|deepseek|system prompt|my (?:instructions|prompt|rules)|language model/iu },
  { why: 'insult', pattern: /傻[逼子x]|笨蛋|蠢|白痴|智障|神经病|滚(?:开|蛋|吧)?(?=[，。！]|$)|混蛋|闭嘴|去死|有病吧|他妈|妈的|\b(?:idiot|stupid|shut up|fuck|moron)\b/iu },
]

/** Said only in words that the requirement or the knowledge holds too. */
const unlessWritten: readonly { why: ForbiddenClaim; pattern: RegExp }[] = [
  { why: 'promise', pattern: /保证|承诺|答应|赔|退款|退钱|优惠|折扣|免费|中奖|返现|补贴|奖励|\b(?:guarantee|promise|refund|compensat\w*|discount|free of charge|prize|voucher)\b/giu },
  { why: 'asks-money', pattern: /转账|汇款|打款|付款码|充值|下载.{0,6}(?:app|软件|应用)|共享屏幕|屏幕共享|加.{0,4}微信|加.{0,2}好友|扫码|安全账户|\b(?:wire|transfer (?:the )?money|gift cards?|download (?:the|an|our) app|screen sharing)\b/giu },
  // News of a change, which nobody but the requirement can bring, even when the callee wants to hear it. A question about it is none, and passing a wish on is none.
  { why: 'change', pattern: /(?<!没有?|不会?|是否|是不是|想要?|要求|希望|需要|申请|能不能|可以)(?:取消|改期|延期|推迟|作废|改到|改成|提前到|停办|不用(?:来|去|参加)|不必(?:来|去|参加))(?![^。！？]*[?？])(?!的(?:要求|想法|意见|需求|申请|事))/gu },
  { why: 'change', pattern: /\b(?<!not been |not |if it is |want to |like to )(?:cancell?ed|postponed|rescheduled|called off|brought forward|moved to|no need to (?:come|attend)|do(?:n't| not) (?:have|need) to (?:come|attend))\b(?![^.!]*\?)/giu },
]

/** `written`: texts of the customer. `ofRecord`: the words are a note about the callee's wishes; a change may be wished for. */
export function forbiddenClaim(text: string, written: readonly string[], ofRecord: boolean): { why: ForbiddenClaim; what: string } | undefined {
  for (const { why, pattern } of always) {
    const found = pattern.exec(text)
    if (found) return { why, what: found[0] }
  }
  for (const { why, pattern } of unlessWritten) {
    if (ofRecord && why === 'change') continue
    for (const [what] of text.matchAll(pattern)) if (!written.some((source) => source.toLowerCase().includes(what.toLowerCase()))) return { why, what }
  }
  return undefined
}
