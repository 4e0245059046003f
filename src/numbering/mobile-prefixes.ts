// Knows which mobile prefixes exist in mainland China and who was given them. Does not know who serves a number today (携号转网).

/** The operator a prefix was allotted to. A hint only: numbers move between operators since 2019-12-01. */
export type Carrier = 'china-mobile' | 'china-unicom' | 'china-telecom' | 'china-broadnet'

/** What a prefix is for. Only `voice` and `mvno` reach a person. */
export type MobileUse = 'voice' | 'mvno' | 'data-card' | 'satellite' | 'iot'

export type MobilePrefix = { prefix: string; length: 11 | 13; use: MobileUse; carrier: Carrier | undefined }

/** State of the table. Additions of 2019–2020 (162 190 192 193 195 196 197) are in. */
export const mobilePrefixesAsOf = '2025-04'

const allotted: readonly [use: MobileUse, carrier: Carrier | undefined, length: 11 | 13, prefixes: string][] = [
  ['voice', 'china-mobile', 11, '134 135 136 137 138 139 147 150 151 152 157 158 159 172 178 182 183 184 187 188 195 197 198'],
  ['voice', 'china-unicom', 11, '130 131 132 155 156 166 175 176 185 186 196'],
  // 149 is sold for data cards, but voice is allowed on it.
  ['voice', 'china-telecom', 11, '133 149 153 173 177 180 181 189 190 191 193 199'],
  ['voice', 'china-broadnet', 11, '192'],
  ['mvno', 'china-mobile', 11, '165 1703 1705 1706'],
  ['mvno', 'china-unicom', 11, '167 171 1704 1707 1708 1709'],
  ['mvno', 'china-telecom', 11, '162 1700 1701 1702'],
  ['data-card', 'china-unicom', 11, '145'],
  ['satellite', 'china-telecom', 11, '1349 17400 17401 17402 17403 17404 17405'],
  ['satellite', undefined, 11, '1749 17406 17407 17408 17409 17410 17411 17412'],
  ['iot', 'china-mobile', 13, '1440 1441 148 1064'],
  ['iot', 'china-unicom', 13, '146'],
  ['iot', 'china-telecom', 13, '1410'],
]

const byPrefix = new Map<string, MobilePrefix>(
  allotted.flatMap(([use, carrier, length, prefixes]) =>
    prefixes.split(' ').map((prefix) => [`${length}/${prefix}`, { prefix, length, use, carrier }] as const),
  ),
)

/** The longest prefix that covers these 11 or 13 national digits; undefined when none was ever allotted. */
export function mobilePrefixOf(national: string): MobilePrefix | undefined {
  for (let length = 5; length >= 3; length -= 1) {
    const found = byPrefix.get(`${national.length}/${national.slice(0, length)}`)
    if (found) return found
  }
  return undefined
}
