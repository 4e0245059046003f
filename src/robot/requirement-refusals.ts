// Knows what a robot must never be asked to do on a call. Does not know how a requirement is understood.
import { InvalidInputError, RefusedError } from '../errors.ts'

export const requirementCharsMax = 2_000

const authority = '(?:公安|警察|民警|警官|派出所|刑警|交警|网警|法院|法官|检察院|检察官|法警|银监|反诈中心|社保局|税务局|海关|银行(?!卡)|信用卡中心)'
const claims: readonly { pattern: RegExp; what: string }[] = [
  { pattern: new RegExp(`(?:冒充|假装|假扮|伪装|扮演|自称|谎称|声称|装作|就说).{0,8}${authority}`, 'u'), what: '冒充公安、法院、银行等机构人员' },
  { pattern: new RegExp(`(?<![可所难足])以.{0,6}${authority}.{0,6}(?:名义|身份|口吻)`, 'u'), what: '以公安、法院、银行等机构的名义通知' },
  { pattern: new RegExp(`(?:我是|我们是|我这里是|这里是|这边是|你是|你们是|代表|我叫).{0,10}${authority}(?!.{0,4}(?:附近|旁边|对面|门口|路))`, 'u'), what: '自称公安、法院、银行等机构人员' },
  { pattern: new RegExp(`^(?:请|帮我|帮忙|麻烦)?[^，。；]{0,8}${authority}[^，。；]{0,4}(?:通知|提醒|告知|告诉|传唤)`, 'u'), what: '以公安、法院、银行等机构的名义通知' },
  { pattern: /(?:冒充|假装|假扮|伪装|扮演|自称|谎称|声称|装作|装成|就说|要说).{0,8}(?:真人|人工客服|活人|人类|不是机器人|不是AI)/iu, what: '冒充真人' },
  { pattern: /(?:我是|你是)(?:一个|一名|个)?(?:真人|人类|活人|真实的人)/u, what: '冒充真人' },
  { pattern: /(?:不要|别|不能|不许|不准|绝不|禁止|不得)[^，。；]{0,8}(?:说|承认|透露|提|告诉|暴露|让.{0,3}(?:知道|发现))[^，。；]{0,10}(?:机器人|AI|人工智能|智能语音|合成)/iu, what: '隐瞒机器人身份' },
  { pattern: /(?:pretend|claim|say)[^.]{0,20}(?:human|real person|police|court|bank)|(?:do not|don't|never)[^.]{0,15}(?:say|admit|reveal)[^.]{0,20}(?:ai|robot|bot)\b/iu, what: '冒充真人或机构人员' },
]

const secret = '(?:验证码|校验码|动态码|动态口令|密码|口令|卡号|银行卡|CVV|安全码|身份证号?码?|身份证)'
const asksForSecret: readonly RegExp[] = [
  new RegExp(`(?:索要|套取|获取|收集|骗取|问出|问到|要到|拿到|要他的|要她的|要您的|要一下).{0,8}${secret}`, 'iu'),
  new RegExp(`(?:询问|问一下|问问|问|请提供|提供|报一下|报出|念出|念一下|说出|说一下|告诉我|告知我|发给我|发我|发过来|回复|输入|核对|核实|确认).{0,10}${secret}(?!(?:已|是|为|：|:|错误|修改|重置|不要|的?办理))`, 'iu'),
  new RegExp(`${secret}[^，。；]{0,6}(?:是多少|是什么|多少|告诉我|发给我|报给我|报过来|说给我)`, 'iu'),
  /(?:ask|tell|give|read|provide)[^.]{0,30}(?:verification code|password|card number|cvv|\bpin\b)/iu,
]
/** 请勿将验证码告诉他人 warns, and 修改密码 does not ask for one. */
const warnsAboutSecret = new RegExp(`(?:请勿|不要|切勿|别|勿|谨防|注意|防止|不会|严禁|不得|never|do not|don't)[^，。；,.]{0,16}${secret}|(?:修改|重置|更改|设置|更换|办理|携带|带上|带好|带|出示|准备|凭|持|补办|领取)[^，。；,.]{0,6}${secret}`, 'giu')

/**
 * Checks what no conversation may be about.
 * Errors: InvalidInputError when empty or longer than `charsMax` characters, RefusedError 'not-allowed' when the text asks to deceive or to collect secrets.
 */
export function refuseForbidden(text: string, field: string, charsMax: number = requirementCharsMax): void {
  if (text.trim() === '') throw new InvalidInputError(field, '外呼需求不能为空：请用一句话写明通知谁、什么事，例如“通知张总明天上午9点开会”。')
  if (Array.from(text).length > charsMax) throw new InvalidInputError(field, `外呼需求不能超过${charsMax}字，请精简后重试。`)
  const flat = text.normalize('NFKC').replace(/\s+/gu, ' ')
  const claim = claims.find(({ pattern }) => pattern.test(flat) || pattern.test(flat.replaceAll(' ', '')))
  if (claim) throw new RefusedError('not-allowed', `外呼需求含有“${claim.what}”的内容，不能外呼。请如实说明委托方和事项。`)
  const withoutWarnings = flat.replaceAll(' ', '').replace(warnsAboutSecret, '')
  if (asksForSecret.some((pattern) => pattern.test(withoutWarnings) || pattern.test(flat.replace(warnsAboutSecret, '')))) {
    throw new RefusedError('not-allowed', '不能通过外呼索要验证码、密码、银行卡号或身份证号，请删除相关内容后重试。')
  }
}
