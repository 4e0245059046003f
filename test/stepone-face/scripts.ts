// The shell scripts against the whole program, and the clients that existed before it.
import assert from 'node:assert/strict'
import { execFile, spawn } from 'node:child_process'
import { mkdir, mkdtemp, rm, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import path from 'node:path'
import { test } from 'node:test'
import { programRoot } from '../../src/config.ts'
import type { Platform } from '../world/platform.ts'
import { Customer, number, requirement } from './customer.ts'

type Run = { status: number; out: string; err: string }

/** Runs with nothing in the environment but what is given, as on a machine where only the scripts were copied to. */
function run(file: string, args: readonly string[], env: { [name: string]: string }): Promise<Run> {
  return new Promise((resolve) => {
    execFile('sh', [file, ...args], { env: { PATH: process.env['PATH'] ?? '', HOME: '/nonexistent', ...env }, timeout: 120_000 }, (error, out, err) => {
      resolve({ status: error ? Number(error.code ?? 99) : 0, out, err })
    })
  })
}

const script = (name: string) => path.join(programRoot, 'scripts', name)
const compact = (json: string) => assert.equal(JSON.stringify(JSON.parse(json)), json, 'compact JSON')

export function scripts(platform: () => Platform): void {
  /** The scripts as a newcomer runs them: nothing set but where the server keeps its data. */
  const sh = (name: string, ...args: string[]) => run(script(name), args, { DATA_DIR: platform().dataDir, STEPONEAI_POLL_SECONDS: '1' })

  test('the scripts place a call, show it live and show its result, with answers of the published shapes', { timeout: 150_000 }, async () => {
    const placed = await sh('callout.sh', number.confirms, requirement)
    assert.deepEqual([placed.status, placed.err], [0, ''])
    const id = /^✅ 已受理 1 个呼叫\ncall_id: ([a-zA-Z0-9^_-]+)\n/.exec(placed.out)?.[1]
    assert.ok(id, placed.out)

    const early = await sh('callinfo.sh', id, '1', '--json')
    assert.equal(early.status, 3, 'not over yet')
    assert.match(early.out, new RegExp(`^\\{"success":true,"duration_seconds":null,"phones":"${number.confirms}","user_requirement":"${requirement}","cost":0,"billed":false,"call_content":\\[.*\\],"provider_response":"",`))
    const telling = await sh('callinfo.sh', id, '1')
    assert.deepEqual([telling.status, /not completed yet/.test(telling.out)], [3, true], telling.out)

    const [live, raw, waited] = await Promise.all([sh('stream_chat.sh', id), sh('stream_chat.sh', id, '--json'), sh('callinfo.sh', id, '--wait', '--json')])
    assert.equal(live.status, 0, live.err)
    assert.match(live.out, /^(🤖 [^\n"]+\n|👤 [^\n"]+\n){4,}✅ 通话结束 ended：answered\n$/)
    assert.match(raw.out, /^(\{"role": "(assistant|user)", "content": "[^"\\\n]+"\}\n){4,}\{"role": "system", "content": "\[DONE\]", "outcome": "answered"\}\n$/)

    assert.equal(waited.status, 0)
    compact(waited.out.trimEnd())
    assert.match(waited.out, new RegExp(`^\\{"success":true,"duration_seconds":[1-9]\\d*,"phones":"${number.confirms}","user_requirement":"${requirement}","cost":0\\.\\d+,"billed":true,"call_content":\\[(\\{"role":"(assistant|user)","content":"[^"\\\\]+"\\},?)+\\],"provider_response":"\\{(?:[^"\\\\]|\\\\.)+\\}",`))
    const info = JSON.parse(waited.out) as { call_content: { role: string; content: string }[]; provider_response: string; cost: number; billed_seconds: number }
    assert.equal(raw.out.split('\n').slice(0, -2).join('\n'), info.call_content.map(({ role, content }) => `{"role": "${role}", "content": "${content}"}`).join('\n'), 'live and afterwards the same words')
    assert.equal(typeof JSON.parse(info.provider_response), 'object')
    assert.equal(info.cost, (info.billed_seconds / 60) * 0.15)

    const told = await sh('callinfo.sh', id)
    assert.equal(told.status, 0)
    assert.match(told.out, new RegExp(`^☎️ {2}${number.confirms} {2}answered / `))
    assert.match(told.out, /费用 cost: +0\.\d+ 元\n/)
    assert.match(told.out, /\n {2}🤖 .*\n {2}👤 /)
  })

  test('a comma list gives an id for each number, and calls nobody picks up finish with 0 seconds at no cost', { timeout: 90_000 }, async () => {
    const placed = await sh('callout.sh', `${number.busy},${number.declines}`, requirement, '--json')
    assert.equal(placed.status, 0, placed.err)
    compact(placed.out.trimEnd())
    const ids = /^\{"success":true,"call_ids":\["([a-zA-Z0-9^_-]+)","([a-zA-Z0-9^_-]+)"\],"provider_call_id":"\1","message":"[^"]+"\}\n$/.exec(placed.out)?.slice(1)
    assert.ok(ids, placed.out)
    const infos = await Promise.all(ids.map((id) => sh('stepone.sh', 'callinfo', id, '--wait', '--json')))
    for (const [i, phone] of [number.busy, number.declines].entries()) {
      assert.match(infos[i]!.out, new RegExp(`^\\{"success":true,"duration_seconds":0,"phones":"${phone}","user_requirement":"${requirement}","cost":0,"billed":false,"call_content":\\[\\],"provider_response":"`))
    }
    assert.match((await sh('callinfo.sh', ids[0]!)).out, /busy\n.*\n时长 duration: +0 秒\n费用 cost: +0 元\n/)
  })

  test('stepone.sh knows call, callinfo, stream, hangup, cancel, balance and version', { timeout: 90_000 }, async () => {
    const placed = await sh('stepone.sh', 'call', `{"phones": "${number.ringsOn}", "user_requirement": "${requirement}"}`)
    const id = /"call_ids":\["([^"]*)"\]/.exec(placed.out)?.[1]
    assert.ok(id, placed.out)
    // Placed before it rings; hung up while the reader of the stream waits.
    const reading = sh('stepone.sh', 'stream', id)
    assert.deepEqual(await sh('stepone.sh', 'hangup', id), { status: 0, out: '✅ 已受理，通话即将结束\n', err: '' })
    assert.deepEqual(await reading, { status: 0, out: '✅ 通话结束 ended：cancelled\n', err: '' })
    assert.match((await sh('stepone.sh', 'callinfo', id)).out, /cancelled\n[^]*0 秒\n.*0 元\n/)
    assert.deepEqual(await sh('stepone.sh', 'cancel', id), { status: 0, out: '✅ 通话早已结束\n', err: '' })
    assert.match((await sh('stepone.sh', 'balance')).out, /^余额 balance: \d+(\.\d+)? 元（通话中预留 held \d+(\.\d+)? 元，可用 available \d+(\.\d+)? 元）\n$/)
    assert.deepEqual(await sh('stepone.sh', 'version'), { status: 0, out: '脚本 scripts: 1.0.0\n服务 server:  1.0.0\n', err: '' })
    for (const words of [[], ['nonsense'], ['callinfo'], ['hangup'], ['call']]) assert.equal((await sh('stepone.sh', ...words)).status, 2, words.join(' '))
  })

  test('the key comes from the environment, else the secrets file, else the account that the server left in its data folder', async () => {
    const home = await mkdtemp(path.join(tmpdir(), 'waihu-home-'))
    try {
      await mkdir(path.join(home, '.clawd'))
      const customer = await Customer.open(platform().app, { creditLi: 1_234 })
      await writeFile(path.join(home, '.clawd/secrets.json'), `{\n  "another": "x",\n  "steponeai_api_key": "${customer.key}"\n}\n`)
      const base = platform().app.baseUrl
      const balance = (env: { [name: string]: string }) => run(script('stepone.sh'), ['balance'], env)
      const [environment, secrets, demo, nowhere] = await Promise.all([
        balance({ HOME: home, STEPONEAI_API_BASE: base, STEPONEAI_API_KEY: platform().app.demo!.apiKey }),
        balance({ HOME: home, STEPONEAI_API_BASE: `${base}/api/v1/callinfo/` }),
        balance({ DATA_DIR: platform().dataDir }),
        balance({ DATA_DIR: home, STEPONEAI_API_BASE: base }),
      ])
      assert.match(secrets.out, /余额 balance: 1\.234 元/)
      for (const { status, out } of [environment, demo]) assert.deepEqual([status, Number(/balance: ([\d.]+)/.exec(out)?.[1]) > 900], [0, true], out)
      assert.equal(nowhere.status, 1)
      assert.match(nowhere.err, /^❌ 没有密钥：.*STEPONEAI_API_KEY.*npm start/)
    } finally {
      await rm(home, { recursive: true })
    }
  })

  test('a wrong key, no server and a bad number each say what to do, and fail', async () => {
    const base = platform().app.baseUrl
    const callout = (phone: string, env: { [name: string]: string }) => run(script('callout.sh'), [phone, requirement], { STEPONEAI_API_BASE: base, ...env })
    const key = (await Customer.open(platform().app)).key
    const [wrongKey, noServer, letters, emergency, among] = await Promise.all([
      callout(number.busy, { STEPONEAI_API_KEY: 'sk_wrong' }),
      callout(number.busy, { STEPONEAI_API_KEY: key, STEPONEAI_API_BASE: 'http://127.0.0.1:9' }),
      callout('1380013800O', { STEPONEAI_API_KEY: key }),
      callout('110', { STEPONEAI_API_KEY: key }),
      callout(`${number.busy},12345x`, { STEPONEAI_API_KEY: key }),
    ])
    assert.match(wrongKey.err, /^❌ 密钥无效或已停用：请检查 .*STEPONEAI_API_KEY/)
    assert.match(noServer.err, /❌ 连接不上 http:\/\/127\.0\.0\.1:9：服务启动了吗（npm start）？地址对吗（STEPONEAI_API_BASE）？\n$/)
    assert.match(letters.err, /^❌ .*1380013800O（.+）。请改正后重新提交/)
    assert.match(emergency.err, /^❌ .*110（.*紧急号码.*）。没有拨打任何号码/)
    assert.match(among.err, /^❌ .*12345x（.+）。.*没有拨打任何号码/)
    for (const { status, out } of [wrongKey, noServer, letters, emergency, among]) assert.deepEqual([status, out], [1, ''])
    const unknown = await run(script('callinfo.sh'), ['01AAAAAAAAAAAAAAAAAAAAAAAA'], { STEPONEAI_API_BASE: base, STEPONEAI_API_KEY: key })
    assert.deepEqual([unknown.status, unknown.out], [1, ''])
    assert.match(unknown.err, /^❌ 没有.*call_id/)
  })

  test('a client of curl, grep -o and cut, as published, places, follows and reads a call', { timeout: 150_000 }, async () => {
    const customer = await Customer.open(platform().app)
    const answered = await plainClient({ BASE: platform().app.baseUrl, KEY: customer.key, PHONES: number.confirmsToo })
    const lines = answered.out.trimEnd().split('\n')
    const conversation = lines.filter((line) => /^\[(assistant|user)\] [^"]+$/.test(line)).map((line) => line.replace(/^\[\w+\] /, ''))
    assert.deepEqual([answered.status, lines[0]], [0, 'not completed yet'], answered.out)
    assert.ok(conversation.length >= 4, answered.out)
    assert.equal(lines[1 + conversation.length], '[system] [DONE]')
    const [duration, cost, billed, phones, text, ...content] = lines[2 + conversation.length]!.split('|')
    assert.ok(Number(duration) > 0, answered.out)
    assert.deepEqual([cost, billed, phones, text], [String((Math.ceil(Number(duration) / 60) * 15) / 100), 'true', number.confirmsToo, requirement])
    assert.deepEqual(content, conversation)
  })

  test('the same client finishes with 0 for a call that nobody answers, and shows the message of a refusal', { timeout: 90_000 }, async () => {
    const customer = await Customer.open(platform().app)
    const env = { BASE: platform().app.baseUrl, KEY: customer.key }
    const [unanswered, refused, badKey] = await Promise.all([
      plainClient({ ...env, PHONES: number.busy }),
      plainClient({ ...env, PHONES: '12345' }),
      plainClient({ ...env, PHONES: number.busy, KEY: 'sk_nobody' }),
    ])
    assert.deepEqual([unanswered.status, unanswered.out.split('\n').slice(-3)], [0, ['[system] [DONE]', `0|0|false|${number.busy}|${requirement}`, '']])
    assert.equal(refused.status, 1)
    assert.match(refused.out, /12345（.+）/)
    assert.equal(badKey.status, 1)
    assert.match(badKey.out, /^密钥无效或已停用/)
  })
}

/** What the published clients do, line by line: curl -s, grep -o, cut; no JSON parser, no HTTP status. */
const plainClientText = String.raw`
call() { curl -s -X POST "$BASE/api/v1/callinfo/$1" -H "X-API-Key: $KEY" -H "X-Skill-Version: 1.0.0" -H "Content-Type: application/json" -d "$2"; }
response=$(call initiate_call "{\"phones\":\"$PHONES\",\"user_requirement\":\"${requirement}\"}")
echo "$response" | grep -q '"success":true' || { echo "$response" | grep -o '"message":"[^"]*"' | cut -d'"' -f4; exit 1; }
id=$(echo "$response" | grep -o '"call_ids":\["[^"]*"\]' | cut -d'"' -f4)
[ -n "$id" ] || id=$(echo "$response" | grep -o '"provider_call_id":"[^"]*"' | cut -d'"' -f4)
echo "$id" | grep -Eq '^[a-zA-Z0-9^_-]+$' || exit 2
body="{\"call_id\":\"$id\"}"
duration=$(call search_callinfo "$body" | grep -o '"duration_seconds":[0-9]*' | cut -d: -f2)
[ -n "$duration" ] || echo "not completed yet"
curl -sN -X POST "$BASE/api/v1/callinfo/stream_chat_history" -H "X-API-Key: $KEY" -H "X-Skill-Version: 1.0.0" -H "Content-Type: application/json" -d "$body" | while read -r line; do
  case "$line" in
  data:*)
    role=$(echo "$line" | grep -o '"role": "[^"]*"' | cut -d'"' -f4)
    content=$(echo "$line" | grep -o '"content": "[^"]*"' | cut -d'"' -f4)
    echo "[$role] $content"
    ;;
  esac
done
info=$(call search_callinfo "$body")
duration=$(echo "$info" | grep -o '"duration_seconds":[0-9]*' | cut -d: -f2)
[ -n "$duration" ] || exit 3
cost=$(echo "$info" | grep -o '"cost":[0-9.]*' | cut -d: -f2)
billed=$(echo "$info" | grep -o '"billed":[a-z]*' | cut -d: -f2)
phones=$(echo "$info" | grep -o '"phones":"[^"]*"' | cut -d'"' -f4)
words=$(echo "$info" | grep -o '"user_requirement":"[^"]*"' | cut -d'"' -f4)
printf '%s' "$duration|$cost|$billed|$phones|$words"
echo "$info" | grep -o '"content":"[^"]*"' | cut -d'"' -f4 | while read -r content; do printf '|%s' "$content"; done
echo
`

function plainClient(env: { [name: string]: string }): Promise<{ status: number; out: string }> {
  return new Promise((resolve, reject) => {
    const child = spawn('sh', ['-s'], { env: { PATH: process.env['PATH'] ?? '', ...env }, stdio: ['pipe', 'pipe', 'inherit'] })
    let out = ''
    child.stdout.setEncoding('utf8').on('data', (text: string) => (out += text))
    child.on('error', reject)
    child.on('close', (code) => resolve({ status: code ?? 99, out }))
    child.stdin.end(plainClientText)
  })
}
