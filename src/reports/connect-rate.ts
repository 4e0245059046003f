// The report of how many calls reach somebody, by day.
import { sql } from 'kysely'
import { byPerson, count, dialedCalls, dialedDay, pickedUp, ratio, rowsMax, share, text, type Report } from './report.ts'

export const connectRate: Report = {
  title: { zh: '接通率', en: 'Connect rate' },
  about: '已经拨出并结束的通话，按拨出当天（北京时间）统计；同一号码重拨几次算几通。 Calls that were dialled and are over, by the day they were dialled; every attempt is a call.',
  columns: [
    text('day', '日期', '拨出当天，北京时间。 The day of dialling in China.'),
    count('dialed', '拨出通数', '拨出并已结束的通话。 Calls dialled and over.'),
    count('answered', '接通通数', '有人接听、且没有判定为机器（来电助手、语音信箱、总机）的通话。 Picked up, and not found to be a machine.'),
    count('machines', '机器接听', '接起来的是助手、信箱、总机或网络播报。 Picked up by an assistant, voicemail, menu or announcement.'),
    share('connect_rate', '接通率', '接通通数 ÷ 拨出通数。 answered ÷ dialed.'),
    count('phones', '拨打号码数', '当天拨打过的不同号码。 Different numbers dialled that day.'),
    count('phones_reached', '接通号码数', '其中当天至少接通一次的。 Of those, reached at least once that day.'),
    share('reach_rate', '号码接通率', '接通号码数 ÷ 拨打号码数。 phones_reached ÷ phones.'),
  ],
  sql: (query) => sql`
    select ${dialedDay} as day, count(*)::int as dialed, (count(*) filter (where ${byPerson}))::int as answered,
           (count(*) filter (where ${pickedUp} and not (${byPerson})))::int as machines,
           ${ratio(sql`count(*) filter (where ${byPerson})`, sql`count(*)`)} as connect_rate,
           count(distinct c.phone)::int as phones, (count(distinct c.phone) filter (where ${byPerson}))::int as phones_reached,
           ${ratio(sql`count(distinct c.phone) filter (where ${byPerson})`, sql`count(distinct c.phone)`)} as reach_rate
    from calls c where ${dialedCalls(query)} group by 1 order by 1 limit ${rowsMax}`,
}
