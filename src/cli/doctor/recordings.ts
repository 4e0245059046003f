// Examines where recordings go: whether the store can be reached and lets us put, read and remove. Does not know recordings.
import { randomUUID } from 'node:crypto'
import { mkdtemp, rm, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import path from 'node:path'
import { buffer } from 'node:stream/consumers'
import type { Config } from '../../config.ts'
import { InvalidInputError, ProviderError } from '../../errors.ts'
import type { S3Bucket } from '../../objects/s3.ts'
import { openBucket } from '../../recording-store.ts'
import { ok, problem, warning, type Finding } from './finding.ts'

const CONTENT = 'waihu doctor'

export async function examineRecordings(config: Config): Promise<Finding[]> {
  if (!config.record) return [ok('不录音（RECORD=off）', 'calls are not recorded (RECORD=off)')]
  const kept = config.recordingDays === 0 ? ok('录音一直保留（RECORDING_DAYS=0）', 'recordings are kept for good (RECORDING_DAYS=0)') : ok(`录音保留 ${config.recordingDays} 天`, `recordings are kept for ${config.recordingDays} days`)
  const findings = [kept]
  if (config.aigcProducer === 'waihu' && config.sipTrunk !== undefined) {
    const next = { zh: '把 AIGC_PRODUCER 设成你的备案名称或编码。', en: 'Set AIGC_PRODUCER to your registered name or code.' }
    findings.push(warning('录音里的 AIGC 标识没有写明提供者', 'the AIGC label in recordings does not name its provider', next))
  }
  try {
    const bucket = openBucket(config)
    if (bucket !== undefined) findings.push(await tryStore(bucket, config))
  } catch (error) {
    if (!(error instanceof InvalidInputError)) throw error
    findings.push(problem(error.message, error.message, { zh: `设置 ${error.field}。`, en: `Set ${error.field}.` }))
  }
  return findings
}

/** With an object of our own that is gone afterwards. */
async function tryStore(bucket: S3Bucket, { s3Prefix, s3Bucket }: Config): Promise<Finding> {
  const folder = await mkdtemp(path.join(tmpdir(), 'waihu-doctor-'))
  const key = `${s3Prefix}doctor-${randomUUID()}.txt`
  try {
    const file = path.join(folder, 'probe.txt')
    await writeFile(file, CONTENT)
    await bucket.put(key, file, 'text/plain')
    const read = await bucket.read(key, { start: 0, end: 4 })
    if (read === undefined || (await buffer(read)).toString() !== CONTENT.slice(0, 5)) throw new ProviderError('s3', 'what was stored does not come back', false)
    await bucket.remove(key)
    return ok(`对象存储 ${s3Bucket} 可写、可读、可删`, `the store ${s3Bucket} lets us put, read and remove`)
  } catch (error) {
    if (!(error instanceof ProviderError)) throw error
    await bucket.remove(key).catch(() => {})
    const advice = adviceFor(error.message)
    return problem(`对象存储 ${s3Bucket} 用不了：${error.message}`, `the store ${s3Bucket} cannot be used: ${error.message}`, advice)
  } finally {
    await rm(folder, { recursive: true, force: true })
  }
}

function adviceFor(message: string): { zh: string; en: string } {
  if (/InvalidAccessKeyId|SignatureDoesNotMatch/.test(message)) return { zh: '检查 S3_ACCESS_KEY_ID 和 S3_SECRET_ACCESS_KEY。', en: 'Check S3_ACCESS_KEY_ID and S3_SECRET_ACCESS_KEY.' }
  if (/RequestTimeTooSkewed/.test(message)) return { zh: '校准本机时钟。', en: 'Set the clock of this machine.' }
  if (/NoSuchBucket/.test(message)) return { zh: '检查 S3_BUCKET 和 S3_PATH_STYLE。', en: 'Check S3_BUCKET and S3_PATH_STYLE.' }
  if (/AccessDenied| 403/.test(message)) return { zh: '给这个密钥写、读、删该存储桶对象的权限。', en: 'Allow this key to put, get and delete objects of the bucket.' }
  if (/AuthorizationHeaderMalformed| 30\d/.test(message)) return { zh: '检查 S3_REGION 和 S3_ENDPOINT。', en: 'Check S3_REGION and S3_ENDPOINT.' }
  return { zh: '检查 S3_ENDPOINT、网络和 S3_PATH_STYLE。', en: 'Check S3_ENDPOINT, the network and S3_PATH_STYLE.' }
}
