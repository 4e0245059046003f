// Knows which addresses reports may be sent to. Does not send them; the sender asks again with the address that the name resolved to.
import { BlockList, isIP } from 'node:net'
import { InvalidInputError } from '../errors.ts'

const urlCharsMax = 2_000

/**
 * The address in its normal form. Errors: InvalidInputError for anything but http and https, for user names in it,
 * and for addresses of this machine and of private networks unless they are allowed.
 */
export function checkWebhookUrl(text: string, rules: { privateAllowed: boolean }): string {
  if (text.length > urlCharsMax) throw refused(`过长，最多 ${urlCharsMax} 个字符`)
  const url = URL.parse(text)
  if (!url) throw refused('不是网址：请写成 https://example.com/calls 这样')
  if (url.protocol !== 'https:' && url.protocol !== 'http:') throw refused('应以 https:// 或 http:// 开头')
  if (url.username !== '' || url.password !== '') throw refused('不能带用户名密码：推送用签名证明来源')
  if (!rules.privateAllowed && isPrivateHost(url.hostname)) throw refused('指向内网，本服务不允许（自用可设 WEBHOOK_PRIVATE=on）')
  url.hash = ''
  return url.href
}

function refused(why: string): InvalidInputError {
  return new InvalidInputError('webhook_url', `推送地址${why}`)
}

/** By its name alone. URL parsing has turned forms like 0x7f.1 into dotted numbers. */
function isPrivateHost(hostname: string): boolean {
  const host = hostname.replace(/^\[|\]$/g, '').replace(/\.$/, '').toLowerCase()
  if (isIP(host)) return isPrivateAddress(host)
  return !host.includes('.') || /(^|\.)(localhost|local|internal|lan|home\.arpa)$/.test(host)
}

/** True for addresses that the public internet does not lead to. Source: IANA special-purpose address registries (RFC 6890). */
export function isPrivateAddress(address: string): boolean {
  const family = isIP(address)
  if (family === 0) return true
  return notPublic.check(address, family === 4 ? 'ipv4' : 'ipv6')
}

const notPublic = new BlockList()
for (const [net, bits] of [
  ['0.0.0.0', 8],
  ['10.0.0.0', 8],
  ['100.64.0.0', 10], // also where some clouds keep their metadata service
  ['127.0.0.0', 8],
  ['169.254.0.0', 16],
  ['172.16.0.0', 12],
  ['192.0.0.0', 24],
  ['192.0.2.0', 24],
  ['192.88.99.0', 24],
  ['192.168.0.0', 16],
  ['198.18.0.0', 15],
  ['198.51.100.0', 24],
  ['203.0.113.0', 24],
  ['224.0.0.0', 4],
  ['240.0.0.0', 4],
] as const) {
  notPublic.addSubnet(net, bits, 'ipv4')
}
for (const [net, bits] of [
  ['::', 96], // unspecified, loopback, and the old embedding of IPv4
  ['64:ff9b::', 96], // leads to IPv4, private ones too
  ['64:ff9b:1::', 48],
  ['100::', 64],
  ['2001::', 23],
  ['2001:db8::', 32],
  ['2002::', 16], // 6to4
  ['3fff::', 20],
  ['fc00::', 7],
  ['fe80::', 10],
  ['fec0::', 10],
  ['ff00::', 8],
] as const) {
  notPublic.addSubnet(net, bits, 'ipv6')
}
