// The report of how long people stay on the line, by day.
import { sql } from 'kysely'
import { byPerson, count, dialedCalls, dialedDay, ratio, rowsMax, seconds, share, text, type Report } from './report.ts'

export const talkTime: Report = {
  title: { zh: '通话时长', en: 'Talk time' },
  about: '有人接听（不含机器接听）并已结束的通话，按拨出当天（北京时间）；时长从接听到挂断。 Calls that a person answered, by the day they were dialled; from the answer to the hang-up.',
  columns: [
    text('day', '日期', '拨出当天，北京时间。 The day of dialling in China.'),
    count('answered', '接通通数', '有人接听的通话。 Calls that a person answered.'),
    seconds('talk_sec', '总时长（秒）', '这些通话的时长之和。 Their talk time together.'),
    seconds('average_sec', '平均（秒）', '总时长 ÷ 接通通数。 talk_sec ÷ answered.'),
    seconds('median_sec', '中位数（秒）', '一半的通话不超过它。 Half of them are not longer.'),
    seconds('p90_sec', '90 分位（秒）', '九成的通话不超过它。 Nine tenths are not longer.'),
    share('short_share', '10 秒内挂断', '不足 10 秒的通话 ÷ 接通通数。 Calls under 10 s ÷ answered.'),
  ],
  sql: (query) => sql`
    select ${dialedDay} as day, count(*)::int as answered, round(sum(c.talk_ms) / 1000.0)::float8 as talk_sec, round(avg(c.talk_ms) / 1000.0, 1)::float8 as average_sec,
           round((percentile_cont(0.5) within group (order by c.talk_ms) / 1000.0)::numeric, 1)::float8 as median_sec,
           round((percentile_cont(0.9) within group (order by c.talk_ms) / 1000.0)::numeric, 1)::float8 as p90_sec,
           ${ratio(sql`count(*) filter (where c.talk_ms < 10000)`, sql`count(*)`)} as short_share
    from calls c where ${dialedCalls(query)} and ${byPerson} group by 1 order by 1 limit ${rowsMax}`,
}
