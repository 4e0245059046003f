// Knows how secrets are kept from whoever reads the database or a backup of it: sealed with a key that lies elsewhere. Does not know what they are for.
import { createCipheriv, createDecipheriv, createHash, randomBytes } from 'node:crypto'
import { chmod, link, mkdir, readFile, rm, writeFile } from 'node:fs/promises'
import path from 'node:path'
import { AppError, InvalidInputError } from './errors.ts'

/** A sealed secret was sealed with another key, for something else, or is damaged. */
export class SecretError extends AppError {
  override name = 'SecretError'
  constructor(message: string, options?: ErrorOptions) {
    super('secret-unreadable', message, options)
  }
}

const keyBytes = 32
const keyIdBytes = 4
const nonceBytes = 12
const tagBytes = 16
const headBytes = 1 + keyIdBytes + nonceBytes + tagBytes
/** First byte of everything sealed; another layout gets another number. */
const layout = 1

// 0: layout(8)    1-4: first bytes of SHA-256(key)    5-16: nonce(96)    17-32: tag(128)    33-: AES-256-GCM of the text in UTF-8
export class SecretBox {
  readonly #key: Buffer
  readonly #keyId: Buffer

  /** `key` has 32 bytes. */
  constructor(key: Buffer) {
    if (key.length !== keyBytes) throw new RangeError(`a secret key has ${keyBytes} bytes`)
    this.#key = key
    this.#keyId = createHash('sha256').update(key).digest().subarray(0, keyIdBytes)
  }

  /** `owner` is bound to the secret: put beside another owner it does not open. The same text gives other bytes each time. */
  seal(text: string, owner: string): Buffer {
    const nonce = randomBytes(nonceBytes)
    const cipher = createCipheriv('aes-256-gcm', this.#key, nonce)
    cipher.setAAD(Buffer.from(owner))
    const sealed = Buffer.concat([cipher.update(text, 'utf8'), cipher.final()])
    return Buffer.concat([Buffer.of(layout), this.#keyId, nonce, cipher.getAuthTag(), sealed])
  }

  /** Errors: SecretError that says which of both it is: another key, or damaged. */
  open(sealed: Buffer, owner: string): string {
    if (sealed.length < headBytes || sealed[0] !== layout) throw new SecretError(`${owner}：密文已损坏。 ${owner}: the sealed secret is damaged`)
    if (!sealed.subarray(1, 1 + keyIdBytes).equals(this.#keyId)) {
      throw new SecretError(`${owner}：密码是用另一把密钥加密的。请换回当时的 SECRET_KEY（或 DATA_DIR/secret-key），或重新填写密码。 ${owner}: sealed with another key: bring back that SECRET_KEY (or DATA_DIR/secret-key), or enter the password again`)
    }
    const nonceAt = 1 + keyIdBytes
    try {
      const decipher = createDecipheriv('aes-256-gcm', this.#key, sealed.subarray(nonceAt, nonceAt + nonceBytes), { authTagLength: tagBytes })
      decipher.setAAD(Buffer.from(owner))
      decipher.setAuthTag(sealed.subarray(nonceAt + nonceBytes, headBytes))
      return Buffer.concat([decipher.update(sealed.subarray(headBytes)), decipher.final()]).toString('utf8')
    } catch (cause) {
      throw new SecretError(`${owner}：密文已损坏或被移到别处。 ${owner}: the sealed secret is damaged, or belongs to something else`, { cause })
    }
  }
}

/** 64 hex digits, or 44 characters of base64. Errors: InvalidInputError, without the value. */
export function parseSecretKey(option: string, text: string): Buffer {
  const trimmed = text.trim()
  const key = /^[0-9a-fA-F]{64}$/.test(trimmed) ? Buffer.from(trimmed, 'hex') : /^[A-Za-z0-9+/]{43}=$/.test(trimmed) ? Buffer.from(trimmed, 'base64') : undefined
  if (key?.length === keyBytes) return key
  throw new InvalidInputError(option, `${option} 应为 64 位十六进制数或 44 位 base64（32 字节），可用 openssl rand -hex 32 生成。 ${option} must be 32 bytes as 64 hex digits or 44 characters of base64: make one with openssl rand -hex 32`)
}

/** The key of the option when it is set, else that of `<dataDir>/secret-key`, which is made when there is none. Errors: InvalidInputError. */
export async function openSecretBox(p: { secretKey: string | undefined; dataDir: string }): Promise<SecretBox> {
  if (p.secretKey !== undefined) return new SecretBox(parseSecretKey('SECRET_KEY', p.secretKey))
  const file = path.join(p.dataDir, 'secret-key')
  await mkdir(p.dataDir, { recursive: true, mode: 0o711 })
  const text = (await readIfThere(file)) ?? (await makeOnce(file))
  return new SecretBox(parseSecretKey(file, text))
}

async function readIfThere(file: string): Promise<string | undefined> {
  try {
    return await readFile(file, 'utf8')
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code === 'ENOENT') return undefined
    throw error
  }
}

/** Several processes may start at once: whoever links first has made it, and no one ever reads half a key. */
async function makeOnce(file: string): Promise<string> {
  const fresh = `${file}.${process.pid}.${randomBytes(4).toString('hex')}`
  try {
    await writeFile(fresh, `${randomBytes(keyBytes).toString('hex')}\n`, { mode: 0o600, flag: 'wx', flush: true })
    await chmod(fresh, 0o600)
    await link(fresh, file).catch((error: NodeJS.ErrnoException) => {
      if (error.code !== 'EEXIST') throw error
    })
  } finally {
    await rm(fresh, { force: true })
  }
  return await readFile(file, 'utf8')
}
