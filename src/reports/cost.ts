// The report of what calls cost the account, by day.
import { sql } from 'kysely'
import { byPerson, count, dialedCalls, dialedDay, li, pickedUp, rowsMax, seconds, text, type Report } from './report.ts'

export const cost: Report = {
  title: { zh: '费用', en: 'Cost' },
  about: '已经拨出并结束的通话，按拨出当天（北京时间）；没有接起来的通话不收费。 Calls that were dialled and are over, by the day they were dialled; a call that nobody picked up costs nothing.',
  columns: [
    text('day', '日期', '拨出当天，北京时间。 The day of dialling in China.'),
    count('dialed', '拨出通数', '拨出并已结束的通话。 Calls dialled and over.'),
    count('billed', '计费通数', '接起来的通话（含机器接听）。 Calls that were picked up, machines included.'),
    seconds('billed_sec', '计费时长（秒）', '按计费规则取整后的秒数之和。 Billed seconds together, rounded as the price list says.'),
    li('cost', '费用', '这些通话的费用。 What they cost.'),
    li('per_answered', '每次接通', '费用 ÷ 有人接听的通话。 cost ÷ calls that a person answered.'),
    li('per_dialed', '每次拨出', '费用 ÷ 拨出通数。 cost ÷ dialed.'),
  ],
  sql: (query) => sql`
    select ${dialedDay} as day, count(*)::int as dialed, (count(*) filter (where ${pickedUp}))::int as billed, coalesce(sum(c.billed_sec), 0)::float8 as billed_sec,
           sum(c.cost_li)::float8 as cost, round(sum(c.cost_li) / nullif(count(*) filter (where ${byPerson}), 0))::float8 as per_answered,
           round(sum(c.cost_li) / count(*))::float8 as per_dialed
    from calls c where ${dialedCalls(query)} group by 1 order by 1 limit ${rowsMax}`,
}
