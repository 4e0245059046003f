// Checks the shell clients in scripts/ against the server, under each POSIX shell that is installed, and a client that is only curl, grep and cut.
import assert from 'node:assert/strict'
import { execFile, execFileSync } from 'node:child_process'
import { existsSync, realpathSync } from 'node:fs'
import { cp, mkdir, mkdtemp, rm, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import path from 'node:path'
import { test, type TestContext } from 'node:test'
import { fileURLToPath } from 'node:url'
import { conversation, endedBusy, testApi, type TestApi } from './testing.ts'

const scripts = fileURLToPath(new URL('../../scripts', import.meta.url))

/** Each POSIX shell that is here, once: sh is dash or bash on most systems. */
const shells = [
  ...new Map(
    [['dash'], ['bash', '--posix'], ['busybox', 'sh'], ['sh']].flatMap((shell) => {
      const found = (process.env['PATH'] ?? '').split(':').map((dir) => path.join(dir, shell[0]!)).find((file) => existsSync(file))
      return found === undefined ? [] : [[realpathSync(found), shell] as const]
    }),
  ).values(),
]

type Run = { status: number; out: string; err: string }

/** Runs a script with nothing in the environment but what is given. */
function run(shell: readonly string[], script: string, args: readonly string[], env: Record<string, string>): Promise<Run> {
  return new Promise((resolve) => {
    execFile(
      shell[0]!,
      [...shell.slice(1), script, ...args],
      { env: { PATH: process.env['PATH'] ?? '', HOME: '/nonexistent', STEPONEAI_POLL_SECONDS: '0', ...env }, timeout: 30_000 },
      (error, out, err) => resolve({ status: error ? Number(error.code ?? 99) : 0, out, err }),
    )
  })
}

function client(api: TestApi, shell: readonly string[]) {
  return async (...[script, ...args]: string[]) =>
    run(shell, path.join(scripts, script!), args, { STEPONEAI_API_KEY: 'sk_one', STEPONEAI_API_BASE: await api.listening() })
}

/** The same behaviour under every shell. */
function eachShell(name: string, body: (shell: readonly string[], t: TestContext) => Promise<void>): void {
  for (const shell of shells) test(`${name} (${shell.join(' ')})`, (t) => body(shell, t))
}

eachShell('callout places the call and prints its id', async (shell) => {
  await using api = await testApi()
  const { status, out, err } = await client(api, shell)('callout.sh', '13800138000', '通知张总明天上午9点开会')
  assert.deepEqual([status, err], [0, ''])
  assert.match(out, /^✅ 已受理 1 个呼叫\ncall_id: call_1\n/)
  assert.deepEqual(api.calls.placed, ['+8613800138000'])
})

eachShell('callout carries quotes, backslashes, line ends, tabs and every script of the world unchanged', async (shell) => {
  await using api = await testApi()
  const odd = '他说:"好\\的"\n第二行\t制表 $HOME `id` %s %d \\n \\" \'单引号\' 😀 é ü \\\\ end\\'
  const { status, err } = await client(api, shell)('callout.sh', '13800138000', odd)
  assert.equal(status, 0, err)
  assert.equal((await api.calls.list('acc_one', 1))[0]?.userRequirement, odd)
})

eachShell('callout accepts a list, and shows why a number is refused', async (shell) => {
  await using api = await testApi()
  const sh = client(api, shell)
  assert.match((await sh('callout.sh', '13800138000,13900139000', '开会')).out, /call_id: call_1\n.*call_id: call_2\n/s)
  const refused = await sh('callout.sh', '13800138000,110', '开会')
  assert.equal(refused.status, 1)
  assert.match(refused.err, /❌ .*110：紧急号码 110/)
  assert.equal((await sh('callout.sh', '13800138000')).status, 2)
  assert.equal(api.calls.placed.length, 2)
  const raw = await sh('callout.sh', '13800138001', '开会', '--json')
  assert.equal(raw.out, '{"success":true,"call_ids":["call_3"],"provider_call_id":"call_3","message":"已受理 1 个呼叫"}\n')
})

eachShell('stepone.sh call takes the JSON itself and prints the answer itself', async (shell) => {
  await using api = await testApi()
  const sh = client(api, shell)
  const { status, out } = await sh('stepone.sh', 'call', '{"phones": "13800138000",\n "user_requirement": "说\\"你好\\"\\n再见"}')
  assert.deepEqual([status, out], [0, '{"success":true,"call_ids":["call_1"],"provider_call_id":"call_1","message":"已受理 1 个呼叫"}\n'])
  assert.equal((await api.calls.list('acc_one', 1))[0]?.userRequirement, '说"你好"\n再见')
  const bad = await sh('stepone.sh', 'call', '{broken')
  assert.equal(bad.status, 1)
  assert.match(bad.out, /"success":false/)
})

eachShell('callinfo shows a finished call, its conversation and its cost', async (shell) => {
  await using api = await testApi()
  const sh = client(api, shell)
  await sh('callout.sh', '13800138000', '通知开会')
  for (const event of conversation([['robot', '您好，我是"小智"\\'], ['callee', '知道了']])) api.calls.append('call_1', event)
  const { status, out } = await sh('callinfo.sh', 'call_1')
  assert.equal(status, 0)
  assert.match(out, /13800138000 {2}answered \/ confirmed\n/)
  assert.match(out, /21 秒\n.*0\.15 元\n/)
  assert.match(out, / {2}🤖 您好，我是“小智”\\\n {2}👤 知道了\n/)
  assert.match((await sh('callinfo.sh', 'call_1', '--json')).out, /^\{"success":true,"duration_seconds":21,/)
})

eachShell('callinfo asks as often as told, says when the call is not over, and waits for the end with --wait', async (shell) => {
  await using api = await testApi()
  const sh = client(api, shell)
  await sh('callout.sh', '13800138000', '通知开会')
  let asked = 0
  const lookUp = api.calls.lookUp.bind(api.calls)
  api.calls.lookUp = (...args) => {
    asked += 1
    if (asked === 20) api.calls.append('call_1', endedBusy)
    return lookUp(...args)
  }
  const five = await sh('callinfo.sh', 'call_1')
  assert.deepEqual([five.status, asked], [3, 5])
  assert.match(five.out, /not completed yet/)
  assert.equal((await sh('callinfo.sh', 'call_1', '2')).status, 3)
  assert.equal(asked, 7)
  assert.match((await sh('callinfo.sh', 'call_1', '1', '--json')).out, /"duration_seconds":null/)
  const waited = await sh('callinfo.sh', 'call_1', '--wait')
  assert.deepEqual([waited.status, asked], [0, 20])
  assert.match(waited.out, /busy\n.*时长 duration: {4}0 秒/s)
})

eachShell('callinfo tells apart a call that does not exist and an id that cannot be one', async (shell) => {
  await using api = await testApi()
  const sh = client(api, shell)
  const unknown = await sh('callinfo.sh', 'call_9', '--wait')
  assert.equal(unknown.status, 1)
  assert.match(unknown.err, /❌ 没有这个通话编号/)
  assert.equal((await sh('callinfo.sh', 'a;rm -rf')).status, 1)
  assert.equal((await sh('callinfo.sh')).status, 2)
})

eachShell('stream_chat prints the conversation and goes on after the server cut the line', async (shell) => {
  await using api = await testApi()
  const sh = client(api, shell)
  await sh('callout.sh', '13800138000', '通知开会')
  for (const event of conversation([['robot', '您好'], ['callee', '对，\\我是'], ['robot', '再见']])) api.calls.append('call_1', event)
  const follow = api.calls.follow.bind(api.calls)
  let opened = 0
  api.calls.follow = async function* (...args) {
    opened += 1
    let left = opened === 1 ? 5 : Infinity
    for await (const row of follow(...args)) {
      if (left === 0) throw new Error('cut')
      left -= 1
      yield row
    }
  }
  const { status, out } = await sh('stream_chat.sh', 'call_1')
  assert.deepEqual([status, out, opened], [0, '🤖 您好\n👤 对，\\我是\n🤖 再见\n✅ 通话结束 ended：answered\n', 2])
  const raw = await sh('stream_chat.sh', 'call_1', '--json')
  assert.match(raw.out, /^\{"role": "assistant", "content": "您好"\}\n/)
  const unknown = await sh('stream_chat.sh', 'call_9')
  assert.deepEqual([unknown.status, unknown.out], [1, ''])
  assert.match(unknown.err, /没有这个通话编号/)
})

eachShell('stepone.sh answers balance and version, hangs up and cancels', async (shell) => {
  await using api = await testApi()
  const sh = client(api, shell)
  await sh('callout.sh', '13800138000', '通知开会')
  assert.match((await sh('stepone.sh', 'balance')).out, /9\.85 元.*0\.15 元.*9\.7 元/)
  assert.match((await sh('stepone.sh', 'version')).out, /server: {2}1\.0\.0/)
  assert.equal((await sh('stepone.sh', 'hangup', 'call_1')).status, 0)
  assert.equal((await sh('stepone.sh', 'cancel', 'call_1')).status, 0)
  assert.deepEqual(api.calls.stopped.map((stop) => stop.wish), ['hang-up', 'cancel'])
  assert.equal((await sh('stepone.sh')).status, 2)
})

eachShell('finds the key in the environment, the secrets file, then the demo account of this checkout, which it sends to this machine only', async (shell) => {
  await using api = await testApi()
  const checkout = await mkdtemp(path.join(tmpdir(), 'checkout-'))
  try {
    await cp(scripts, path.join(checkout, 'scripts'), { recursive: true })
    const env = { STEPONEAI_API_BASE: `${await api.listening()}/`, HOME: path.join(checkout, 'home') }
    const balance = (more: Record<string, string> = {}) => run(shell, path.join(checkout, 'scripts/stepone.sh'), ['balance'], { ...env, ...more })
    const none = await balance()
    assert.equal(none.status, 1)
    assert.match(none.err, /没有密钥/)
    await mkdir(path.join(checkout, 'data'))
    await writeFile(path.join(checkout, 'data/demo-account.json'), '{"api_key":"sk_one"}')
    assert.equal((await balance()).status, 0)
    assert.match((await balance({ STEPONEAI_API_BASE: 'http://192.0.2.1:9' })).err, /没有密钥/)
    await writeFile(path.join(checkout, 'data/demo-account.json'), JSON.stringify({ account_id: 'acc_one', api_key: 'sk_one', base_url: await api.listening() }))
    assert.equal((await balance({ STEPONEAI_API_BASE: '' })).status, 0)
    await mkdir(path.join(checkout, 'home/.clawd'), { recursive: true })
    await writeFile(path.join(checkout, 'home/.clawd/secrets.json'), '{\n  "other": "x",\n  "steponeai_api_key": "sk_wrong"\n}\n')
    assert.match((await balance()).err, /密钥无效/)
    assert.equal((await balance({ STEPONEAI_API_KEY: 'sk_two' })).status, 0)
  } finally {
    await rm(checkout, { recursive: true })
  }
})

eachShell('says what to do when no server answers', async (shell) => {
  const { status, err } = await run(shell, path.join(scripts, 'callout.sh'), ['13800138000', '开会'], { STEPONEAI_API_KEY: 'sk_one', STEPONEAI_API_BASE: 'http://127.0.0.1:9' })
  assert.equal(status, 1)
  assert.match(err, /❌ 连接不上 http:\/\/127\.0\.0\.1:9/)
})

test('the key shows in no process list', async () => {
  await using api = await testApi()
  await client(api, ['sh'])('callout.sh', '13800138000', '开会')
  let seen = ''
  const lookUp = api.calls.lookUp.bind(api.calls)
  api.calls.lookUp = (...args) => {
    seen = execFileSync('sh', ['-c', 'cat /proc/[0-9]*/cmdline 2>/dev/null | tr "\\0" " " || true'], { encoding: 'utf8' })
    return lookUp(...args)
  }
  await client(api, ['sh'])('callinfo.sh', 'call_1', '1')
  if (seen !== '') {
    assert.match(seen, /curl -sS -K -/)
    assert.doesNotMatch(seen, /sk_one/)
  }
})

/** What the published clients do, line by line: curl -s, grep -o, cut; no JSON parser, no HTTP status. */
const plainClient = `
call() { curl -s -X POST "$BASE/api/v1/callinfo/$1" -H "X-API-Key: $KEY" -H "X-Skill-Version: 1.0.0" -H "Content-Type: application/json" -d "$2"; }
response=$(call initiate_call '{"phones":"13800138000","user_requirement":"通知张总明天上午9点开会"}')
echo "$response" | grep -q '"success":true' || { echo "$response" | grep -o '"message":"[^"]*"' | cut -d'"' -f4; exit 1; }
id=$(echo "$response" | grep -o '"call_ids":\\["[^"]*"\\]' | cut -d'"' -f4)
[ -n "$id" ] || id=$(echo "$response" | grep -o '"provider_call_id":"[^"]*"' | cut -d'"' -f4)
echo "$id" | grep -Eq '^[a-zA-Z0-9^_-]+$' || exit 2
curl -sN -X POST "$BASE/api/v1/callinfo/stream_chat_history" -H "X-API-Key: $KEY" -H "X-Skill-Version: 1.0.0" -H "Content-Type: application/json" -d "{\\"call_id\\":\\"$id\\"}" | while read -r line; do
  case "$line" in
  data:*)
    role=$(echo "$line" | grep -o '"role": "[^"]*"' | cut -d'"' -f4)
    content=$(echo "$line" | grep -o '"content": "[^"]*"' | cut -d'"' -f4)
    echo "[$role] $content"
    ;;
  esac
done
info=$(call search_callinfo "{\\"call_id\\":\\"$id\\"}")
duration=$(echo "$info" | grep -o '"duration_seconds":[0-9]*' | cut -d: -f2)
[ -n "$duration" ] || { echo "not completed yet"; exit 3; }
echo "$duration|$(echo "$info" | grep -o '"cost":[0-9.]*' | cut -d: -f2)|$(echo "$info" | grep -o '"billed":[a-z]*' | cut -d: -f2)|$(echo "$info" | grep -o '"phones":"[^"]*"' | cut -d'"' -f4)|$(echo "$info" | grep -o '"user_requirement":"[^"]*"' | cut -d'"' -f4)"
`

test('a client of curl, grep -o and cut, as published, places, follows and reads a call', async () => {
  await using api = await testApi()
  const place = api.calls.place.bind(api.calls)
  api.calls.place = async (request) => {
    const placed = await place(request)
    for (const event of conversation([['robot', '您好，请问是"张总"吗？'], ['callee', '是'], ['robot', '明天上午9点开会。']])) api.calls.append(placed.callIds[0]!, event)
    return placed
  }
  const dir = await mkdtemp(path.join(tmpdir(), 'plain-client-'))
  try {
    const file = path.join(dir, 'client.sh')
    await writeFile(file, plainClient)
    const { status, out } = await run(['sh'], file, [], { BASE: await api.listening(), KEY: 'sk_one' })
    assert.equal(status, 0, out)
    assert.equal(out, '[assistant] 您好，请问是“张总”吗？\n[user] 是\n[assistant] 明天上午9点开会。\n[system] [DONE]\n21|0.15|true|13800138000|通知张总明天上午9点开会\n')
    const refused = await run(['sh'], file, [], { BASE: await api.listening(), KEY: 'sk_nobody' })
    assert.equal(refused.status, 1)
    assert.match(refused.out, /^密钥无效或已停用/)
  } finally {
    await rm(dir, { recursive: true })
  }
})
