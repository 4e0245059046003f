// Knows how text that was written for a screen becomes text for the ear, and when text is no speech at all. Does not know what may be said.

/** Takes off what models add out of habit: emphasis, list marks, emoji, quotes, a speaker's name in front. */
export function spokenText(text: string): string {
  return text
    .replace(/\*\*|__|`+|\p{Extended_Pictographic}\uFE0F?/gu, '')
    .replace(/^\s*(?:#{1,6}\s|[-*•·]\s|\d{1,2}[.)、]\s*(?=\D))/u, '')
    .replace(/^\s*(?:AI|语音|人工智能)*(?:助手|机器人|客服|assistant|AI)\s*[：:]\s*/iu, '')
    .replace(/[“”‘’「」『』"]/gu, '')
    .replace(/\s+/gu, ' ')
    .trim()
}

/** Longest run of one character that is still a word (哈哈哈). */
const sameCharsMax = 4
/** Words of another script in a sentence that are names and abbreviations (AI, WiFi). */
const foreignShareMax = 0.7

/** One of them is in every English sentence of three words. */
const commonWords = /\b(?:the|a|an|is|are|was|be|it|its|this|that|you|your|i|we|our|my|to|of|in|on|at|for|and|or|will|can|do|does|please|yes|no|not|thank|thanks|have|has|with|by|as|if|so|all|right|good|bye|may|let|there|what|when|where|how|hello)\b|'(?:s|m|re|ll|ve|t)\b/iu

/**
 * False for noise: broken encodings, the wrong language, one character over and over.
 * `calleeSaid`: a callee who spoke English may be answered in English.
 */
export function soundsLikeSpeech(text: string, language: 'zh' | 'en', calleeSaid: readonly string[]): boolean {
  if (/[\uFFFD\p{Cc}\p{Co}\p{Cn}]|锟斤拷|烫烫烫/u.test(text)) return false
  if (new RegExp(`(\\S)\\1{${sameCharsMax},}`, 'u').test(text.replace(/\d/gu, ''))) return false
  const letters = text.match(/\p{L}/gu)?.length ?? 0
  if (letters === 0) return false
  const chinese = text.match(/\p{Script=Han}/gu)?.length ?? 0
  const latin = text.match(/\p{Script=Latin}/gu)?.length ?? 0
  if (chinese + latin < letters) return false
  const english = language === 'en' || calleeSaid.slice(-3).some((words) => /[a-z]{3}/iu.test(words) && !/\p{Script=Han}/u.test(words))
  if (english && chinese === 0) return /[aeiouy]/iu.test(text) && !/[a-z]{25}/iu.test(text) && (text.split(/\s+/u).length < 3 || commonWords.test(text))
  return language === 'zh' && latin <= letters * foreignShareMax
}
