// Checks that damaged files are refused with words that help. Does not recognise anything.
import assert from 'node:assert/strict'
import { readFileSync } from 'node:fs'
import { test } from 'node:test'
import { gunzipSync, gzipSync } from 'node:zlib'
import { decodeLexicon } from './lexicon-file.ts'
import { decodeModel, loadModel, type ModelHeader } from './model-file.ts'

const directory = new URL('./model/', import.meta.url)
const read = (name: string) => readFileSync(new URL(name, directory))
const header = (): ModelHeader => JSON.parse(read('model.json').toString()) as ModelHeader
const weights = read('model.bin')

test('the shipped weights load', () => {
  const model = loadModel(directory)
  assert.equal(model.output.rows, model.header.units.length)
  assert.equal(model.header.units[0], '_')
})

test('weights that are cut short or changed are refused', () => {
  const changed = Uint8Array.from(weights)
  changed[1000]! ^= 1
  for (const bytes of [weights.subarray(0, 1000), new Uint8Array(0), changed]) {
    assert.throws(() => decodeModel(header(), bytes), /model\.bin is damaged/)
  }
})

test('a header of another format or with a missing part is refused by name', () => {
  assert.throws(() => decodeModel(null, weights), /unknown format/)
  assert.throws(() => decodeModel({ ...header(), format: 'sim-asr-9' }, weights), /unknown format: sim-asr-9/)
  for (const field of ['channels', 'units', 'blocks', 'melMean', 'tensors', 'sha256'] as const) {
    assert.throws(() => decodeModel({ ...header(), [field]: undefined }, weights), new RegExp(`model\\.json is damaged: ${field}`))
  }
})

test('a tensor that is missing, misshapen or outside the file is refused by name', () => {
  const { tensors } = header()
  const withTensor = (tensor: unknown) => ({ ...header(), tensors: { ...tensors, 'tone.weight': tensor } })
  const tone = tensors['tone.weight']!
  assert.throws(() => decodeModel(withTensor(undefined), weights), /tone\.weight is missing/)
  assert.throws(() => decodeModel(withTensor({ ...tone, shape: [5, 7] }), weights), /tone\.weight has shape 5,7/)
  assert.throws(() => decodeModel(withTensor({ ...tone, offset: 1e9 }), weights), /tone\.weight lies outside/)
  assert.throws(() => decodeModel(withTensor({ type: 'int8', shape: tone.shape, offset: 0 }), weights), /tone\.weight has no scales/)
})

test('a missing directory is named in the error', () => {
  assert.throws(() => loadModel(new URL('./nowhere/', directory)), /ENOENT.*nowhere/)
})

const units = header().units
const lexiconBytes = read('lexicon.txt.gz')
const lines = () => gunzipSync(lexiconBytes).toString().split('\n')
const packed = (text: string[]) => gzipSync(text.join('\n'), { level: 1 })

test('a lexicon that is cut short or not gzip is refused', () => {
  assert.throws(() => decodeLexicon(lexiconBytes.subarray(0, 5000), units), /lexicon file is damaged/)
  assert.throws(() => decodeLexicon(Buffer.from('#words 0\n'), units), /lexicon file is damaged/)
})

test('a lexicon with a missing section, line or number is refused', () => {
  assert.throws(() => decodeLexicon(packed(['#wörter 3']), units), /#words is missing at line 1/)
  assert.throws(() => decodeLexicon(packed(['#words 3', '好\thao3\t40\t1']), units), /#words is cut short/)
  assert.throws(() => decodeLexicon(packed(['#words 1', '好\thao3\tx\t1', '#classes 0', '#pairs 0']), units), /cost "x"/)
  assert.throws(() => decodeLexicon(packed(['#words 1', '好', '#classes 0', '#pairs 0']), units), /word line "好"/)
  assert.throws(() => decodeLexicon(packed(lines().slice(0, 72_960)), units), /#classes is cut short/)
})

test('a small lexicon pronounces what it knows and nothing else', () => {
  const lexicon = decodeLexicon(packed(['#words 3', '<s>\t\t0\t1', '你好\tni3 hao3\t40\t1', '好\thao3\t40\t1', '#classes 2', '0 0', '0 0', '#pairs 0', '']), units)
  const [ni, hao] = [units.indexOf('ni'), units.indexOf('hao')]
  assert.deepEqual(lexicon.pronounce('你好，好！'), [ni, hao, hao])
  assert.equal(lexicon.pronounce('你好吗'), undefined)
  assert.equal(lexicon.pronounce('。'), undefined)
})
