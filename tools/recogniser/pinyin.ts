// Knows how training texts are read: characters → pinyin → spellings of the eSpeak voice. Does not know audio.
import { customPinyin, pinyin } from 'pinyin-pro'

/** Readings that the general dictionary gets wrong, and interjections that eSpeak cannot spell. */
const OVERRIDES = {
  还钱: 'huán qián', 还款: 'huán kuǎn', 还清: 'huán qīng', 还房贷: 'huán fáng dài', 单先生: 'shàn xiān sheng', 姓曾: 'xìng zēng',
  姓单: 'xìng shàn', 姓任: 'xìng rén', 重庆: 'chóng qìng', 银行: 'yín háng', 行长: 'háng zhǎng', 率先: 'shuài xiān', 嗯: 'èn', 哎: 'āi',
  诶: 'ēi', 呃: 'è', 幺: 'yāo', 噢: 'ō', 哦: 'ò', 呦: 'yōu', 呣: 'mu', 哼: 'hēng', 嗯嗯: 'èn èn', 呃呃: 'è è', 谁: 'shéi',
  嘀声: 'dī shēng', 挂号费: 'guà hào fèi', 利率: 'lì lǜ', 分期: 'fēn qī', 银行卡: 'yín háng kǎ', 打折: 'dǎ zhé',
}
customPinyin(OVERRIDES)

/** Rare or special syllables, mapped to ones that eSpeak speaks and the recogniser knows. */
const ALIASES: Readonly<Record<string, string>> = {
  n: 'en', ng: 'en', hng: 'heng', hm: 'heng', m: 'mu', ê: 'ei', r: 'er', nun: 'nen', yai: 'ya', fiao: 'fei', lo: 'luo', yo: 'you',
  den: 'deng', nia: 'niang', kei: 'ke', tei: 'te', cei: 'ce', eng: 'en', pia: 'pian', rua: 'ruan',
}

/** Standard spellings with which the voice falls back to English letters. "lü" must be written "lv" for the same reason. */
const ESPEAK_SPELLINGS: Readonly<Record<string, string>> = { xiong: 'xong', qiong: 'qong', jiong: 'jong' }

export type Reading = {
  /** Such as "ni3". */
  syllables: string[]
  /** The same, with ',' for pauses. */
  units: string[]
}

export function toPinyin(text: string): Reading {
  const parts = pinyin(text, { toneType: 'num', v: true, type: 'array', nonZh: 'consecutive', toneSandhi: true })
  const units: string[] = []
  for (const part of parts) {
    const match = /^([a-zêüv]+)([0-5])$/.exec(part.replace('ü', 'v'))
    if (match) units.push((ALIASES[match[1]!] ?? match[1]!) + (match[2] === '0' ? '5' : match[2]!))
    else if (/[，,。！？]/.test(part)) units.push(',')
  }
  return { syllables: units.filter((unit) => unit !== ','), units }
}

/**
 * Text for the eSpeak voice "cmn-latn-pinyin".
 * @param join decides whether a syllable is glued to the one before it, which changes the rhythm
 */
export function toEspeakText(units: readonly string[], join: () => boolean = () => false): string {
  let text = ''
  for (const unit of units) {
    if (unit === ',') {
      text += ','
      continue
    }
    const base = unit.slice(0, -1)
    const spelled = (ESPEAK_SPELLINGS[base] ?? base) + unit.slice(-1)
    text += text && !(join() && !text.endsWith(',')) ? ` ${spelled}` : spelled
  }
  return text
}
