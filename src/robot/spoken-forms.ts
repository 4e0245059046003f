// Knows the noisy forms that one spoken phrase takes in recognised text, and how it sounds. Does not know what phrases mean.
import { pinyin } from 'pinyin-pro'

/** Longer turns are cut: a phone turn of more than this is a speech, and its beginning tells what it is. */
export const utteranceCharsMax = 300

/** Full-width to plain, lower case, no blanks and no punctuation. */
export function normalise(text: string): string {
  return text.normalize('NFKC').toLowerCase().replace(/[^\p{L}\p{N}]/gu, '')
}

/** The stretches between punctuation, normalised, in order. A blank beside a single character is no pause: some recognisers write 没 错. */
export function clausesOf(text: string): string[] {
  return text.slice(0, utteranceCharsMax).normalize('NFKC').split(/[，。！？；、,.!?;…~\n]+|(?<=[\u4e00-\u9fff]{2})\s+(?=[\u4e00-\u9fff]{2})/u).map(normalise).filter((clause) => clause !== '')
}

const leading = /^(?:嗯|呃|额|啊|哦|噢|唉|哎|诶|欸|那个|这个(?=[^人号公])|喂|你好(?!像|多)|您好|不好意思|对不起|抱歉)+/u
const trailing = /[啊呢哈啦嘛哦呀哎诶嗯噢咯喽]+$/u
const subject = /^(?:我们|我|那|就|也|都|应该|肯定|一定|当然)+(?=.)/u

/** 对对对 → 对, 打错了打错了 → 打错了. 妈妈 becomes 妈 as well, so the plain form is always kept beside it. */
export function collapseRepeats(text: string): string {
  return text.replace(/(.{1,6}?)\1+/gu, '$1')
}

/** Every form in which a phrase may hide, most literal first. Never empty strings. */
export function formsOf(clause: string): string[] {
  const forms = new Set<string>([clause])
  for (const form of [clause, collapseRepeats(clause)]) {
    const head = form.replace(leading, '')
    for (const one of [form, head, form.replace(trailing, ''), head.replace(trailing, '')]) {
      forms.add(one)
      forms.add(one.replace(/^我们?(?=.)/u, ''))
      forms.add(one.replace(subject, ''))
    }
    // 知道啦 is 知道了 said fondly.
    forms.add(form.replace(/[啦咯喽咧]$/u, '了'))
    forms.add(head.replace(/[啦咯喽咧]$/u, '了'))
  }
  forms.delete('')
  return [...forms]
}

const soundCacheMax = 4_000
const soundCache = new Map<string, string>()

/** Toneless syllables between blanks: " tou su ". Recognisers confuse characters far more often than syllables. */
export function soundOf(text: string): string {
  const known = soundCache.get(text)
  if (known !== undefined) return known
  const sound = ` ${pinyin(text, { toneType: 'none', type: 'array', v: true }).join(' ')} `
  if (soundCache.size >= soundCacheMax) soundCache.clear()
  soundCache.set(text, sound)
  return sound
}

/** The same with the pairs merged that southern speech and recognisers do not keep apart: zh/z, ch/c, sh/s, n/l, ing/in, eng/en, uang/uan. */
export function looseSoundOf(text: string): string {
  return soundOf(text).replace(/ ([zcs])h/gu, ' $1').replace(/ l(?=[aeiouv])/gu, ' n').replace(/([ie]|ua)ng(?= )/gu, '$1n')
}
