// Writes docs/api-aliyun.md from the table of operations. A test holds that the page is up to date: `node tools/write-api-aliyun.ts` rewrites it.
import { writeFileSync } from 'node:fs'
import path from 'node:path'
import { operations } from '../src/api/aliyun/index.ts'
import { programRoot } from '../src/config.ts'

const treatments = { honoured: '支持 honoured', ignored: '忽略 ignored', differs: '有差异 differs' } as const

/** The page as text. */
export function apiAliyunPage(): string {
  return [
    '# The Alibaba Cloud face',
    '',
    'Clients of Alibaba Cloud Voice Service (product `Dyvmsapi`, version `2017-05-25`) work here with another endpoint and another key. The gateway is at `/` of the same port as everything',
    'else. This page is made from the table of operations in `src/api/aliyun/index.ts` by `tools/write-api-aliyun.ts`; the tests run the vendors\' own clients against it, unmodified.',
    '',
    '## A first call',
    '',
    '```sh',
    'npm run waihu -- account list                                  # acc_…',
    'npm run waihu -- access-key create acc_…                       # AccessKeyId and AccessKeySecret, shown once; or POST /api/v1/account/access_keys',
    "npm run waihu -- tts-template put acc_… TTS_1 '${name}您好，您的快递到了。'",
    'npm run waihu -- voice-file add acc_… welcome.wav              # WAV or MP3, at most five minutes',
    '```',
    '',
    '| client | settings |',
    '| --- | --- |',
    "| `@alicloud/pop-core` | `new RPCClient({ accessKeyId, accessKeySecret, endpoint: 'http://127.0.0.1:8080', apiVersion: '2017-05-25' })`, then `request('SingleCallByTts', { CalledNumber, TtsCode, TtsParam }, { method: 'POST' })` |",
    "| `@alicloud/openapi-client`, `@alicloud/openapi-core`, and the generated SDKs made on them | `endpoint: '127.0.0.1:8080'` without a scheme, `protocol: 'http'`; V3 signatures, or V1 with `signatureAlgorithm: 'v2'` |",
    "| `aliyun-sdk` | `new ALY.DYVMSAPI({ accessKeyId, secretAccessKey, endpoint: 'http://127.0.0.1:8080', apiVersion: '2017-05-25' })`; it sends no temporary credentials |",
    '| other languages | the same two settings, `endpoint` (host:port) and `protocol` (http); behind a proxy keep the `Host` header, V3 signs it |',
    '',
    '## Requests',
    '',
    '* GET and POST at `/`; parameters in the query, in a form body, or in both. A name may come twice only with the same value. Unknown parameters are ignored, and signed like all others.',
    '* V1 (HMAC-SHA1, known by the parameter `Signature`) and V3 (`Authorization: ACS3-HMAC-SHA256`). Of V3 headers, the operation, version, date, nonce and body hash must be among the signed ones.',
    '* The clock may be 15 minutes off, either way; fractions of a second are accepted. A nonce is good for once per key, over all processes and restarts.',
    '* `Format` is `JSON` or `XML` in any case; without it V1 requests get XML, V3 requests what `Accept` says.',
    '* Temporary credentials: `waihu access-key temporary acc_… WHAK… --seconds 3600` prints an `STS.` key with its `SecurityToken`. They end by themselves, or with the key they were made from.',
    '* A disabled key (`access-key disable`) answers `InvalidAccessKeyId.Inactive`, a removed one is unknown; both within five seconds in all processes. Secrets are stored sealed.',
    '* The limits per second below are counted by account and operation in each process; more are answered with `Throttling.User`. An address that sends more than 100 requests a second that nobody',
    '  can be held to account for gets `Throttling`.',
    '* Overload is `ServiceUnavailable` (503): nothing was done, send it again with a new nonce, as the clients do.',
    '',
    '## Errors',
    '',
    'Errors of the gateway have their published HTTP status and `RequestId`, `HostId`, `Code`, `Message`. Errors of the business (`isv.…`) are HTTP 200 with `Code` and `Message` in the shape of a success:',
    'published clients read `Code` after a normal return. The message of `SignatureDoesNotMatch` ends with what should have been signed.',
    '',
    '## Operations',
    '',
    'An operation that is not listed is answered with `InvalidAction.NotFound`; SmartCall is among them until its callback robot is there.',
    '',
    ...Object.entries(operations).flatMap(([name, { summary, perSecondMax, parameters, answers, notes = [] }]) => [
      `### ${name}`,
      '',
      `${summary}。每账户每秒 ${perSecondMax} 次。`,
      '',
      '| parameter | type | required | here | rule |',
      '| --- | --- | --- | --- | --- |',
      ...Object.entries(parameters).map(([parameter, { type, required, does, rule }]) => `| ${parameter} | ${type} | ${required ? '是 yes' : ''} | ${treatments[does]} | ${cell(rule)} |`),
      '',
      ...Object.entries(answers).map(([field, meaning]) => `* 返回 \`${field}\`：${meaning}`),
      ...notes.map((note) => `* ${note}`),
      '',
    ]),
    '## Choices where the published text is silent',
    '',
    '* Business errors are HTTP 200 (see above).',
    '* A call that ended is `200000` when its text was heard to the end at least once, else `200001`; other codes follow the outcome (`src/api/aliyun/status-codes.ts`).',
    '* `CallId` is 12 digits, `^`, 12 digits; encode the `^` in URLs.',
    '* Numbers that are never dialled, the do-not-call list, calling hours, frequency and money hold here as for every other call: `isv.MOBILE_NUMBER_ILLEGAL`, `isv.COMPLAINT_REJECT`,',
    '  `isv.VOICE_CALL_PERIOD_ERROR`, `isv.BUSINESS_LIMIT_CONTROL`, `isv.AMOUNT_NOT_ENOUGH`.',
    '',
  ].join('\n')
}

function cell(text: string): string {
  return text.replaceAll('|', '\\|')
}

if (process.argv[1] === import.meta.filename) writeFileSync(path.join(programRoot, 'docs/api-aliyun.md'), apiAliyunPage())
