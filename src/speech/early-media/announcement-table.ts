// The announcements of mainland networks as data: what each says and whom it speaks of. Does not know how text is matched.

/** Whom a sentence must speak of before its cues count: songs and people say 关机 as well. */
export type SubjectGroup = 'callee' | 'own-line' | 'network' | 'dialling' | 'any'

export const announcementStatuses = [
  'recording-notice',
  'caller-arrears',
  'vacant-number',
  'blocked-as-spam',
  'voicemail',
  'forwarded-to-assistant',
  'call-waiting',
  'number-changed',
  'suspended',
  'powered-off',
  'barred-incoming',
  'caller-barred',
  'network-busy',
  'busy',
  'no-answer',
  'unreachable',
  'wrong-format',
  'sms-reminder',
  'ivr',
  'transferring',
] as const
export type AnnouncementStatus = (typeof announcementStatuses)[number]

export type AnnouncementRow = {
  /** The call can come to nothing else: the line may be freed at once. */
  terminal: boolean
  about: readonly SubjectGroup[]
  /**
   * One cue is enough. `A+B`: both; `B|C`: either; `#`: a digit; `=A`: as written only, not by its sound.
   * English as words; blanks do not matter.
   */
  cues: readonly string[]
}

/**
 * Words that show whom a sentence speaks of. `callee`: whoever was dialled. `own-line`: us. `network` and `dialling`: sentences
 * about routes and digits name nobody, but they apologise or tell what to do; others do so too, so these count in short texts only.
 */
export const subjects: Readonly<Record<SubjectGroup, readonly string[]>> = {
  callee: ['您拨打的', '您所拨打', '您拨叫的', '您呼叫的', '您所呼叫', '你拨打的', '该用户', '被叫', '对方', '机主', '您的来电', 'subscriber', 'the number', 'the user'],
  'own-line': ['您的电话', '您的号码', '您的话费', '您的余额', '您的来电', '您无权', '你的电话', '你的号码'],
  network: ['请稍后', '稍后再拨', '对不起', '抱歉', 'sorry', 'please'],
  dialling: ['拨打', '拨号', '号码', 'dial', 'number'],
  any: [],
}

/** Status by status, in the order in which they are looked for: the first that fits wins. */
export const announcementTable: Readonly<Record<AnnouncementStatus, AnnouncementRow>> = {
  'recording-notice': { terminal: false, about: ['any'], cues: ['通话将被录音', '可能会被录音', '可能被录音', 'be recorded'] },
  // Before `suspended`: both say 停机, the subject decides.
  'caller-arrears': { terminal: true, about: ['own-line'], cues: ['您的电话+欠费|停机|余额不足', '你的电话+欠费|停机|余额不足', '您的话费'] },
  'vacant-number': { terminal: true, about: ['callee'], cues: ['空号', '号码不存在', '号码是空', 'does not exist', 'not in service+number'] },
  'blocked-as-spam': { terminal: true, about: ['callee', 'own-line'], cues: ['骚扰电话', '高频', '防骚扰', '拦截', '疑似+骚扰|诈骗|推销', '被标记'] },
  // Before what they follow: 已关机，请留言 is a mailbox.
  voicemail: { terminal: false, about: ['any'], cues: ['留言', '语音信箱', '嘀声后', '滴声后', '提示音后', 'leave a message', 'after the tone', 'voice mail', 'mailbox'] },
  'forwarded-to-assistant': {
    terminal: false,
    about: ['any'],
    cues: ['来电助手', '小秘书', '语音助手', '秘书台', '智能助理', '代接', '机主+不方便|无法接听', '请问有什么事+转告', '会转告'],
  },
  // Before `busy`: "do not hang up" says that the other side is being asked.
  'call-waiting': { terminal: false, about: ['callee'], cues: ['呼叫等待', '请不要挂机+通话', 'hold on+redial'] },
  // Not terminal: the new number is still to be heard.
  'number-changed': { terminal: false, about: ['callee', 'dialling'], cues: ['已改号', '号码已更改', '号码改为', '=请拨打#', 'has been changed'] },
  suspended: { terminal: true, about: ['callee'], cues: ['停机', '暂停服务', '欠费+被叫|拨打', 'service suspended', 'out of service'] },
  'powered-off': { terminal: true, about: ['callee'], cues: ['关机', 'power off', 'powered off', 'switched off'] },
  'barred-incoming': { terminal: true, about: ['callee'], cues: ['呼入限制', '限制呼入', '已设置+拒接|拒绝', '来电限制', '拒绝接听', 'barred', 'restricted'] },
  'caller-barred': {
    terminal: true,
    about: ['own-line', 'callee'],
    cues: ['呼出限制', '无权', '没有+权限', '未开通+长途|国际|漫游', '业务受限', 'not authorized'],
  },
  'network-busy': { terminal: true, about: ['callee', 'network'], cues: ['线路忙', '网络忙', '网络繁忙', '系统忙', '线路繁忙', 'all circuits'] },
  busy: { terminal: true, about: ['callee'], cues: ['正在通话', '通话中', '占线', '用户忙', '正忙', 'is busy', 'busy now', 'line is busy'] },
  'no-answer': { terminal: true, about: ['callee'], cues: ['无人接听', '没有应答', '无应答', '暂时无人', 'no answer', 'not answer'] },
  unreachable: {
    terminal: true,
    about: ['callee'],
    cues: ['无法接通', '不在服务区', '无法接听', '暂时无法', 'can not be connected', 'cannot be reached', 'out of coverage', 'not reachable'],
  },
  'wrong-format': {
    terminal: true,
    about: ['callee', 'dialling'],
    cues: ['号码有误', '拨号方式', '请核对', '请查证', '加拨', '加零', '=加0', '前不用加', 'dial+again with', 'check the number'],
  },
  'sms-reminder': { terminal: false, about: ['any'], cues: ['短信+通知|提醒+机主|用户|对方', '来电提醒', '稍后将以短信'] },
  ivr: { terminal: false, about: ['any'], cues: ['=请按#', '分机号', '查号请拨', '按井号键', '=press#', 'extension'] },
  // 请稍候 sounds like 请稍后, which nearly every announcement says.
  transferring: { terminal: false, about: ['any'], cues: ['正在为您转接', '正在转接', '=转接中', '=传接中', '电话正在转接', '=请稍候', 'please wait', 'is being transferred'] },
}
