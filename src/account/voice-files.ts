// Knows how the recorded files of an account are named among those of everybody. Does not know what is in them, or who plays them.
import { InvalidInputError } from '../errors.ts'

/** With the account's id in front it is still a plain file name. */
const codeShape = /^[0-9A-Za-z][0-9A-Za-z_-]{0,38}(?:\.(?:wav|mp3))?$/

export function isVoiceCode(code: string): boolean {
  return codeShape.test(code)
}

/** The name of the sound that the account calls `code`, so that nobody plays the files of others. Errors: InvalidInputError 'voice-file'. */
export function voiceFileName(accountId: string, code: string): string {
  if (!isVoiceCode(code)) throw new InvalidInputError('voice-file', `没有语音文件 ${code.slice(0, 60)}：编号由字母、数字、_ 和 - 组成，最长 39 个字符，可带 .wav 或 .mp3`)
  return `${voiceFilePrefix(accountId)}${code}`
}

export function voiceFilePrefix(accountId: string): string {
  return `${accountId}-`
}
