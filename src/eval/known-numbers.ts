// Knows which numbers a robot could have been told: by the requirement, the calendar or the callee. Does not know who says them.
import { digitsForm } from '../robot/china-time.ts'
import { type Requirement, speak } from '../robot/requirement.ts'

/** A single digit says nothing without what it counts: 一声 is no number. */
const counted = /\d+(?:点|时|分|号|日|月|年|元|块|万|楼|层|折|折扣|天|位|室|栋|单元|%|％|小时|分钟)/gu

/**
 * The numbers in `spoken` that nobody told the robot; written as they were compared. Wider than the guard of the robot on purpose:
 * a check that shared its rules would share its holes.
 */
export function unknownNumbers(spoken: string, requirement: Requirement, now: Date, calleeSaid: readonly string[]): string[] {
  const items = [...requirement.facts, ...requirement.questions]
  const sources = [requirement.original, requirement.organisation ?? '', ...requirement.keys.flatMap(({ key, meaning }) => [key, meaning]), ...items.flatMap((item) => [item.text, speak(item, now), speak(item, now, { brief: true })]), ...calleeSaid]
  const known = new Set(sources.flatMap(numbersIn))
  return numbersIn(spoken).filter((number) => !known.has(number))
}

function numbersIn(text: string): string[] {
  const plain = digitsForm(text.replace(/一(?:下|声|遍|会儿|定|样|起|个通知|件事|些|点儿?(?!钟)|直|位工作人员|份)/gu, ' ').replace(/(?<=点)半/gu, '30分')).replace(/\b0+(?=\d)/gu, '')
  return [...(plain.match(/\d{2,}/gu) ?? []), ...(plain.match(counted) ?? []).filter((number) => /^\d\D/u.test(number))]
}
