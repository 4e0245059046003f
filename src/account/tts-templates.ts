// Knows the texts that an account has spoken, how they are kept and how their variables are filled in. Does not know calls or HTTP.
import type { Database } from '../db/connection.ts'
import { deleteTemplate, findTemplate, putTemplate, templatesOf, type TemplateState, type TtsTemplate } from '../db/tts-templates.ts'
import { InvalidInputError, NotFoundError } from '../errors.ts'

export type { TemplateState, TtsTemplate } from '../db/tts-templates.ts'

export const templateDefaults = {
  textCharsMax: 1_000,
  nameCharsMax: 100,
  perAccountMax: 500,
  /** Of one variable's value. */
  valueCharsMax: 100,
} as const

const codeShape = /^TTS_[0-9A-Za-z]{1,32}$/
const variable = /\$\{([A-Za-z_][0-9A-Za-z_]{0,31})\}/g
/** GB 45438—2025 asks for both: that it is artificial intelligence, and that it is synthetic or generated. */
export const saysSyntheticPattern = /(?:AI|人工智能)[^。！？]{0,12}(?:合成|生成)/iu

export class TtsTemplates {
  readonly #db: Database

  constructor(db: Database) {
    this.#db = db
  }

  /** Adds or replaces. `saysSynthetic`: nothing is to be said before it. Errors: InvalidInputError naming the field; NotFoundError for an unknown account. */
  async put(accountId: string, p: { code: string; text: string; name?: string | undefined; state?: TemplateState | undefined; saysSynthetic?: boolean | undefined }): Promise<TtsTemplate> {
    const { code, name = '', state = 'approved' } = p
    const text = p.text.trim()
    if (!codeShape.test(code)) throw new InvalidInputError('code', '模板编号写成 TTS_ 加 1–32 位数字或字母')
    if (text === '' || text.length > templateDefaults.textCharsMax || /\p{Cc}/u.test(text)) throw new InvalidInputError('text', `模板内容应为 1–${templateDefaults.textCharsMax} 个字符，不含控制字符`)
    if (name.length > templateDefaults.nameCharsMax) throw new InvalidInputError('name', `模板名称最多 ${templateDefaults.nameCharsMax} 个字符`)
    const before = await findTemplate(this.#db.sql, accountId, code)
    if (!before && (await templatesOf(this.#db.sql, accountId, templateDefaults.perAccountMax)).length >= templateDefaults.perAccountMax) throw new InvalidInputError('code', `每个账户最多 ${templateDefaults.perAccountMax} 个模板`)
    try {
      await putTemplate(this.#db.sql, accountId, { code, name, text, state, saysSynthetic: p.saysSynthetic ?? false })
    } catch (error) {
      if ((error as { code?: string }).code === '23503') throw new NotFoundError('account', `没有账户 ${accountId}`) // foreign_key_violation
      throw error
    }
    return (await findTemplate(this.#db.sql, accountId, code))!
  }

  list(accountId: string): Promise<TtsTemplate[]> {
    return templatesOf(this.#db.sql, accountId, templateDefaults.perAccountMax)
  }

  /** Errors: NotFoundError. */
  async remove(accountId: string, code: string): Promise<void> {
    if (!codeShape.test(code) || !(await deleteTemplate(this.#db.sql, accountId, code))) throw new NotFoundError('template', `账户 ${accountId} 没有模板 ${code}`)
  }

  /**
   * What is spoken of a template. `synthetic`: it says itself that the voice is synthetic.
   * Errors: InvalidInputError with the field 'template-code' (none, or not approved), 'template-missing', 'template-value' or 'template-length'.
   */
  async fill(accountId: string, code: string, values: Readonly<Record<string, string>>): Promise<{ text: string; saysSynthetic: boolean }> {
    const template = codeShape.test(code) ? await this.#db.retry('find a template', () => findTemplate(this.#db.sql, accountId, code), { withinMs: 3_000 }) : undefined
    if (!template) throw new InvalidInputError('template-code', `没有模板 ${code.slice(0, 40)}`)
    if (template.state !== 'approved') throw new InvalidInputError('template-code', `模板 ${code} 未通过审核`)
    return { text: fillTemplate(template.text, values), saysSynthetic: template.saysSynthetic || saysSyntheticPattern.test(template.text) }
  }
}

/** Puts values in the place of `${name}`. Values that no variable asks for are not looked at. Errors: as TtsTemplates.fill. */
export function fillTemplate(text: string, values: Readonly<Record<string, string>>): string {
  return text.replace(variable, (_whole, name: string) => {
    const value = Object.hasOwn(values, name) ? values[name]! : undefined
    if (value === undefined || value.trim() === '') throw new InvalidInputError('template-missing', `缺少变量 ${name} 的值`)
    if (value.length > templateDefaults.valueCharsMax) throw new InvalidInputError('template-length', `变量 ${name} 最多 ${templateDefaults.valueCharsMax} 个字符`)
    if (/https?:\/\//iu.test(value)) throw new InvalidInputError('template-url', `变量 ${name} 里不能有网址`)
    // The published list of characters that a spoken value may not have, and what nobody can say.
    if (/[@=:"${}^*¥\p{Cc}\ufffd]/u.test(value) || !value.isWellFormed()) throw new InvalidInputError('template-value', `变量 ${name} 里有不能播报的字符`)
    return value
  })
}
