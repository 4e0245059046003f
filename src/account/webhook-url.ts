// Knows which addresses reports may be sent to. Does not send them; the sender asks again with the address that the name resolved to.
import { isIP } from 'node:net'
import { InvalidInputError } from '../errors.ts'
import { isPrivateAddress } from '../public-address.ts'

const urlCharsMax = 2_000

/**
 * The address in its normal form. Errors: InvalidInputError for anything but http and https, for user names in it,
 * and for addresses of this machine and of private networks unless they are allowed.
 */
export function checkWebhookUrl(text: string, rules: { privateAllowed: boolean }, about = { field: 'webhook_url', what: '推送地址' }): string {
  const refused = (why: string) => new InvalidInputError(about.field, `${about.what}${why}`)
  if (text.length > urlCharsMax) throw refused(`过长，最多 ${urlCharsMax} 个字符`)
  const url = URL.parse(text)
  if (!url) throw refused('不是网址：请写成 https://example.com/calls 这样')
  if (url.protocol !== 'https:' && url.protocol !== 'http:') throw refused('应以 https:// 或 http:// 开头')
  if (url.username !== '' || url.password !== '') throw refused('不能带用户名密码')
  if (!rules.privateAllowed && isPrivateHost(url.hostname)) throw refused('指向内网，本服务不允许（自用可设 WEBHOOK_PRIVATE=on）')
  url.hash = ''
  return url.href
}

/** By its name alone. URL parsing has turned forms like 0x7f.1 into dotted numbers. */
function isPrivateHost(hostname: string): boolean {
  const host = hostname.replace(/^\[|\]$/g, '').replace(/\.$/, '').toLowerCase()
  if (isIP(host)) return isPrivateAddress(host)
  return !host.includes('.') || /(^|\.)(localhost|local|internal|lan|home\.arpa)$/.test(host)
}
