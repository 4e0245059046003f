// Sentences of networks and of people with what they mean, for the tests of early media. Does not know how they are recognised.
import type { AnnouncementStatus } from './announcement-table.ts'

export const labelledSentences: Readonly<Record<AnnouncementStatus | 'unknown', readonly string[]>> = {
  'vacant-number': ['您好，您拨打的号码是空号，请核对后再拨。', '对不起，您拨打的号码不存在，请核对后再拨', 'Sorry, the number you dialed does not exist, please check it and dial later.'],
  suspended: ['您好，您拨打的电话已停机。', '对不起，您拨打的用户已暂停服务'],
  'caller-arrears': ['您好，您的电话已欠费停机，请及时充值'],
  'powered-off': ['您好，您拨打的电话已关机，请稍后再拨', 'Sorry, the subscriber you dialed is powered off', '您拨打的电话已关机，我们将以短信通知机主'],
  busy: ['您好，您拨打的电话正在通话中，请稍后再拨', 'Sorry, the subscriber you dialed is busy now, please redial later'],
  'call-waiting': ['您拨打的用户正在通话中，请不要挂机', '您好，请不要挂机，您拨打的电话正在通话中'],
  unreachable: ['您好，您拨打的电话暂时无法接通，请稍后再拨', '您拨打的用户不在服务区', 'Sorry, the subscriber you dialed can not be connected for the moment'],
  'no-answer': ['您好，您拨打的电话暂时无人接听，请稍后再拨', '对不起，您拨打的用户没有应答'],
  'barred-incoming': ['您好，您拨打的用户已设置呼入限制', '对不起，您所拨打的用户已设置来电限制'],
  'caller-barred': ['对不起，您的电话没有国际长途权限', '您的号码已被呼出限制'],
  'number-changed': ['您拨打的号码已改号'],
  'wrong-format': ['您拨打的号码有误，请查证后再拨', '您好，请在所拨的号码前加零', '拨打本地手机前不用加零'],
  'network-busy': ['对不起，网络忙，请稍后再拨', '线路忙，请稍后再拨'],
  'forwarded-to-assistant': ['您好，我是机主的智能助理，请问有什么可以帮您转告', '您好，机主现在不方便接听电话，我是他的语音助手'],
  voicemail: ['您拨打的用户暂时无法接听，请在嘀声后留言', '您好，您呼叫的用户已关机，请在提示音后留言', 'please leave a message after the tone'],
  'sms-reminder': ['我们将以短信方式通知您所拨打的用户'],
  ivr: ['您好，欢迎致电某某公司，请直拨分机号，查号请拨零', '中文服务请按一'],
  'blocked-as-spam': ['您的来电已被防骚扰业务拦截', '您好，该用户已开启高频骚扰电话拦截'],
  transferring: ['您的电话正在转接中，请稍候'],
  'recording-notice': ['为了提高服务质量，本次通话可能会被录音'],
  unknown: ['喂你好', '哪位啊', '我现在正在开会', '我关机了没看到', '你好我在开车', '我刚才没人接听电话是因为在洗澡'],
}
