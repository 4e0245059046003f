// The report of how far conversations by a script come, node by node.
import { sql } from 'kysely'
import { byPerson, count, dialedCalls, ratio, rowsMax, share, text, type Report } from './report.ts'

export const scriptFunnel: Report = {
  title: { zh: '话术漏斗', en: 'Script funnel' },
  about:
    '按话术、有人接听并已结束的通话，按话术版本分开；节点以通话记录中话术所到之处为准，同一通话多次到达算一次。 Calls by a script that a person answered, each version apart; a call that came to a node more than once counts once.',
  needs: 'script-or-task',
  columns: [
    text('script', '话术', '话术编号。 The script.'),
    count('version', '版本', '话术版本。 Its version.'),
    text('node', '节点', '话术节点。 The node.'),
    count('reached', '到达通数', '到过这个节点的通话。 Calls that came to the node.'),
    share('reached_share', '到达率', '到达通数 ÷ 该话术版本所有有人接听的通话。 reached ÷ all calls by this version that a person answered.'),
    count('left_here', '在此结束', '最后停在这个节点的通话。 Calls whose last node it was.'),
    share('left_share', '流失率', '在此结束 ÷ 到达通数。 left_here ÷ reached.'),
    count('hung_up_here', '对方在此挂断', '停在这个节点、由对方挂断的通话。 Of those, ended by the callee.'),
  ],
  sql: (query) => sql`
    with answered as materialized (
      select c.id, c.robot ->> 'script' as script, (c.robot ->> 'version')::int as version, c.ended_by
      from calls c where ${dialedCalls(query)} and ${byPerson} and c.robot ->> 'kind' = 'script'),
    steps as materialized (
      select a.id, a.script, a.version, a.ended_by, e.seq, e.event -> 'note' ->> 'step' as node
      from answered a join call_events e on e.call_id = a.id where e.event ->> 'type' = 'noted' and e.event -> 'note' ? 'step'),
    reached as (select script, version, node, id, min(seq) as first_seq from steps group by 1, 2, 3, 4),
    lasts as (select distinct on (id) id, node, ended_by from steps order by id, seq desc),
    totals as (select script, version, count(*) as calls from answered group by 1, 2)
    select r.script, r.version, r.node, count(*)::int as reached, ${ratio(sql`count(*)`, sql`t.calls`)} as reached_share, count(l.id)::int as left_here,
           ${ratio(sql`count(l.id)`, sql`count(*)`)} as left_share, (count(l.id) filter (where l.ended_by = 'callee'))::int as hung_up_here
    from reached r join totals t using (script, version) left join lasts l on l.id = r.id and l.node = r.node
    group by r.script, r.version, r.node, t.calls
    order by r.script, r.version desc, avg(r.first_seq), r.node limit ${rowsMax}`,
}
