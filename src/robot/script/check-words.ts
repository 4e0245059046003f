// Knows which words a robot may not say, whoever writes them. Does not know where they stand in a script.
import type { Script } from './schema.ts'

/** A machine does not pass for a person, an authority or a bank, and asks nobody for secrets. */
const never: readonly { what: string; pattern: RegExp }[] = [
  { what: '自称真人 claims to be human', pattern: /(?<!不)是真人|(?<!你|您)不是(?:一个|什么)?(?:机器人|AI|人工智能|录音)|我(?:就)?是(?:活)?人(?![工们家民])/iu },
  { what: '自称公检法或银行工作人员 claims to be an authority or bank staff', pattern: /(?:我|这里|这边)(?:们)?(?:就)?是.{0,8}(?:公安|派出所|警察|民警|法院|检察院|税务局|社保局|银监|银行工作人员|银行客服)/u },
  { what: '索要验证码、密码或证件号 asks for codes, passwords or papers', pattern: /(?:提供|告诉|报|念|说|输入|发|核对|确认)[^。，？！]{0,10}(?:验证码|密码|身份证号?|银行卡号?|卡号)|(?:验证码|密码|身份证号码?|银行卡号|卡号)(?:是多少|是什么|发|告诉|报|念)/u },
  { what: '念网址或邮箱 reads out an address of the net', pattern: /https?:|www\.|[a-z0-9-]+\.(?:com|cn|net|org)\b|\w@\w/iu },
  { what: '含有念不出来的符号 holds marks that cannot be said', pattern: /[*#_`<>|\\^~]|\p{Extended_Pictographic}/u },
]

/** What reminding of a debt may not hold. Source: GB/T 45251—2025 (no threats, no pressure through others). */
const neverInCollection: readonly { what: string; pattern: RegExp }[] = [
  { what: '威胁或施压（GB/T 45251） threatens or presses', pattern: /起诉|报警|立案|坐牢|拘留|法律责任|强制执行|律师函|上门|黑名单|失信|老赖|后果自负|影响(?:您|你)?(?:的)?(?:征信|子女|工作|出行)/u },
  { what: '提到联系他人催款（GB/T 45251） speaks of contacting others', pattern: /(?:联系|通知|告诉|打给)(?:您|你)?(?:的)?(?:家人|家属|亲友|朋友|同事|单位|公司|紧急联系人|父母|爱人)|通讯录/u },
]

export function forbiddenIn(words: string, purpose: Script['purpose']): string[] {
  return [...never, ...(purpose === 'collection' ? neverInCollection : [])].filter(({ pattern }) => pattern.test(words)).map(({ what }) => what)
}

/** GB 45438: the words that name the voice a machine's and synthetic. */
export function namesTheVoice(words: string): boolean {
  return /AI|人工智能/iu.test(words) && /合成|生成/u.test(words)
}

export function admitsMachine(words: string): boolean {
  return /AI|人工智能|机器人|语音助手/iu.test(words)
}
