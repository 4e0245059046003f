import assert from 'node:assert/strict'
import { mkdtemp, readdir, readFile, rm, stat, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import path from 'node:path'
import { test } from 'node:test'
import { randomBytes } from 'node:crypto'
import { InvalidInputError } from './errors.ts'
import { openSecretBox, parseSecretKey, SecretBox, SecretError } from './secret-box.ts'

test('what is sealed opens with the same key and owner, and looks different each time', () => {
  const box = new SecretBox(randomBytes(32))
  const [one, two] = [box.seal('密码 pass', 'trunk a'), box.seal('密码 pass', 'trunk a')]
  assert.equal(box.open(one, 'trunk a'), '密码 pass')
  assert.notDeepEqual(one, two)
  assert.ok(!one.includes(Buffer.from('pass')))
})

test('another key is told apart from damage, and neither opens', () => {
  const box = new SecretBox(randomBytes(32))
  const sealed = box.seal('pass', 'trunk a')
  assert.throws(() => new SecretBox(randomBytes(32)).open(sealed, 'trunk a'), (error) => error instanceof SecretError && /another key/.test(error.message))
  assert.throws(() => box.open(sealed, 'trunk b'), /damaged, or belongs to something else/)
  for (let at = 0; at < sealed.length; at += 1) {
    const damaged = Buffer.from(sealed)
    damaged[at]! ^= 1
    assert.throws(() => box.open(damaged, 'trunk a'), SecretError, `byte ${at}`)
  }
  for (const length of [0, 1, 32]) assert.throws(() => box.open(sealed.subarray(0, length), 'trunk a'), SecretError)
})

test('a key is 32 bytes in hex or base64, and a wrong one is never repeated', () => {
  const key = randomBytes(32)
  assert.deepEqual(parseSecretKey('SECRET_KEY', ` ${key.toString('hex')}\n`), key)
  assert.deepEqual(parseSecretKey('SECRET_KEY', key.toString('base64')), key)
  for (const wrong of ['', 'hunter2', key.toString('hex').slice(1), `${key.toString('hex')}0`, key.toString('base64').slice(0, -1)]) {
    assert.throws(() => parseSecretKey('SECRET_KEY', wrong), (error) => error instanceof InvalidInputError && error.field === 'SECRET_KEY' && (wrong === '' || !error.message.includes(wrong)))
  }
})

test('the key file is made once, also by ten at a time, is its owner’s only, and is kept', async () => {
  const dataDir = await mkdtemp(path.join(tmpdir(), 'waihu-secret-'))
  try {
    const boxes = await Promise.all(Array.from({ length: 10 }, () => openSecretBox({ secretKey: undefined, dataDir })))
    const sealed = boxes[0]!.seal('pass', 'trunk a')
    for (const box of boxes) assert.equal(box.open(sealed, 'trunk a'), 'pass')
    assert.deepEqual(await readdir(dataDir), ['secret-key'])
    assert.equal((await stat(path.join(dataDir, 'secret-key'))).mode & 0o777, 0o600)
    const text = await readFile(path.join(dataDir, 'secret-key'), 'utf8')
    assert.equal((await openSecretBox({ secretKey: text, dataDir: '/nowhere' })).open(sealed, 'trunk a'), 'pass')
    await writeFile(path.join(dataDir, 'secret-key'), 'cut')
    await assert.rejects(openSecretBox({ secretKey: undefined, dataDir }), InvalidInputError)
  } finally {
    await rm(dataDir, { recursive: true, force: true })
  }
})
