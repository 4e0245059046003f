// A small sound script for tests: an appointment that is confirmed, declined or moved.
export const soundScript = `schema: 1
id: visit
version: 1
title: 上门预约
purpose: appointment
vars:
  org: { about: 谁在打电话 }
  name: { say: name }
  time: { say: date }
  fee: { say: money, required: false }
start: hello
nodes:
  hello:
    say: 您好，我是\${org}的AI语音助手，本次通话由人工智能合成语音。请问是\${name}吗？
    interruptible: false
    asks: identity
    on: { affirm: tell, deny: not_me, "*": hello }
    max: { times: 2, go: sorry }
  tell:
    say:
      - 提醒您\${time}有师傅上门，您在家吗？
      - 师傅\${time}上门，您在家吗？
    asks: attend
    delivers: true
    on:
      affirm: { go: good, tags: [will_be_home] }
      deny: when
      reschedule: when
      "*": tell
    max: { times: 3, go: when }
  when:
    say: 那您什么时间方便？
    asks: open
    keep: wish
    on: { "*": noted }
  noted: { say: 好的，记下了，再见。, end: declined }
  good: { say: 好的，到时见，再见。, end: confirmed }
  not_me: { say: 不好意思，打扰了，再见。, end: wrong-number }
  sorry: { say: 那先不打扰了，再见。, end: unconfirmed }
intents:
  reschedule: { examples: [能改个时间吗, 换一天行不行], keywords: [改时间, 改期] }
faq:
  - { on: question, say: "这个请问上门的师傅。" }
global:
  human: { say: "我让同事联系您，再见。", go: hang-up, outcome: handover-requested }
labels:
  - { grade: A, reason: 在家等候, when: { outcome: confirmed, tags: [will_be_home] } }
  - { grade: C, reason: 不便, when: { slots: { wish: [没空] } } }
`
