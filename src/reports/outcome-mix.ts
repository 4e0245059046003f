// The report of what becomes of calls, those included that were never dialled.
import { sql } from 'kysely'
import { count, ratio, rowsMax, share, text, theirs, type Report } from './report.ts'

export const outcomeMix: Report = {
  title: { zh: '结果分布', en: 'Outcomes' },
  about: '已经结束的通话，按提交当天（北京时间）；包括没有拨出就结束的（免打扰、取消、过期、余额不足等）。 Calls that are over, by the day they were accepted; those that ended without being dialled are among them.',
  columns: [
    text('outcome', '结果', '结果代码，见 docs/outcomes.md。 The outcome, as in docs/outcomes.md.'),
    count('calls', '通数', '以此结束的通话。 Calls that ended so.'),
    count('dialed', '其中拨出', '其中真正拨出的。 Of those, dialled.'),
    share('share', '占比', '通数 ÷ 所有已结束的通话（含未拨出）。 calls ÷ all calls that are over, dialled or not.'),
    share('share_of_dialed', '占拨出', '其中拨出 ÷ 所有拨出的通话。 dialed ÷ all calls that were dialled.'),
  ],
  sql: (query) => sql`
    with mix as (
      select c.outcome, count(*)::int as calls, count(c.dialing_at)::int as dialed
      from calls c
      where c.account_id = ${query.accountId} and c.status = 'ended'
        ${query.from === undefined ? sql`` : sql`and c.created_at >= ${query.from}`} ${query.before === undefined ? sql`` : sql`and c.created_at < ${query.before}`} ${theirs(query)}
      group by 1)
    select outcome, calls, dialed, ${ratio(sql`calls`, sql`sum(calls) over ()`)} as share, ${ratio(sql`dialed`, sql`sum(dialed) over ()`)} as share_of_dialed
    from mix order by calls desc, outcome limit ${rowsMax}`,
}
