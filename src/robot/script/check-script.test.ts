// Faults planted in a sound script one at a time: each is refused, at its place in the file, with words that say what to do.
import assert from 'node:assert/strict'
import { test } from 'node:test'
import type { ProblemCode } from './check-script.ts'
import { describeProblem, readScript, scriptOf, writeScript } from './read-script.ts'
import { soundScript } from './script.test-data.ts'

type Fault = { name: string; change: readonly [from: string, to: string]; code: ProblemCode; at: string; onLineWith: string; says: RegExp }

const fault = (name: string, from: string, to: string, code: ProblemCode, at: string, onLineWith: string, says: RegExp): Fault => ({ name, change: [from, to], code, at, onLineWith, says })

const faults: readonly Fault[] = [
  fault('brackets that do not close', '{ say: 好的，记下了，再见。, end: declined }', '{ say: 好的，记下了，再见。, end: declined', 'form', '', 'noted', /YAML/),
  fault('a form of another number', 'schema: 1', 'schema: 2', 'form', 'schema', 'schema', /must be 1/),
  fault('a key that nobody knows', 'start: hello', 'start: hello\nbegin: hello', 'form', '', 'schema', /begin/),
  fault('a key misspelt in a node', 'keep: wish', 'keeps: wish', 'form', 'nodes.when', 'when:', /keeps/),
  fault('a number where words belong', 'say: 那您什么时间方便？', 'say: 42', 'form', 'nodes.when.say', 'say: 42', /must be text/),
  fault('a purpose that is none', 'purpose: appointment', 'purpose: sales', 'form', 'purpose', 'purpose', /must be one of notice/),
  fault('an outcome that is none', 'end: declined', 'end: refused-politely', 'form', 'nodes.noted.end', 'noted', /must be one of confirmed/),
  fault('a counter without bounds', 'times: 3', 'times: 99', 'form', 'nodes.tell.max.times', 'times: 99', /at most 10/),
  fault('a start that is not there', 'start: hello', 'start: hallo', 'no-start', 'start', 'start: hallo', /没有节点“hallo”/),
  fault('a branch to nowhere', 'deny: when', 'deny: whem', 'no-target', 'nodes.tell.on.deny', 'whem', /没有节点“whem”.*is it when\?/),
  fault('a counter that leads nowhere', 'times: 3, go: when', 'times: 3, go: late', 'no-target', 'nodes.tell.max.go', 'go: late', /no node late/),
  fault('a jump to nowhere', 'noted: { say: 好的，记下了，再见。, end: declined }', 'noted: { say: 好的，记下了。, go: nowhere }', 'no-target', 'nodes.noted.go', 'nowhere', /no node nowhere/),
  fault('a transfer whose other way is missing', 'noted: { say: 好的，记下了，再见。, end: declined }', 'noted: { say: 请稍等。, transfer: { to: "+861058881234", else: nobody } }', 'no-target', 'nodes.noted.transfer.else', 'nobody', /no node nobody/),
  fault('a key that leads nowhere', 'on: { "*": noted }', 'keys: { "1": notd }\n    on: { "*": noted }', 'no-target', 'nodes.when.keys.1', 'notd', /is it noted\?/),
  fault('an answer of the knowledge that leads nowhere', '"这个请问上门的师傅。" }', '"这个请问上门的师傅。", go: elsewhere }', 'no-target', 'faq.0.go', 'elsewhere', /return, wait, hang-up/),
  fault('a reaction that leads nowhere', 'go: hang-up, outcome: handover-requested', 'go: hangup, outcome: handover-requested', 'no-target', 'global.human.go', 'hangup', /return, wait, hang-up/),
  fault('a node that nothing leads to', '  good: {', '  lost: { say: 再见。, end: declined }\n  good: {', 'unreachable', 'nodes.lost', 'lost', /没有任何分支走到/),
  fault('a node that leads to itself for ever', '    max: { times: 3, go: when }\n', '', 'endless', 'nodes.tell', 'tell:', /tell → tell has no counter/),
  fault('two nodes that lead to each other for ever', 'noted: { say: 好的，记下了，再见。, end: declined }', 'noted: { say: 是这样吗？, on: { affirm: good, "*": when } }', 'endless', 'nodes.when', 'when:', /when → noted → when has no counter/),
  fault('a part from which no end can be reached', 'noted: { say: 好的，记下了，再见。, end: declined }', 'noted: { say: 好的。, max: { times: 2, go: noted }, go: noted }', 'never-ends', 'nodes.when', 'when:', /no end can be reached/),
  fault('a fact told to whoever says nothing that is understood', '"*": hello }', '"*": tell }', 'early-fact', 'nodes.tell', 'tell:', /says \$\{time\}: hello \(\*\) tell/),
  fault('a fact told after the questions ran out', 'times: 2, go: sorry }', 'times: 2, go: tell }', 'early-fact', 'nodes.tell', 'tell:', /more than 2 times/),
  fault('a fact in the opening', '请问是${name}吗？', '请问是${name}吗？您${time}有预约。', 'early-fact', 'nodes.hello', 'hello:', /hello/),
  fault('a node that needs the person, reached by others', 'not_me: { say: 不好意思，打扰了，再见。,', 'not_me: { say: 您的诊断结果出来了，再见。, needs: identity,', 'early-fact', 'nodes.not_me', 'not_me', /needs identity: hello \(deny\) not_me/),
  fault('a fact in what anybody may hear', '我让同事联系您，再见。', '您${time}的预约我让同事联系您，再见。', 'early-fact', 'global.human.say', 'human', /says \$\{time\}/),
  fault('a variable that was not declared', '那您什么时间方便？', '${place}那边您什么时间方便？', 'no-variable', 'nodes.when.say', '${place}', /place.*没有在 vars 里声明/),
  fault('a variable that was not declared, in an answer', '这个请问上门的师傅。', '这个请打${hotline}。', 'no-variable', 'faq.0.say', 'hotline', /hotline/),
  fault('a variable that is not closed', '那您什么时间方便？', '那您${time什么时间方便？', 'bad-variable', 'nodes.when.say', '${time', /变量写作/),
  fault('nobody named who calls', '  org: { about: 谁在打电话 }\n', '  org_name: {}\n', 'no-organisation', 'vars', 'vars', /org/),
  fault('an opening that does not say who calls', '我是${org}的AI语音助手', '我是您的AI语音助手', 'no-organisation', 'nodes.hello.say', '我是您的', /\$\{org\}/),
  fault('an opening that does not say that the voice is synthetic', '，本次通话由人工智能合成语音', '', 'no-label', 'nodes.hello.say', '您好', /GB 45438/),
  fault('an opening that can be interrupted', '    interruptible: false\n', '', 'label-cut', 'nodes.hello.say', '您好', /interruptible: false/),
  fault('a node without a way on', 'noted: { say: 好的，记下了，再见。, end: declined }', 'noted: { say: 好的，记下了。 }', 'no-way-on', 'nodes.noted', 'noted', /没有下一步/),
  fault('a node with two ways on', 'end: declined', 'end: declined, go: good', 'two-ways-on', 'nodes.noted', 'noted', /go、end/),
  fault('a node that asks without words', '    say: 那您什么时间方便？\n', '', 'no-way-on', 'nodes.when', 'when:', /needs say/),
  fault('a question for the person without a no', 'deny: not_me, ', 'wrong-number: not_me, ', 'identity-open', 'nodes.hello', 'hello:', /deny/),
  fault('an intent that nobody knows', 'reschedule: when', 'reshedule: when', 'no-intent', 'nodes.tell.on.reshedule', 'reshedule', /is it reschedule\?/),
  fault('an intent without anything to know it by', 'reschedule: { examples: [能改个时间吗, 换一天行不行], keywords: [改时间, 改期] }', 'reschedule: {}', 'intent-empty', 'intents.reschedule', 'reschedule: {}', /没有例句/),
  fault('an intent by the name of a universal one', 'intents:\n', 'intents:\n  busy: { examples: [在忙着呢] }\n', 'intent-taken', 'intents.busy', 'busy', /通用意图/),
  fault('an intent by the name of what means nothing', 'intents:\n', 'intents:\n  none: { examples: [没有了] }\n', 'intent-taken', 'intents.none', 'none', /换个名字/),
  fault('the same example in two intents', 'intents:\n', 'intents:\n  later: { examples: [换一天行不行] }\n', 'intent-twice', 'intents.reschedule.examples.1', 'reschedule: {', /belongs to the intent later/),
  fault('a pattern that is none', 'keywords: [改时间, 改期]', 'patterns: ["改(时间"]', 'bad-pattern', 'intents.reschedule.patterns.0', 'patterns', /正则/),
  fault('a pattern that looks around', 'keywords: [改时间, 改期]', 'patterns: ["(?<!不)改"]', 'bad-pattern', 'intents.reschedule.patterns.0', 'patterns', /plain groups/),
  fault('a pattern without end', 'keywords: [改时间, 改期]', 'patterns: ["(?:(?:改{50}){50}){50}"]', 'bad-pattern', 'intents.reschedule.patterns.0', 'patterns', /too many repetitions/),
  fault('a recorded file by a path', '    say: 那您什么时间方便？', '    say: { parts: [{ file: ../when.wav, words: 什么时间方便 }] }', 'form', 'nodes.when.say', 'when.wav', /name of a recorded file/),
  fault('a node that keeps the wish not to be called for itself', 'deny: when\n', 'deny: when\n      stop: when\n', 'not-here', 'nodes.tell.on.stop', 'stop: when', /global\.stop/),
  fault('a wish not to be called that is not registered', 'global:\n', 'global:\n  stop: { say: 打扰了，再见。, go: hang-up }\n', 'stop-broken', 'global.stop', 'stop', /doNotCall: true/),
  fault('a wish not to be called that is talked over', 'global:\n', 'global:\n  stop: { say: 您先听我说完。, go: return, doNotCall: true }\n', 'stop-broken', 'global.stop', 'stop', /go: hang-up/),
  fault('a machine that is talked to', 'global:\n', 'global:\n  voicemail: { say: 请转告机主。, go: return }\n', 'stop-broken', 'global.voicemail.go', 'voicemail', /hang-up/),
  fault('a robot that does not own up', 'global:\n', 'global:\n  robot: { say: 您真幽默。 }\n', 'dishonest', 'global.robot.say', 'robot', /如实回答/),
  fault('a robot that passes for a person', '这个请问上门的师傅。', '您放心，我是真人。', 'forbidden', 'faq.0.say', '真人', /claims to be human/),
  fault('a robot that passes for the police', '那您什么时间方便？', '我是市公安局的，您什么时间方便？', 'forbidden', 'nodes.when.say', '公安', /authority/),
  fault('a robot that asks for a code', '那您什么时间方便？', '请告诉我您收到的验证码。', 'forbidden', 'nodes.when.say', '验证码', /codes, passwords/),
  fault('an address of the net', '这个请问上门的师傅。', '请看 www.example.com。', 'forbidden', 'faq.0.say', 'www', /address/),
  fault('a line that nobody listens to so long', '那您什么时间方便？', '那您什么时间方便？'.repeat(12), 'line-long', 'nodes.when.say', '那您', /108 字/),
  fault('a key that is none', 'on: { "*": noted }', 'keys: { "12": noted }\n    on: { "*": noted }', 'bad-key', 'nodes.when.keys.12', '12', /按键/),
  fault('a transfer to a number that is none', 'noted: { say: 好的，记下了，再见。, end: declined }', 'noted: { say: 请稍等。, transfer: { to: 客服部, else: good } }', 'bad-transfer', 'nodes.noted.transfer.to', '客服部', /E\.164/),
  fault('a recording of which nobody knows what is heard', '    say: 那您什么时间方便？', '    say: { parts: [{ file: when.wav }] }', 'bad-recording', 'nodes.when.say.parts.0', 'when.wav', /words/),
  fault('a label by a tag that nothing gives', 'tags: [will_be_home] } }', 'tags: [at_home] } }', 'no-condition', 'labels.0.when.tags', 'at_home', /没有节点给出标签/),
  fault('a label by a slot that nothing fills', 'slots: { wish:', 'slots: { wishes:', 'no-condition', 'labels.1.when.slots.wishes', 'wishes', /no node fills/),
  fault('calls in the night', 'purpose: appointment', 'purpose: appointment\ncalling: { from: "07:00", until: "20:00", perDayMax: 1 }', 'hours', 'calling', 'calling', /08:00–22:00/),
  fault('hours that end before they begin', 'purpose: appointment', 'purpose: appointment\ncalling: { from: "20:00", until: "09:00", perDayMax: 1 }', 'hours', 'calling', 'calling', /from/),
  fault('a time that is none', 'purpose: appointment', 'purpose: appointment\ncalling: { from: "09:61", until: "20:00", perDayMax: 1 }', 'form', 'calling.from', 'calling', /must be a time/),
  fault('a debt without hours', 'purpose: appointment', 'purpose: collection', 'collection', '', 'schema', /08:00/),
  fault('a debt asked for too often', 'purpose: appointment', 'purpose: collection\ncalling: { from: "09:00", until: "20:00", perDayMax: 4 }', 'collection', 'calling.perDayMax', 'perDayMax', /最多 3 次/),
  fault('a debt with a threat', 'purpose: appointment', 'purpose: collection\ncalling: { from: "09:00", until: "20:00", perDayMax: 1 }\ncanvas: { hello: { x: 0, y: 0 } }', 'forbidden', 'nodes.when.say', '律师函', /GB\/T 45251/),
  fault('a drawing of a node that is not there', 'start: hello', 'start: hello\ncanvas: { gone: { x: 1, y: 1 } }', 'canvas', 'canvas.gone', 'gone', /no node gone/),
]

test('the script that the faults are planted in is sound', () => {
  assert.deepEqual(readScript(soundScript).problems, [])
  assert.ok(faults.length >= 30, `${faults.length}`)
})

for (const { name, change: [from, to], code, at, onLineWith, says } of faults) {
  test(`refuses ${name}`, () => {
    assert.ok(soundScript.includes(from), `the fault has a place: ${from}`)
    const source = soundScript.replace(from, () => to).replace(name === 'a debt with a threat' ? '那您什么时间方便？' : '\0', '不还就发律师函，您什么时间方便？')
    const { script, problems } = readScript(source)
    assert.equal(script, undefined)
    const found = problems.filter((problem) => problem.code === code && problem.path.map(String).join('.') === at && says.test(problem.message))
    const all = problems.map((problem) => `${problem.code} ${describeProblem(problem, 'visit.yaml')}`).join('\n')
    assert.equal(found.length, 1, all)
    assert.ok(source.split('\n')[found[0]!.line - 1]!.includes(onLineWith) || code === 'form', `${all}\nline ${found[0]!.line}: ${source.split('\n')[found[0]!.line - 1]}`)
  })
}

test('every problem is told at once, a line each, with file, line and path', () => {
  const source = soundScript.replace('deny: when', 'deny: whem').replace('那您什么时间方便？', '我是真人，${place}什么时间方便？')
  assert.throws(() => scriptOf(source, 'my/visit.yaml'), (error: Error) => {
    assert.equal(error.name, 'InvalidInputError')
    const lines = error.message.split('\n')
    assert.equal(lines.length, 3)
    for (const line of lines) assert.match(line, /^my\/visit\.yaml:\d+: [\w.]+: /)
    return true
  })
})

test('a script written out reads as the same script, and JSON reads as YAML does', () => {
  const script = scriptOf(soundScript, 'visit.yaml')
  assert.deepEqual(scriptOf(writeScript(script), 'again.yaml'), script)
  assert.deepEqual(scriptOf(JSON.stringify(script), 'again.json'), script)
})

test('what is too large to be a script is not read', () => {
  assert.match(readScript(`${soundScript}\n${'# '.repeat(300_000)}`).problems[0]!.message, /512 KB/)
})
