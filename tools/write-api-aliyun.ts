// Writes docs/api-aliyun.md from the table of operations. A test holds that the page is up to date: `node tools/write-api-aliyun.ts` rewrites it.
import { writeFileSync } from 'node:fs'
import path from 'node:path'
import { operations } from '../src/api/aliyun/index.ts'
import { receiptRenderer } from '../src/api/aliyun/receipts.ts'
import { statusOf } from '../src/api/aliyun/status-codes.ts'
import { wireStatusOf } from '../src/api/aliyun/tasks/task-status.ts'
import { outcomes } from '../src/call/end-reason.ts'
import { programRoot } from '../src/config.ts'
import type { ReceiptKind } from '../src/db/receipt-moments.ts'
import { sampleFacts } from '../src/dialer/receipt-desk.ts'
import { receiptDefaults } from '../src/dialer/settings.ts'
import { statusWords, type TaskStatus } from '../src/dialer/tasks/life-cycle.ts'

const treatments = { honoured: '支持 honoured', ignored: '忽略 ignored', differs: '有差异 differs' } as const

/** What can be done with a task in each state. */
const stateRows: Record<TaskStatus, string> = {
  draft: 'uploaded to, started, scheduled, cancelled, deleted',
  scheduled: 'uploaded to, started at once, scheduled anew, CancelOrderRobotTask, cancelled',
  running: 'uploaded to, stopped, cancelled',
  paused: 'uploaded to, started (goes on), scheduled, cancelled',
  'stopped-by-system': 'uploaded to, started (goes on), scheduled, cancelled; too many failures, or the budget used up',
  'out-of-money': 'uploaded to, stopped, started, cancelled; goes on by itself with a balance',
  cancelled: 'deleted',
  finished: 'deleted',
}

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
    'npm run waihu -- callback-server set acc_… https://example.com/call/ai   # for SmartCall; or PUT /api/v1/account/callback_server',
    'npm run waihu -- callback-server test acc_…                    # one callback, and how its answer is read',
    'npm run waihu -- receipts set acc_… https://example.com/receipts         # call reports; or PUT /api/v1/account/receipts',
    '```',
    '',
    '| client | settings |',
    '| --- | --- |',
    "| `@alicloud/pop-core` | `new RPCClient({ accessKeyId, accessKeySecret, endpoint: 'http://127.0.0.1:8080', apiVersion: '2017-05-25' })`, then `request('SingleCallByTts', { CalledNumber, TtsCode, TtsParam }, { method: 'POST' })` |",
    "| `@alicloud/openapi-client`, `@alicloud/openapi-core`, and the generated SDKs made on them | `endpoint: '127.0.0.1:8080'` without a scheme, `protocol: 'http'`; V3 signatures, or V1 with `signatureAlgorithm: 'v2'` |",
    "| `aliyun-sdk` | `new ALY.DYVMSAPI({ accessKeyId, secretAccessKey, endpoint: 'http://127.0.0.1:8080', apiVersion: '2017-05-25' })`; it sends no temporary credentials |",
    "| Java, new: `com.aliyun:dyvmsapi20170525` | `new Config().setAccessKeyId(…).setAccessKeySecret(…).setEndpoint(\"127.0.0.1:8080\").setProtocol(\"http\")` |",
    "| Java, old: `aliyun-java-sdk-dyvmsapi` | `DefaultProfile.addEndpoint(\"cn-hangzhou\", \"cn-hangzhou\", \"Dyvmsapi\", \"127.0.0.1:8080\")` |",
    "| Python: `alibabacloud_dyvmsapi20170525` | `Config(access_key_id=…, access_key_secret=…, endpoint='127.0.0.1:8080', protocol='http')` |",
    '| Go: `github.com/alibabacloud-go/dyvmsapi-20170525` | `&openapi.Config{AccessKeyId: …, AccessKeySecret: …, Endpoint: tea.String("127.0.0.1:8080"), Protocol: tea.String("http")}` |',
    "| PHP: `alibabacloud/dyvmsapi-20170525` | `new Config(['accessKeyId' => …, 'accessKeySecret' => …, 'endpoint' => '127.0.0.1:8080', 'protocol' => 'http'])` |",
    '',
    'Clients in Node are in the tests of every change; those of other languages take the same two settings and sign in the same two ways, but are not run here. Behind a proxy keep the `Host` header: V3 signs it.',
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
    'An operation that is not listed is answered with `InvalidAction.NotFound`.',
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
    ...robotsPage,
    ...callbackPage,
    ...receiptsPage(),
    '## Choices where the published text is silent',
    '',
    '* Business errors are HTTP 200 (see above).',
    '* A call that was answered is `200000` when its text was heard to the end at least once, or its conversation came to something, else `200001`; other codes follow the outcome (`src/api/aliyun/status-codes.ts`).',
    '* `CallId` is 12 digits, `^`, 12 digits; encode the `^` in URLs.',
    '* Numbers that are never dialled, the do-not-call list, calling hours, frequency and money hold here as for every other call: `isv.MOBILE_NUMBER_ILLEGAL`, `isv.COMPLAINT_REJECT`,',
    '  `isv.VOICE_CALL_PERIOD_ERROR`, `isv.BUSINESS_LIMIT_CONTROL`, `isv.AMOUNT_NOT_ENOUGH`.',
    '',
  ].join('\n')
}

const robotsPage = [
  '## Robots and tasks',
  '',
  'A robot (`DialogId`) is a script (话术): the six that come with the program, and those that an account has written, reviewed and published ([scripts.md](scripts.md)). `QueryRobotv2AllList` tells their numbers.',
  'Variables are named by `TtsParamHead` and take the kinds of value that the script says; `org` is the organisation of the account where it is not given.',
  '',
  "```js",
  "await client.request('BatchRobotSmartCall', { CalledNumber: '13800138000,13800138001', CalledShowNumber: '057100000000', DialogId: '100000004', TaskName: '停水', CorpName: '阳光物业',",
  "  TtsParamHead: '[\"name\",\"content\"]', TtsParam: '[{\"number\":\"13800138000\",\"params\":[\"张伟\",\"明天停水\"]},{\"number\":\"all\",\"params\":[\"业主\",\"明天停水\"]}]' }, { method: 'POST' })",
  "```",
  '',
  '| state | published | may be |',
  '| --- | --- | --- |',
  ...Object.entries(stateRows).map(([status, may]) => `| ${statusWords[status as TaskStatus]} | \`${wireStatusOf(status as TaskStatus)}\` | ${may} |`),
  '',
  '* Tasks are dialled within the hours of the installation, in fair turns with other tasks; pausing and cancelling take effect before the answer. What keeps one waiting is told by `GET /api/v1/tasks/{id}` and `waihu task`.',
  '* A task keeps the version of its script that was published when it was made. Dates in variables (明天) count from the day they were handed in.',
  '* Receipts of its calls have `out_id` `ALICOM_SMART_SAAS^<TaskId>^<n>` (n: which call to the number), `dialog_id` the robot; `call_id` is `<TaskId>^<12 digits>`, good for QueryCallDetailByCallId too.',
  '* Of the turns of a callee, `sureCount` are yes, `denyCount` no, `rejectCount` refusals and wishes not to be called, `customCount` other ways of the script, `knowledgeBusinessCount` questions that its knowledge answers,',
  '  `knowledgeCommonCount` what every robot answers (who is calling, say it again), `defaultCount` what was not understood. `label` is the grade A–F, `tags` are the tags of the script.',
  '* Codes: a company name or robot that is not the account\'s, or an operation that the state of a task does not allow, is `isv.INVALID_PARAMETERS` (StartRobotTask: `isv.VOICE_CALL_FAIL`); a number to show that is no trunk\'s `isv.BILLID_NOT_EXIST`;',
  '  a start outside of the hours `isv.VOICE_ROBOT_NOT_PERIOD`; variables that are missing `isv.TEMPLATE_MISSING_PARAMETERS`, that the script does not know or cannot say `isv.TEMPLATE_PARAMS_ILLEGAL`.',
  '',
]

const callbackPage = [
  '## Test your SmartCall server here in five minutes',
  '',
  'A simulated callee answers, over real SIP and audio; nothing is dialled and nothing is to pay. `scripts/smartcall-server.ts` and `scripts/smartcall_server.py` are the same callback server,',
  'each a whole one in a few lines without anything to install: take the one whose language you read, or put yours in its place.',
  '',
  '```sh',
  'WEBHOOK_PRIVATE=on npm start                                   # callback servers on this machine are allowed',
  'npx node scripts/smartcall-server.ts 9000                      # the callback server; prints every turn. Or: python3 scripts/smartcall_server.py 9000',
  'WEBHOOK_PRIVATE=on npm run waihu -- callback-server set acc_… http://127.0.0.1:9000/',
  'WEBHOOK_PRIVATE=on npm run waihu -- callback-server test acc_…',
  '```',
  '',
  "Then `request('SmartCall', { CalledNumber: '13800138001', CalledShowNumber: '057100000000', VoiceCode: '$name$', VoiceCodeParam: JSON.stringify({ name: '您好，有您的包裹。' }) }, { method: 'POST' })` with any",
  'client. `waihu why` tells the call from the beginning, mistakes of the callback server included.',
  '',
  '## The callback server of SmartCall',
  '',
  'After the answer the opening (`VoiceCode`) plays by itself. From then on each event is one `POST` to the account\'s address with `content_type`, `content` (JSON, all values texts), `call_id` and',
  '`timestamp`, as a form, or behind `?` with `parameters: query`; never both, and a query that the address already has is kept. One request per call is in flight, in the order of the events.',
  '',
  '| content_type | when | content |',
  '| --- | --- | --- |',
  '| `normal` | the callee finished a sentence, or, with StreamAsr, is in the middle of one | role `B`, identity `id2`, words, begin_offset, end_offset (ms since the answer), begin_time (s), asr_begin_time, asr_end_time (ms), is_playing, current_media_code, play_begin_time, play_end_time (`0` while it plays), record_begin_time with RecordFlag, dynamic_id |',
  '| `mute` | silence of the mute time since the last word of either side, again and again | dynamic_id |',
  '| `timebreak` | a voice over a media with a time-break lasted that long and stopped it; the sentence follows | current_media_code, asr_begin_time, play_begin_time, dynamic_id |',
  '| `dtmf` | the keys of a `dtmf` action; `noInputTimeout` for none | dtmf_digits, dynamic_id |',
  '| `parallel_transfer` | the colleague answered, or was not to be had | transfer_status, fail_cause, is_monitor, cc_name, dynamic_id |',
  '',
  '| action | here |',
  '| --- | --- |',
  '| `play` | plays action_code (files, addresses, `$variables$`); see below what it interrupts |',
  '| `break` | stops what plays |',
  '| `continue`, `donothing`, an unknown action | nothing changes; an unknown one is told in the log of the call |',
  '| `hangup` | hangs up after its action_code, and after what may not be interrupted |',
  '| `transfer` | calls `number` while the callee waits; the server is asked no more. Where that fails the call ends politely |',
  '| `dtmf` | plays action_code, then collects keys: dtmf_nonin_overtime 3–60 s (3), dtmf_max_numbers 1–50, dtmf_end_character |',
  '| `parallel_transfer` | calls the number of `cc_name` (`call_centres` of the settings), else `number`, while the conversation goes on. `transfer_playfile` (files or addresses, 30 s at most) is played to them first; then they listen, and parallel_transfer tells of it |',
  '| `parallel_bridge` | joins the two, as does SmartCallOperate; not with is_monitor |',
  '',
  '* Media with action_code_break=false is heard to its end, whatever comes. Other media that is heard is stopped by an action with action_break=true that has something to put in its place, by `break`, `hangup` and',
  '  `transfer`, and by a voice that lasts for action_code_time_break. Words alone stop nothing: the server decides. Murmurs over what plays (嗯) are not reported.',
  '  What still waits is dropped with what is stopped, unless it has action_code_break=false itself: then it is heard next. Tests hold every combination, down to what the callee hears.',
  '* Answers are read tolerantly: action_code_param as text or object, booleans and numbers as texts, `code`, `msg` and `call_id` may be missing. An answer for another call is a failure.',
  '* A turn fails by a time-out (5 s, retries included), a status that is not 2xx, a redirect, more than 64 KiB, invalid UTF-8, no JSON object, `result=fail`, no action. While it takes long the callee hears',
  '  `waiting`, after a failure `fallback`, after three in a row `closing` and the call ends. Why is in the log of the call, in each `noted` event with a `problem`.',
  '* Failed connections, 5xx and 429 are tried again `retries_max` times within the time-out: the server may then see a turn twice. Default 0.',
  '* Recordings by address: WAV or MP3, at most 10 MiB and five minutes, within 3 s, kept for ten minutes. Private addresses are refused for them and for callbacks unless `WEBHOOK_PRIVATE=on`.',
  '* With EarlyMediaAsr, what the network said before the answer is one `normal` with current_media_code `early_media`, sent when the ringing is over, answered or not; its answer can only set dynamic_id.',
  '* A machine that picks up is treated as the installation has it (by default the call ends), without asking.',
  '* With StreamAsr the words so far are told while the callee speaks, in the same shape as a sentence, at most one request at a time; an answer takes effect at once, and the whole sentence follows as',
  '  `normal`. A turn of this kind that fails costs nothing: the sentence is told anyway.',
  '* Not there yet: inbound `callin`.',
  '',
]

function receiptsPage(): string[] {
  const render = receiptRenderer({ recordingLink: (_account, callId) => `https://calls.example.com/api/v1/callinfo/recording/${callId}?token=…` })
  const sample = (kind: ReceiptKind) => JSON.stringify(render(sampleFacts(kind, 'acc_1', Date.parse('2026-11-20T12:00:27+08:00'))))
  const codes = Map.groupBy(outcomes, (outcome) => Object.values(statusOf({ outcome }, 'delivered')).join(' · '))
  const { timeoutMs, backoffMs, batchMax, backlogMax, keepDeadMs } = receiptDefaults
  const minutes = backoffMs.map((ms) => ms / 60_000)
  return [
    '## Receipts',
    '',
    'What becomes of calls is pushed to addresses of the account, one for each type of message: `POST`, UTF-8, the body a JSON array of one or more records. Only calls that were placed by this face have',
    'receipts. Without an address nothing is kept for it.',
    '',
    '```sh',
    'npm run waihu -- receipts set acc_… https://example.com/receipts --types VoiceReport,VoiceRecordReport   # or PUT /api/v1/account/receipts; without --types all of them',
    'npm run waihu -- receipts test acc_… --type VoiceReport       # one sample now, and whether the answer counts as taken; or POST …/receipts/test',
    'npm run waihu -- receipts failed acc_…                        # what was given up, and how many wait; or GET …/receipts/failed',
    'npm run waihu -- receipts replay acc_…                        # sends what was given up again, all or by id; or POST …/receipts/replay',
    '```',
    '',
    '| type | when | sample record |',
    '| --- | --- | --- |',
    `| VoiceReport | the call is over and settled | \`${sample('report')}\` |`,
    `| VoiceCallReport | 200101 calling, 200201 ringing, 200102 answered, 300000 a key was pressed (\`dtmf\`), 200100 over; between two parties also 200102 calling, 200202 ringing, 200103 answered of the second | \`${sample('progress')}\` |`,
    `| VoiceRecordReport | the call is over and was recorded; the address is good for seven days from sending and needs \`PUBLIC_URL\` to be one that the receiver reaches | \`${sample('recording')}\` |`,
    `| VoiceRTASRReport | ClickToDial: each sentence of either party | \`${sample('live-text')}\` |`,
    '',
    '* All values are texts, but for `b_duration` and the offsets. What did not happen is `""`. Times are those of China, `yyyy-MM-dd HH:mm:ss`.',
    '* SingleCallByTts, SingleCallByVoice and IvrCall have `dtmf` and no fields of the called leg; SmartCall has `early_media_code` with EarlyMediaAsr, `parallel_leg_hangup_cause` after a transfer that failed,',
    '  `voice_type` `smart_transfer` after one that did not; robot tasks have `dialog_id` (the number of the script) and `out_id` `ALICOM_SMART_SAAS^<task>^<attempt>`.',
    `* Taken is HTTP 200 within ${timeoutMs} ms with a JSON object whose \`code\` is a number, whatever number. Anything else is tried again ${minutes.join(', ')} minutes after the failure before; then the receipt is given up.`,
    `* At least once: a receipt is written in the transaction of its event, and its id is the same however often it is sent. The ids of a batch (at most ${batchMax} records) are in the header`,
    '  `x-waihu-receipt-ids`, in the order of the records; the published records have no field for them. The order over batches is not promised.',
    '* `x-waihu-signature` signs the body as for [webhooks](api-stepone.md) when the account has a webhook, with its secret. Redirects are not followed; private addresses only with `WEBHOOK_PRIVATE=on`.',
    '* After 400, 413 or 422 to a batch its records go one by one. An address that fails gets one batch at a time, seconds apart, and takes nothing from others;',
    `  more than ${backlogMax} receipts waiting for one address are given up, those furthest from their turn first. What was given up is kept for ${keepDeadMs / 86_400_000} days. \`waihu why\` tells what could not be delivered.`,
    '',
    'Codes of an ending, in receipts as in queries (`status_code` · `smart_status_code` · `status_msg`); an answered call that came to nothing, its text not heard to its end, is 200001:',
    '',
    '| codes | outcome here |',
    '| --- | --- |',
    ...[...codes].map(([code, of]) => `| ${code} | ${of.map((outcome) => `\`${outcome}\``).join(', ')} |`),
    '',
  ]
}

function cell(text: string): string {
  return text.replaceAll('|', '\\|')
}

if (process.argv[1] === import.meta.filename) writeFileSync(path.join(programRoot, 'docs/api-aliyun.md'), apiAliyunPage())
