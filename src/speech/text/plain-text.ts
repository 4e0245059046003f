// Knows what in display text is not speech: markup, links, emoji, quotes. Does not know numbers.

/** Full-width letters, digits and the signs that numbers are written with; Chinese punctuation keeps its width. */
const FULL_WIDTH = /[０-９Ａ-Ｚａ-ｚ％＋－／＠＃＆＝～．＄＊＿｜]/g
const EMOJI = /\p{Extended_Pictographic}|\p{Emoji_Modifier}|\p{Regional_Indicator}|\uFE0F|\u20E3/gu
/** Zero-width and control characters, apart from line breaks and tabs. */
const INVISIBLE = /[\u0000-\u0008\u000B-\u001F\u007F\u00AD\u200B-\u200F\u202A-\u202E\u2060\uFEFF]/g
const LINK_CHARS = String.raw`[\w\-./?%&=#:~+@!$*;]`
/** A site somebody could remember from hearing it: at most four names, the last of them known. */
export const HOST = String.raw`[a-z0-9][a-z0-9-]{0,30}(?:\.[a-z0-9-]{1,30}){0,2}\.(?:com|cn|net|org|gov|edu|io|top|vip|cc)`
const WHOLE_SITE = new RegExp(String.raw`(?:https?://)(${HOST})/?(?![\w./?%&=#:~+@!$*;-])`, 'gi')
const URL = new RegExp(String.raw`(?:https?|ftp)://${LINK_CHARS}+`, 'gi')
/** A site with a path: nobody writes that down from hearing it. */
const LONG_LINK = new RegExp(String.raw`(?<![\w@.-])(?:www\.|${HOST}(?=/))[\w\-.]{1,80}/[\w\-./?%&=#:~+]+`, 'gi')

/** Display text without anything that is only for the eye. What it removes leaves no gap; line breaks become sentence ends. */
export function toPlainText(text: string): string {
  return stripMarkup(
    text
      .replace(FULL_WIDTH, (char) => String.fromCharCode(char.charCodeAt(0) - 0xfee0))
      .replaceAll('￥', '¥')
      .replace(/(\d?)([½⅓⅔¼¾⅕⅛])/g, (_, whole: string, part: string) => `${whole}${whole === '' ? '' : '又'}${part.normalize('NFKD').replace('\u2044', '/')}`)
      .replace(/(\S?)[ ]*([①-⑳])(?=(\p{L})?)/gu, (_, before: string, mark: string, after: string | undefined) => `${before}${before === '' || after === undefined ? '' : '；'}${mark.codePointAt(0)! - 0x245f}${after === undefined ? '' : '、'}`)
      .replace(/[√✓✔☑]/g, '')
      .replace(/(\d)：(?=\d)/g, '$1:')
      .replace(/[\u3000\u00A0\t]/g, ' ')
      .replace(/\r\n?/g, '\n')
      .replace(INVISIBLE, ''),
  )
    .replace(EMOJI, '')
    .replace(/^[\s，,。、]+/, '')
    .replace(/([。！？!?，,；;：:、])\s*\n\s*/g, '$1')
    .replace(/\s*\n\s*/g, '。')
    .trim()
}

function stripMarkup(text: string): string {
  return text
    .replace(/```[\s\S]*?(?:```|$)/g, '')
    .replace(/<!--[\s\S]*?-->/g, '')
    .replace(/<\/?[a-z][^<>]*>/gi, '')
    .replace(/&nbsp;/g, ' ')
    .replace(/&lt;/g, '<')
    .replace(/&gt;/g, '>')
    .replace(/&amp;/g, '&')
    .replace(/!\[[^\]\n]*\]\([^)\n]*\)/g, '')
    .replace(/\[([^\]\n]+)\]\((?:[^()\n]|\([^()\n]*\))*\)/g, '$1')
    .replace(WHOLE_SITE, '$1')
    .replace(URL, '')
    .replace(LONG_LINK, '')
    .replace(/^[ ]*(?:[-*_][ ]*){3,}$/gm, '')
    .replace(/^[ ]*\|?(?:[ ]*:?-{2,}:?[ ]*\|)+[ ]*(?::?-{2,}:?)?[ ]*$/gm, '')
    .replace(/^[ ]*#{1,6}[ ]+/gm, '')
    .replace(/^[ ]*>[ ]?/gm, '')
    .replace(/^[ ]*[-*+•][ ]+(?:\[[ xX]\][ ]+)?/gm, '')
    .replace(/^[ ]*(\d{1,2})[.)、][ ]*(?=[^\d\s])/gm, '$1、')
    .replace(/^[ ]*\|(.*)\|[ ]*$/gm, '$1')
    .replace(/(\*\*|__|~~)(?=\S)([^\n]*?\S)\1/g, '$2')
    .replace(/(?<![\w*])\*(?=[^\s*])([^*\n]*[^\s*])\*(?![\w*])/g, '$1')
    .replace(/(?<!\w)_(?=\S)([^_\n]*\S)_(?!\w)/g, '$1')
    .replace(/`([^`\n]*)`/g, '$1')
}

/** Last step: quotes go, brackets and foreign marks become pauses, and each place keeps one mark. */
export function tidyPunctuation(spoken: string): string {
  return spoken
    .replace(/(?<![A-Za-z])['’]|['’](?![A-Za-z])/g, '')
    .replace(/[“”"‘「」『』《》〈〉*_\\^`{}]/g, '')
    .replace(/[—–|•]+|[（）()【】[\]〔〕]|\.{2,}|…+|。{2,}/g, '，')
    .replace(/,/g, '，')
    .replace(/;/g, '；')
    .replace(/!/g, '！')
    .replace(/\?/g, '？')
    .replace(/[：:]/g, '，')
    .replace(/\.(?![A-Za-z0-9])/g, '。')
    .replace(/\s+/g, ' ')
    .replace(/ ?([，。！？；、]) ?/g, '$1')
    .replace(/([\u4e00-\u9fff]) (?=[\u4e00-\u9fff])/g, '$1')
    .replace(/[，。！？；、]{2,}/g, strongest)
    .replace(/^[，。！？；、 ]+|[，；、 ]+$/g, '')
}

function strongest(marks: string): string {
  for (const mark of '？！。；') if (marks.includes(mark)) return mark
  return marks.includes('，') ? '，' : '、'
}
