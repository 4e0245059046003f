// The report of intent grades (意向等级).
import { sql } from 'kysely'
import { byPerson, count, dialedCalls, ratio, rowsMax, seconds, share, text, type Report } from './report.ts'

export const intentLabels: Report = {
  title: { zh: '意向等级', en: 'Intent grades' },
  about: '已经拨出、结束并评过等级的通话，按拨出时间。 Calls that were dialled, are over and have a grade.',
  columns: [
    text('label', '等级', 'A 明确同意 · B 倾向同意 · C 拒绝 · D 无法判断 · E 未接通 · F 无需跟进。 A with us · B inclined · C against · D nothing to go by · E not reached · F nothing to follow up.'),
    count('calls', '通数', '评为这一等级的通话。 Calls with this grade.'),
    share('share', '占比', '通数 ÷ 所有评过等级的通话。 calls ÷ all calls with a grade.'),
    count('answered', '其中接通', '其中有人接听的。 Of those, answered by a person.'),
    share('share_of_answered', '占接通', '其中接通 ÷ 所有有人接听且评过等级的通话。 answered ÷ all calls with a grade that a person answered.'),
    seconds('average_sec', '平均时长（秒）', '其中接通的通话的平均时长。 Average talk time of those answered.'),
    count('to_review', '待复核', '其中标为需要人工复核的。 Of those, marked for somebody to look at.'),
  ],
  sql: (query) => sql`
    with graded as (
      select coalesce(c.judgement -> 'grade' ->> 'letter', '') as label, count(*)::int as calls, (count(*) filter (where ${byPerson}))::int as answered,
             (round(avg(c.talk_ms) filter (where ${byPerson}) / 1000.0, 1))::float8 as average_sec,
             (count(*) filter (where jsonb_array_length(c.judgement -> 'review') > 0))::int as to_review
      from calls c where ${dialedCalls(query)} and c.judgement is not null group by 1)
    select label, calls, ${ratio(sql`calls`, sql`sum(calls) over ()`)} as share, answered, ${ratio(sql`answered`, sql`sum(answered) over ()`)} as share_of_answered, average_sec, to_review
    from graded order by label limit ${rowsMax}`,
}
