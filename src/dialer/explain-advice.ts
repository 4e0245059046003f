// Knows what to do next about each way a call can end: when to try again, what to check. Does not know calls or how advice is shown.
import type { EndDetail, EndReason, Outcome } from '../call/end-reason.ts'
import type { ConversationOutcome } from '../robot/robot.ts'
import type { Words } from './explain-words.ts'

const minutesLater: Words = { zh: '几分钟后可以再拨。', en: 'Try again in a few minutes.' }
const hoursLater: Words = { zh: '几小时后再拨，换一个时段更好。', en: 'Try again in a few hours, better at another time of day.' }
const anotherWay: Words = { zh: '不要重拨；请换一种方式联系对方。', en: 'Do not dial it again; reach the person another way.' }
const checkNumber: Words = { zh: '请核对号码；不要再拨这个号码。', en: 'Check the number; do not dial it again.' }
const callPerson: Words = { zh: '请安排人工回电。', en: 'Have a person call back.' }
const tellCarrier: Words = { zh: '请把上面的 SIP 状态、原因值和判断依据告诉线路供应商；线路恢复后再拨。', en: 'Give your carrier the SIP status, the cause and the rule above; dial again when the line works.' }
const serverLog: Words = { zh: '请查看服务日志中这个 call_id 的错误，并运行 waihu doctor；对方可能已接过电话，确认后再决定是否重拨。', en: 'Look for this call_id in the server log and run waihu doctor; the callee may have been on the line, so check before dialling again.' }

/** Undefined: nothing is left to do. */
const byOutcome: Readonly<Record<Outcome, Words | undefined>> = {
  answered: undefined,
  assistant: { zh: '机主没有亲自接听：几小时后再拨一次，仍是机器就换一种方式。', en: 'The person did not pick up: try once more in a few hours, then another way.' },
  'no-answer': hoursLater,
  busy: minutesLater,
  rejected: { zh: '对方不愿接听，不要立即重拨；确有必要时隔天再拨或换一种方式。', en: 'The callee does not want to talk; do not dial again right away, if need be on another day or another way.' },
  'powered-off': hoursLater,
  suspended: { zh: '至少一天后再拨；通常要换一种方式联系对方。', en: 'Not before tomorrow; usually the person must be reached another way.' },
  'invalid-number': checkNumber,
  unreachable: { zh: '几十分钟后再拨。', en: 'Try again in half an hour or so.' },
  'call-reminder': { zh: '对方会收到来电提醒：等对方回电，或几小时后再拨。', en: 'The callee gets a missed-call message: wait for them, or try again in a few hours.' },
  forwarded: { zh: '电话被转到别处而无人接听：几小时后再拨。', en: 'The call was led elsewhere and nobody took it: try again in a few hours.' },
  barred: anotherWay,
  'carrier-blocked': { zh: '主叫号码可能被限制或标记：停止用它外呼，换一个主叫号码，检查外呼内容与频次，并联系线路供应商。', en: 'The caller ID may be restricted or marked: stop using it, take another one, check what and how often you call, and ask your carrier.' },
  'call-loss': { zh: '线路拥塞：几分钟后再拨，并降低呼叫速度。', en: 'The line was congested: try again in a few minutes, and dial more slowly.' },
  'line-fault': tellCarrier,
  concurrency: { zh: '降低并发，或向线路供应商申请更多并发、增加本机容量；这个号码可以立即再拨。', en: 'Lower the concurrency, or ask your carrier for more and give this machine more capacity; this number may be dialled again at once.' },
  frequency: { zh: '等限制时间过去再拨。', en: 'Wait until the limit allows it.' },
  window: { zh: '请在可呼时段内再拨。', en: 'Dial within calling hours.' },
  blacklist: { zh: '不要再拨；只有对方重新同意后才能移出免打扰名单。', en: 'Do not dial; only the person’s new consent takes a number off the do-not-call list.' },
  'blind-area': { zh: '不要再拨；请换一个允许拨打该地区的线路或主叫号码。', en: 'Do not dial it on this line; use a line or caller ID that may call this area.' },
  'bad-number': checkNumber,
  'no-balance': { zh: '请先充值，再重新提交。', en: 'Top up the account, then place the call again.' },
  cancelled: { zh: '需要时重新提交。', en: 'Place the call again when it is wanted.' },
  expired: { zh: '如果消息仍然有效，请重新提交。', en: 'Place the call again if the message still matters.' },
  interrupted: serverLog,
  unknown: tellCarrier,
}

/** What a conversation came to says more than that it was answered. */
const byConversation: Readonly<Partial<Record<ConversationOutcome, Words>>> = {
  'wrong-number': checkNumber,
  'third-party': hoursLater,
  'busy-call-back': { zh: '请按约定的时间回电；没有约定就几小时后再拨。', en: 'Call back at the agreed time, or in a few hours without one.' },
  'handover-requested': callPerson,
  machine: byOutcome.assistant!,
  silent: hoursLater,
  unconfirmed: hoursLater,
}

/** Endings that say more than their outcome. */
const byDetail: Readonly<Partial<Record<EndDetail, Words>>> = {
  'trunk-unreachable': { zh: '线路地址不可达：检查线路的 targets（域名能否解析）、网络和防火墙，运行 waihu doctor；修好后再拨。', en: 'The trunk cannot be reached: check its targets (does the name resolve), network and firewall, run waihu doctor; dial again when it works.' },
  'no-response': { zh: '线路没有任何应答：检查地址、端口和防火墙，以及对方是否放行本机 IP；修好后再拨。', en: 'The trunk never answered: check address, port and firewall, and whether it allows this machine’s address; dial again when it works.' },
  'no-usable-audio': { zh: '接通但没有可用的音频：核对线路的 codecs、srtp 设置和对方 SDP 中的地址。', en: 'Answered without usable audio: check the trunk’s codecs and srtp settings, and the address in its SDP.' },
  'no-audio-received': { zh: '接通后没有收到任何声音：检查 RTP_PORT_MIN–RTP_PORT_MAX 的 UDP 端口是否放行、SIP_PUBLIC_ADDRESS 是否正确；反复出现时联系线路供应商。', en: 'No sound ever came in: check that the UDP ports RTP_PORT_MIN–RTP_PORT_MAX are open and SIP_PUBLIC_ADDRESS is right; ask your carrier if it goes on.' },
  'audio-stopped': { zh: '通话中声音中断：对方可能掉线；几分钟后再拨，反复出现时检查网络并联系线路供应商。', en: 'The sound stopped in mid-call: the far end may have dropped; try again in a few minutes, and check network and carrier if it goes on.' },
  'recognition-failed': { zh: '语音识别出错：检查 ASR 服务的地址、密钥和额度，修好后再拨。', en: 'Recognition failed: check the address, key and quota of the ASR provider, then dial again.' },
  'synthesis-failed': { zh: '语音合成出错：检查 TTS 服务的地址、密钥和额度，修好后再拨。', en: 'Synthesis failed: check the address, key and quota of the TTS provider, then dial again.' },
  'robot-failed': { zh: '机器人没有回应：检查语言模型的地址、密钥和额度，修好后再拨。', en: 'The robot gave no answer: check the address, key and quota of the language model, then dial again.' },
  'balance-used-up': { zh: '通话中余额用尽：请充值后再拨。', en: 'The balance ran out during the call: top up, then dial again.' },
  'talk-limit': { zh: '达到通话时长上限（TALK_MS_MAX）：内容没说完时调高上限再拨。', en: 'The limit of talking time (TALK_MS_MAX) was reached: raise it and dial again if the message was not told.' },
  'media-failed': serverLog,
  'no-script': { zh: '用 waihu script list 看话术和版本是否还在，再检查数据库', en: 'Look with waihu script list whether the script and its version are there, then check the database' },
  'internal-failure': serverLog,
  'log-full': serverLog,
  'expired-without-balance': { zh: '等待期间余额一直不足：充值后重新提交。', en: 'The balance did not suffice in time: top up and place the call again.' },
  'expired-without-line': { zh: '有效时间内没有空闲线路：增加线路并发，或放宽 QUEUE_MS_MAX，然后重新提交。', en: 'No line was free in time: add concurrency or raise QUEUE_MS_MAX, then place the call again.' },
}

/** Rows of the outcome table, and SIP statuses, that mean something of their own to whoever runs the line. */
const byRule: Readonly<Record<string, Words>> = {
  'text:caller-arrears': { zh: '主叫线路欠费：停止外呼，给线路充值后再拨。', en: 'Your own line has not been paid for: stop dialling and pay it first.' },
  'text:caller-barred': { zh: '主叫线路没有呼叫该号码的权限：向线路供应商开通，或换一个主叫号码。', en: 'Your line may not call this number: have your carrier allow it, or use another caller ID.' },
  'text:number-changed': { zh: '对方已改号：听取证录音里的新号码，核实后改用新号码。', en: 'The number has changed: listen to the clip for the new one, and use that after a check.' },
  'text:wrong-format': { zh: '拨号格式不对：检查线路的号码规则（外地手机加 0、前缀），改好后再拨。', en: 'The number was dialled in the wrong form: check the trunk’s number rules (leading 0, prefix), then dial again.' },
  'text:network-busy': { zh: '网络繁忙：几分钟后再拨，并降低呼叫速度。', en: 'The network was busy: try again in a few minutes, and dial more slowly.' },
  'tone:congestion': { zh: '网络繁忙：几分钟后再拨，并降低呼叫速度。', en: 'The network was busy: try again in a few minutes, and dial more slowly.' },
}
const byStatus: Readonly<Record<number, Words>> = {
  401: { zh: '线路不接受用户名或密码：核对线路的 credentials。', en: 'The trunk refuses the user name or password: check its credentials.' },
  407: { zh: '线路不接受用户名或密码：核对线路的 credentials。', en: 'The trunk refuses the user name or password: check its credentials.' },
  415: { zh: '双方没有共同的编码：核对线路的 codecs 和 srtp 设置。', en: 'No codec in common: check the trunk’s codecs and srtp settings.' },
  488: { zh: '双方没有共同的编码：核对线路的 codecs 和 srtp 设置。', en: 'No codec in common: check the trunk’s codecs and srtp settings.' },
  606: { zh: '双方没有共同的编码：核对线路的 codecs 和 srtp 设置。', en: 'No codec in common: check the trunk’s codecs and srtp settings.' },
  420: { zh: '线路不支持必需的扩展：检查线路的 reliableProvisionals 和 sessionTimerSec 设置。', en: 'The trunk lacks a required extension: check reliableProvisionals and sessionTimerSec of the trunk.' },
  482: { zh: '呼叫在网络中打转：检查线路地址是否指回本机。', en: 'The call went in circles: check that the trunk’s address does not lead back here.' },
  483: { zh: '呼叫在网络中打转：检查线路地址是否指回本机。', en: 'The call went in circles: check that the trunk’s address does not lead back here.' },
  503: { zh: '线路暂时不能服务：几分钟后再拨，降低并发和呼叫速度。', en: 'The trunk cannot serve at the moment: try again in a few minutes, with less concurrency and speed.' },
}

/** What to do next; undefined when there is nothing to do. What is most particular wins. */
export function adviceOn(reason: EndReason, conversation: ConversationOutcome | undefined): Words | undefined {
  const { outcome, detail, evidence } = reason
  const ownLine = outcome === 'line-fault' && evidence.sipStatus !== undefined ? byStatus[evidence.sipStatus] : undefined
  return byDetail[detail] ?? (evidence.rule === undefined ? undefined : byRule[evidence.rule]) ?? ownLine ?? (conversation && byConversation[conversation]) ?? byOutcome[outcome]
}
