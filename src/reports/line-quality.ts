// The report of how each line and each shown number does.
import { sql } from 'kysely'
import { byPerson, count, dialedCalls, pickedUp, ratio, rowsMax, seconds, share, text, type Report } from './report.ts'

export const lineQuality: Report = {
  title: { zh: '线路质量', en: 'Lines' },
  about:
    '已经拨出并结束的通话，按拨出时间，算在最后一次尝试所用的线路和主叫号码上。 Calls that were dialled and are over, counted for the trunk and the shown number of their last attempt.',
  columns: [
    text('trunk', '线路', '线路名称。 The trunk.'),
    text('caller', '主叫号码', '对方看到的号码。 The number that was shown.'),
    count('dialed', '拨出通数', '最后经此线路和号码拨出的通话。 Calls that went over it last.'),
    share('connect_rate', '接通率', '有人接听（不含机器）÷ 拨出通数。 Answered by a person ÷ dialed.'),
    share('blocked_share', '拦截率', '被运营商拦截（carrier-blocked）÷ 拨出通数。 carrier-blocked ÷ dialed.'),
    share('fault_share', '线路故障率', '线路故障、呼损或超并发（line-fault、call-loss、concurrency）÷ 拨出通数。 line-fault, call-loss or concurrency ÷ dialed.'),
    share('other_trunk_share', '换线率', '经过别的尝试（换线或换号）才到这里的通话 ÷ 拨出通数。 Calls that had been tried otherwise before ÷ dialed.'),
    seconds('to_ringing_sec', '振铃延迟（秒）', '从拨出到开始振铃的平均时间，只算振过铃的。 Average from dialling to ringing, of those that rang.'),
    seconds('average_sec', '平均时长（秒）', '接起来的通话（含机器）的平均时长。 Average talk time of those picked up, machines included.'),
    share('loss_share', '丢包率', '收到的语音包丢失数 ÷（收到 + 丢失），接起来的通话合计。 Lost ÷ (received + lost) voice packets of all calls picked up.'),
  ],
  sql: (query) => sql`
    select coalesce(c.trunk, '') as trunk, coalesce(c.caller_id, '') as caller, count(*)::int as dialed, ${ratio(sql`count(*) filter (where ${byPerson})`, sql`count(*)`)} as connect_rate,
           ${ratio(sql`count(*) filter (where c.outcome = 'carrier-blocked')`, sql`count(*)`)} as blocked_share,
           ${ratio(sql`count(*) filter (where c.outcome in ('line-fault', 'call-loss', 'concurrency'))`, sql`count(*)`)} as fault_share,
           ${ratio(sql`count(*) filter (where c.attempt > 1)`, sql`count(*)`)} as other_trunk_share,
           round((avg(extract(epoch from c.ringing_at - c.dialing_at)))::numeric, 2)::float8 as to_ringing_sec,
           (round(avg(c.talk_ms) filter (where ${pickedUp}) / 1000.0, 1))::float8 as average_sec,
           round((sum(m.lost) / nullif(sum(m.lost) + sum(m.received), 0))::numeric, 5)::float8 as loss_share
    from calls c
    -- The last row of a call's log is its end, with the figures of its audio.
    left join lateral (
      select (e.event -> 'media' ->> 'packetsLost')::float8 as lost, (e.event -> 'media' ->> 'packetsReceived')::float8 as received
      from call_events e where e.call_id = c.id and ${pickedUp} order by e.seq desc limit 1) m on true
    where ${dialedCalls(query)} group by 1, 2 order by dialed desc, 1, 2 limit ${rowsMax}`,
}
