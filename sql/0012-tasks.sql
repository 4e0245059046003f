-- Tasks (外呼任务): a robot script, numbers with variables, and a plan. Every attempt to a number is one row of calls.

create table tasks (
  -- What clients see, as digits.
  id                bigint generated always as identity (start with 4000000001) primary key,
  account_id        text not null references accounts,
  name              text not null,
  -- A published script of the account and its version, fixed when the task is created.
  script_id         text not null,
  script_version    integer not null,
  -- The face that made it: 'api', 'aliyun'.
  source            text not null,
  -- Windows, retries, limits, callers: see TaskPlan.
  plan              jsonb not null,
  -- What that face has to remember of the request. The dialer does not read it.
  remembered        jsonb not null default '{}',
  status            text not null default 'draft'
                    check (status in ('draft', 'scheduled', 'running', 'paused', 'stopped-by-system', 'out-of-money', 'cancelled', 'finished')),
  -- Why the system stopped it, as a code and in words.
  why               text,
  why_detail        text,
  schedule_at       timestamptz,
  created_at        timestamptz not null default now(),
  started_at        timestamptz,
  finished_at       timestamptz,
  -- Taken off the list; its numbers are deleted little by little.
  removed_at        timestamptz,
  -- What keeps a running task from dialling at this moment; null: nothing.
  waiting_for       text check (waiting_for in ('window', 'line', 'balance', 'budget', 'concurrency', 'not-due')),
  -- Since when none of its trunks can be used.
  line_down_since   timestamptz,
  -- Outcomes of the latest attempts, oldest first; bounded.
  recent            text[] not null default '{}',
  -- Counters. Triggers on task_numbers keep them equal to the rows, whoever writes those.
  total             integer not null default 0,
  waiting           integer not null default 0,
  -- Of those waiting: for another attempt, or because their callee was called too often already.
  waiting_retry     integer not null default 0,
  waiting_frequency integer not null default 0,
  calling           integer not null default 0,
  done              integer not null default 0,
  refused           integer not null default 0,
  taken_back        integer not null default 0,
  answered          integer not null default 0,
  attempts          bigint not null default 0,
  talk_ms           bigint not null default 0,
  cost_li           bigint not null default 0
) with (fillfactor = 60);
create index tasks_account on tasks (account_id, id desc);
-- What the feeder looks at.
create index tasks_open on tasks (id) where status in ('scheduled', 'running', 'out-of-money') and removed_at is null;
create index tasks_removed on tasks (id) where removed_at is not null and total > 0;

create table task_numbers (
  task_id        bigint not null references tasks,
  -- In the order of adding; with gaps.
  seq            bigint generated always as identity,
  -- E.164, and what the customer wrote.
  phone          text not null,
  phone_as_given text not null,
  vars           jsonb not null,
  state          text not null default 'waiting' check (state in ('waiting', 'calling', 'done', 'refused', 'taken-back')),
  -- Not called before.
  due_at         timestamptz not null default now(),
  -- Why it waits; null: for its first turn.
  waiting_for    text check (waiting_for in ('retry', 'frequency')),
  -- Calls that were dialled, and how they ended, oldest first.
  attempts       integer not null default 0,
  past           text[] not null default '{}',
  last_call_id   text,
  -- Of the last attempt, or why there was none.
  outcome        text,
  conversation   text,
  label          text,
  answered       boolean not null default false,
  talk_ms        bigint not null default 0,
  cost_li        bigint not null default 0,
  primary key (task_id, seq),
  unique (task_id, phone)
) with (fillfactor = 80);
-- The next numbers of a task, however many others wait for later.
create index task_numbers_due on task_numbers (task_id, due_at, seq) where state = 'waiting';

-- Additions that were answered, so that the same one sent again is answered the same.
create table task_batches (
  task_id     bigint not null references tasks,
  key         text not null,
  body_sha256 bytea not null,
  answer      jsonb not null,
  created_at  timestamptz not null default now(),
  primary key (task_id, key)
);
create index task_batches_age on task_batches (created_at);

-- Counters of tasks are the sums of their rows: every statement that writes rows moves them in the same transaction.
create function move_task_counters() returns trigger language plpgsql as $$
declare
  -- Which transition tables exist depends on the statement.
  changed text := case tg_op
    when 'INSERT' then 'select 1 as sign, n.* from new_rows n'
    when 'DELETE' then 'select -1 as sign, o.* from old_rows o'
    else 'select 1 as sign, n.* from new_rows n union all select -1 as sign, o.* from old_rows o' end;
begin
  execute format($sql$
    with moved as (
      select task_id,
             sum(sign) as total,
             coalesce(sum(sign) filter (where state = 'waiting'), 0) as waiting,
             coalesce(sum(sign) filter (where state = 'waiting' and waiting_for = 'retry'), 0) as waiting_retry,
             coalesce(sum(sign) filter (where state = 'waiting' and waiting_for = 'frequency'), 0) as waiting_frequency,
             coalesce(sum(sign) filter (where state = 'calling'), 0) as calling,
             coalesce(sum(sign) filter (where state = 'done'), 0) as done,
             coalesce(sum(sign) filter (where state = 'refused'), 0) as refused,
             coalesce(sum(sign) filter (where state = 'taken-back'), 0) as taken_back,
             coalesce(sum(sign) filter (where answered), 0) as answered,
             sum(sign * attempts) as attempts, sum(sign * talk_ms) as talk_ms, sum(sign * cost_li) as cost_li
      from (%s) as rows_changed group by task_id)
    update tasks t
    set total = t.total + m.total, waiting = t.waiting + m.waiting, waiting_retry = t.waiting_retry + m.waiting_retry,
        waiting_frequency = t.waiting_frequency + m.waiting_frequency, calling = t.calling + m.calling, done = t.done + m.done,
        refused = t.refused + m.refused, taken_back = t.taken_back + m.taken_back, answered = t.answered + m.answered,
        attempts = t.attempts + m.attempts, talk_ms = t.talk_ms + m.talk_ms, cost_li = t.cost_li + m.cost_li
    from moved m
    where t.id = m.task_id
      and (m.total, m.waiting, m.waiting_retry, m.waiting_frequency, m.calling, m.done, m.refused, m.taken_back, m.answered, m.attempts, m.talk_ms, m.cost_li)
          <> (0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0)$sql$, changed);
  return null;
end
$$;
create trigger task_numbers_inserted after insert on task_numbers
  referencing new table as new_rows for each statement execute function move_task_counters();
create trigger task_numbers_updated after update on task_numbers
  referencing old table as old_rows new table as new_rows for each statement execute function move_task_counters();
create trigger task_numbers_deleted after delete on task_numbers
  referencing old table as old_rows for each statement execute function move_task_counters();

-- The task and the number that a call is an attempt of.
alter table calls
  add column task_id  bigint,
  add column task_seq bigint,
  add check ((task_id is null) = (task_seq is null));
-- What was fed and not dialled yet, to take it back; and what runs.
create index calls_task_open on calls (task_id, status) where task_id is not null and status <> 'ended';
-- Calls of a task, latest first; and how many began within the last minutes.
create index calls_task on calls (task_id, created_at desc) where task_id is not null;
