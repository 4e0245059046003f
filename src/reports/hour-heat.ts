// The report of when people answer: by weekday and hour.
import { sql } from 'kysely'
import { byPerson, count, dialedCalls, ratio, rowsMax, seconds, share, type Report } from './report.ts'

export const hourHeat: Report = {
  title: { zh: '时段热力', en: 'Hours' },
  about: '已经拨出并结束的通话，按拨出时的星期和小时（北京时间）；没有拨出过的时段没有行。 Calls that were dialled and are over, by weekday and hour of dialling in China; hours without calls have no row.',
  columns: [
    count('weekday', '星期', '1 星期一 … 7 星期日。 1 Monday … 7 Sunday.'),
    count('hour', '小时', '0–23，如 9 指 9:00–9:59。 0–23; 9 is 9:00 to 9:59.'),
    count('dialed', '拨出通数', '这一时段拨出的通话。 Calls dialled in it.'),
    count('answered', '接通通数', '其中有人接听的（不含机器）。 Of those, answered by a person.'),
    share('connect_rate', '接通率', '接通通数 ÷ 拨出通数。 answered ÷ dialed.'),
    seconds('average_sec', '平均时长（秒）', '接通通话的平均时长。 Average talk time of those answered.'),
  ],
  sql: (query) => sql`
    select extract(isodow from c.dialing_at at time zone 'Asia/Shanghai')::int as weekday, extract(hour from c.dialing_at at time zone 'Asia/Shanghai')::int as hour,
           count(*)::int as dialed, (count(*) filter (where ${byPerson}))::int as answered, ${ratio(sql`count(*) filter (where ${byPerson})`, sql`count(*)`)} as connect_rate,
           (round(avg(c.talk_ms) filter (where ${byPerson}) / 1000.0, 1))::float8 as average_sec
    from calls c where ${dialedCalls(query)} group by 1, 2 order by 1, 2 limit ${rowsMax}`,
}
