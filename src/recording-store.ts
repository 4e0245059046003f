// Knows how the options name the store that recordings go to. Does not know recordings.
import type { Config } from './config.ts'
import { InvalidInputError } from './errors.ts'
import { S3Bucket } from './objects/s3.ts'

/** The store that recordings go to. Errors: InvalidInputError when it is named and cannot be used. */
export function openBucket(config: Config): S3Bucket | undefined {
  const { s3Bucket: bucket, s3Region: region, s3AccessKeyId: accessKeyId, s3SecretAccessKey: secretAccessKey } = config
  if (bucket === undefined) return undefined
  if (accessKeyId === undefined) throw new InvalidInputError('S3_ACCESS_KEY_ID', '设置了 S3_BUCKET，还需要 S3_ACCESS_KEY_ID。 S3_BUCKET is set, S3_ACCESS_KEY_ID is needed too')
  if (secretAccessKey === undefined) throw new InvalidInputError('S3_SECRET_ACCESS_KEY', '设置了 S3_BUCKET，还需要 S3_SECRET_ACCESS_KEY。 S3_BUCKET is set, S3_SECRET_ACCESS_KEY is needed too')
  const endpoint = config.s3Endpoint ?? `https://s3.${region}.amazonaws.com${region.startsWith('cn-') ? '.cn' : ''}`
  return new S3Bucket({ endpoint, bucket, region, accessKeyId, secretAccessKey, pathStyle: config.s3PathStyle })
}
