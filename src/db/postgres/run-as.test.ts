import assert from 'node:assert/strict'
import { test } from 'node:test'
import { chooseRunAs, cleanEnvironment, invocation } from './run-as.ts'

const nobody = { uid: 65_534, gid: 65_534 }
const user = { uid: 1_000, gid: 1_000 }
const root = { uid: 0, gid: 0 }
const folder = '/data/postgres'

test('who runs PostgreSQL depends on who we are, who owns the cluster, and what the kernel allows', () => {
  const choose = (uid: number, owner: typeof user | undefined, namespaces: boolean, someone: typeof user | undefined = nobody): unknown => {
    try {
      return chooseRunAs({ uid, owner, nobody: someone, namespaces, folder })
    } catch (error) {
      return (error as { code: string }).code
    }
  }
  assert.deepEqual(choose(1_000, undefined, false), { how: 'direct' })
  assert.deepEqual(choose(1_000, user, true), { how: 'direct' })
  assert.deepEqual(choose(1_000, root, true), 'data-folder')
  assert.deepEqual(choose(0, undefined, true), { how: 'namespace', uid: 65_534 })
  assert.deepEqual(choose(0, root, true), { how: 'namespace', uid: 65_534 })
  assert.deepEqual(choose(0, undefined, false), { how: 'user', ...nobody })
  assert.deepEqual(choose(0, root, false), { how: 'user', ...nobody })
  assert.deepEqual(choose(0, user, true), { how: 'user', ...user })
  assert.throws(() => chooseRunAs({ uid: 0, owner: undefined, nobody: undefined, namespaces: true, folder }), { code: 'postgres-missing', message: /DATABASE_URL/ })
})

test('each way of running becomes one command', () => {
  assert.deepEqual(invocation({ how: 'direct' }, '/bin/postgres', ['-D', 'x']), { file: '/bin/postgres', args: ['-D', 'x'], identity: {} })
  assert.deepEqual(invocation({ how: 'user', ...user }, '/bin/postgres', ['-D', 'x']), { file: '/bin/postgres', args: ['-D', 'x'], identity: user })
  assert.deepEqual(invocation({ how: 'namespace', uid: 7 }, '/bin/postgres', ['-D', 'x']), { file: 'unshare', args: ['--user', '--map-user=7', '--', '/bin/postgres', '-D', 'x'], identity: {} })
})

test('PostgreSQL sees nothing of our secrets', () => {
  process.env['SECRET_OF_OURS'] = 'x'
  assert.deepEqual(Object.keys(cleanEnvironment()).sort(), ['LC_ALL', 'PATH', 'TMPDIR', 'TZ'])
  delete process.env['SECRET_OF_OURS']
})
