import assert from 'node:assert/strict'
import { existsSync, readFileSync } from 'node:fs'
import path from 'node:path'
import { test } from 'node:test'
import { optionGroups, programRoot } from '../src/config.ts'
import { outcomes } from '../src/call/end-reason.ts'
import { apiAliyunPage } from './write-api-aliyun.ts'
import { operationsPage } from './write-operations.ts'
import { outcomesPage, rulesOf, waysTo } from './write-outcomes.ts'
import { numberTable } from '../src/simulator/numbers.ts'

const documents = ['README.md', 'README.zh-CN.md', 'docs/architecture.md', 'docs/api-stepone.md', 'docs/api-aliyun.md', 'docs/operations.md', 'docs/outcomes.md', 'docs/trunks.md', 'docs/scripts.md', 'docs/task-lists.md', 'scripts/skill/SKILL.md']
const read = (file: string) => readFileSync(path.join(programRoot, file), 'utf8')

test('every file that a document names exists', () => {
  for (const document of documents) {
    const text = read(document)
    const named = [...text.matchAll(/`((?:src|sql|scripts|bench|tools|test|docs)\/[\w./-]*)/g)].map((match) => match[1]!)
    const linked = [...text.matchAll(/\]\((?!https?:|#)([^)#]+)/g)].map((match) => path.join(path.dirname(document), match[1]!))
    for (const file of [...named, ...linked]) assert.ok(existsSync(path.join(programRoot, file)), `${document} names ${file}`)
  }
})

test('every option that a README names is in the table of options', () => {
  const known = new Set(Object.values(optionGroups).flatMap((options) => Object.values(options).map((option) => option.env as string)))
  for (const document of ['README.md', 'README.zh-CN.md']) {
    for (const [, name] of read(document).matchAll(/`([A-Z]+(?:_[A-Z]+)+)(?==|`)/g)) assert.ok(known.has(name!), `${document} names ${name}`)
  }
})

test('both READMEs show the two commands and every number of the simulated carrier', () => {
  for (const document of ['README.md', 'README.zh-CN.md']) {
    const text = read(document)
    for (const command of ['npm start', 'npm test', 'npm run demo']) assert.ok(text.includes(command), `${document} lacks ${command}`)
    for (const number of Object.keys(numberTable)) assert.ok(text.includes(number), `${document} lacks ${number}`)
  }
})

test('docs/outcomes.md is what the tables say, and tells a way to every outcome', () => {
  assert.equal(read('docs/outcomes.md'), outcomesPage(), 'run: node tools/write-outcomes.ts')
  for (const outcome of outcomes) assert.notEqual(waysTo(outcome), '', outcome)
  // What only this system can find is no business of codes.
  for (const outcome of ['answered', 'assistant', 'blacklist', 'no-balance', 'expired', 'interrupted', 'cancelled'] as const) assert.deepEqual(rulesOf(outcome), [], outcome)
})

test('docs/operations.md lists the options as they are', () => {
  assert.equal(read('docs/operations.md'), operationsPage(), 'run: node tools/write-operations.ts')
})

test('docs/api-aliyun.md lists the operations as they are', () => {
  assert.equal(read('docs/api-aliyun.md'), apiAliyunPage(), 'run: node tools/write-api-aliyun.ts')
})
