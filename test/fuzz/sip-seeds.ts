// Knows the whole messages, values and descriptions that fuzzing begins from. Does not know how they are damaged.
// $BRANCH, $CALL and $OURS stand for what our own INVITE said, $INTAG for the tag of ours in the last call that came in,
// $NONCE and $RESPONSE for the last challenge of our registrar and the right answer to it, $N for the number of the message.
import { tortureMessages } from '../../src/sip/torture-messages.ts'

const crlf = (text: string): string => text.replaceAll('\n', '\r\n')

export const sdpSeeds: readonly string[] = [
  'v=0\no=- 1 1 IN IP4 192.0.2.9\ns=-\nc=IN IP4 192.0.2.9\nt=0 0\nm=audio 7000 RTP/AVP 8 0 101\na=rtpmap:8 PCMA/8000\na=rtpmap:0 PCMU/8000\na=rtpmap:101 telephone-event/8000\na=fmtp:101 0-15\na=ptime:20\na=sendrecv\n',
  'v=0\no=carrier 5 6 IN IP4 10.1.1.1\ns=call\ni=x\nu=http://x\ne=a@b\nc=IN IP4 0.0.0.0\nb=AS:64\nt=0 0\na=sendonly\nm=audio 49170 RTP/AVP 18 8 97\na=rtpmap:18 G729/8000\na=fmtp:18 annexb=no\na=rtpmap:97 telephone-event/8000\na=maxptime:60\na=rtcp:49171\n',
  'v=0\no=- 1 2 IN IP6 2001:db8::1\ns=-\nc=IN IP6 2001:db8::1\nt=0 0\nm=audio 5004 RTP/AVP 96 9 8 13\na=rtpmap:96 opus/48000/2\na=fmtp:96 useinbandfec=1;minptime=10\na=rtpmap:9 G722/8000\na=rtcp-mux\na=inactive\nm=video 0 RTP/AVP 31\n',
  'v=0\no=- 7 7 IN IP4 192.0.2.9\ns=-\nt=0 0\nm=image 5000 udptl t38\nc=IN IP4 192.0.2.9\nm=audio 6000 RTP/SAVP 8 101\nc=IN IP4 192.0.2.10/127\na=crypto:1 AES_CM_128_HMAC_SHA1_80 inline:WVNfX19zZW1jdGwgKCkgewkyMjA7fQp9CnVubGVz|2^20|1:4\na=crypto:2 AES_CM_128_HMAC_SHA1_32 inline:NzB4d1BINUAvLEw6UzF3WSJ+PSdFcGdUJShpX1Zj UNENCRYPTED_SRTCP\na=recvonly\n',
].map(crlf)

const sdp = sdpSeeds[0]!
const request = (method: string, from: string, to: string, callId: string, more: string, body = ''): string =>
  crlf(`${method} sip:02160001000@10.0.0.1:5060 SIP/2.0\nVia: SIP/2.0/UDP 10.0.0.2:5060;branch=z9hG4bK$N;rport\nMax-Forwards: 70\nFrom: ${from}\nTo: ${to}\nCall-ID: ${callId}\nCSeq: $N ${method}\nContact: <sip:peer@10.0.0.2:5060>\n${more}Content-Length: ${body.length}\n\n`) + body
const response = (status: string, more: string, body = ''): string =>
  crlf(`SIP/2.0 ${status}\nVia: SIP/2.0/UDP 10.0.0.1:5060;branch=$BRANCH;rport=5060;received=10.0.0.1\nFrom: <sip:02160001000@carrier.example>;tag=$OURS\nTo: <sip:13800138000@carrier.example>;tag=peer\nCall-ID: $CALL\nCSeq: 1 INVITE\nContact: <sip:peer@10.0.0.2:5060>\n${more}Content-Length: ${body.length}\n\n`) + body
const typed = 'Content-Type: application/sdp\n'
const challenge = 'Digest realm="carrier", nonce="84a4cc6f3082121f32b42a2187831a9e", algorithm=MD5, qop="auth,auth-int", opaque="5ccc069c403ebaf9f0171e9517f40e41", stale=FALSE'

/** Inside the call we placed. */
const inside = (method: string, more = '', body = ''): string => request(method, '<sip:13800138000@carrier.example>;tag=peer', '<sip:02160001000@carrier.example>;tag=$OURS', '$CALL', more, body)
/** A call to us, and inside it. */
const outside = (method: string, more = '', body = '', toTag = ''): string => request(method, '"张三" <sip:13800138000@carrier.example>;tag=in', `<sip:02160001000@10.0.0.1>${toTag}`, 'in-call@10.0.0.2', more, body)

export const messageSeeds: readonly string[] = [
  outside('INVITE', `Supported: timer, 100rel\nSession-Expires: 1800;refresher=uac\nMin-SE: 90\nAllow: INVITE, ACK, BYE\nRecord-Route: <sip:10.0.0.9;lr>, <sip:10.0.0.8:5070;lr=on>\nP-Asserted-Identity: <tel:+8613800138000;phone-context=+86>\n${typed}`, sdp),
  outside('INVITE'),
  outside('INVITE', 'Content-Type: multipart/mixed;boundary="b1"\n', `--b1\r\nContent-Type: application/ISUP;version=x\r\n\r\n\x01\0\r\n--b1\r\nContent-Type: application/sdp\r\n\r\n${sdp}\r\n--b1--\r\n`),
  outside('ACK', '', '', ';tag=$INTAG'),
  outside('BYE', 'Reason: Q.850;cause=16;text="Normal call clearing"\n', '', ';tag=$INTAG'),
  outside('CANCEL', 'Reason: SIP;cause=200;text="Call completed elsewhere"\n'),
  outside('PRACK', 'RAck: 1 1 INVITE\n', '', ';tag=$INTAG'),
  outside('OPTIONS', 'Accept: application/sdp\n'),
  request('REGISTER', '<sip:gw@10.0.0.1>;tag=reg', '<sip:gw@10.0.0.1>', 'reg@10.0.0.2', 'Expires: 60\nAuthorization: Digest username="gw", realm="waihu", nonce="abc", uri="sip:10.0.0.1", response="0123456789abcdef0123456789abcdef", algorithm=MD5, cnonce="x", qop=auth, nc=00000001\n'),
  request('REGISTER', '<sip:gw@10.0.0.1>;tag=reg', '<sip:gw@10.0.0.1>', 'reg@10.0.0.2', 'Expires: 60\nAuthorization: Digest username="gw", realm="waihu", nonce="$NONCE", uri="sip:10.0.0.1", response="$RESPONSE", algorithm=MD5, cnonce="x", qop=auth, nc=00000001\n'),
  request('REGISTER', '<sip:gw@10.0.0.1>;tag=reg', '<sip:gw@10.0.0.1>', 'reg@10.0.0.2', 'Contact: *\nExpires: 0\nAuthorization: Digest username="gw", realm="waihu", nonce="$NONCE", uri="sip:10.0.0.1", response="$RESPONSE", cnonce="x", qop=auth, nc=00000001\n'),
  inside('BYE', 'Reason: SIP;cause=486, Q.850;cause=17\n'),
  inside('INVITE', typed, sdpSeeds[1]!),
  inside('INVITE'),
  inside('UPDATE', `Session-Expires: 90;refresher=uas\n${typed}`, sdp),
  inside('ACK'),
  inside('INFO', 'Content-Type: application/dtmf-relay\n', 'Signal=5\r\nDuration=160\r\n'),
  inside('NOTIFY', 'Event: refer;id=2\nSubscription-State: active;expires=60\nContent-Type: message/sipfrag\n', 'SIP/2.0 180 Ringing\r\n'),
  inside('REFER', 'Refer-To: <sip:4001@10.0.0.3?Replaces=a%40b%3Bto-tag%3Dc>\nReferred-By: <sip:x@y>\n'),
  response('100 Trying', ''),
  response('180 Ringing', 'Require: 100rel\nRSeq: 1\n'),
  response('183 Session Progress', `Require: 100rel\nRSeq: 2\nP-Early-Media: sendrecv\n${typed}`, sdp),
  response('200 OK', `Session-Expires: 90;refresher=uac\nRequire: timer\nAllow: INVITE, UPDATE\nRecord-Route: <sip:10.0.0.9;lr>\n${typed}`, sdp),
  response('200 OK', typed, sdp).replace('tag=peer', 'tag=fork'),
  response('302 Moved', 'Contact: <sip:fraud@10.6.6.6>\n'),
  response('401 Unauthorized', `WWW-Authenticate: ${challenge}\nWWW-Authenticate: ${challenge.replace('MD5', 'SHA-256')}\n`),
  response('407 Proxy Authentication Required', `Proxy-Authenticate: ${challenge}\n`),
  response('422 Session Interval Too Small', 'Min-SE: 3600\n'),
  response('486 Busy Here', 'Reason: Q.850;cause=17;text="User busy"\nWarning: 399 carrier "busy"\n'),
  response('503 Service Unavailable', 'Retry-After: 10 (maintenance);duration=3600\n'),
  response('200 OK', '').replace('CSeq: 1 INVITE', 'CSeq: 1 CANCEL'),
  response('200 OK', 'Contact: <sip:1001@10.0.0.1:5060>;expires=60\nExpires: 60\n').replace('1 INVITE', '1 REGISTER'),
]

export const tortureSeeds: readonly string[] = tortureMessages.map(({ bytes }) => bytes.toString('latin1'))

/** Values of single headers. */
export const valueSeeds: readonly string[] = [
  '"张三 \\"x\\"" <sip:13800138000@carrier.example:5061;transport=tls;user=phone?Subject=a&X=b>;tag=abc;q=0.7',
  'sip:user;par=u%40example.net:pass@[2001:db8::9:1]:5070;maddr=239.255.255.1;ttl=15;lr',
  'tel:+86-138-0013-8000;phone-context=+86;ext=22;isub=1',
  'SIP / 2.0 / UDP  192.0.2.1:5060 ;received=10.0.0.1;rport=4;branch=z9hG4bKabc;ttl=16;maddr=224.2.0.1 (comment (nested))',
  '2147483647 INVITE',
  'Q.850;cause=16;text="Normal \\"call\\" clearing"',
  `Digest realm="a\\"b", domain="sip:x y", nonce="n", opaque="o", stale=true, algorithm=SHA-256-sess, qop="auth-int, auth", userhash=false`,
  'Digest username="gw", realm="waihu", nonce="abc", uri="sip:10.0.0.1", response="0123456789abcdef0123456789abcdef", algorithm=MD5, cnonce="x", opaque="", qop=auth, nc=00000001',
  '1800;refresher=uac;x="y"',
  'sips:trunk.carrier.example;transport=tls',
  '<sip:4001@10.0.0.3?Replaces=a%40b%3Bto-tag%3Dc%3Bfrom-tag%3Dd>;x',
]
