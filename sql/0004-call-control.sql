-- Wishes about a running call on their way to the process that has it, and the more phones that a call has rung.

create table call_commands (
  id         text primary key,
  call_id    text not null references calls,
  command    jsonb not null,
  created_at timestamptz not null default clock_timestamp(),
  -- Not begun after this.
  expires_at timestamptz not null,
  -- By the owner of the call, who will do it; or by whoever sent it, to take it back.
  taken_at   timestamptz,
  -- What the call did about it.
  result     jsonb
);
create index call_commands_open on call_commands (call_id, created_at) where taken_at is null;
create index call_commands_age on call_commands (created_at);

-- Colleagues who take over and supervisors who listen: each takes a channel of the trunk until it is over.
create table call_legs (
  id         bigint generated always as identity primary key,
  call_id    text not null references calls,
  trunk      text not null,
  caller_id  text not null,
  phone      text not null,
  started_at timestamptz not null,
  ended_at   timestamptz
);
create index call_legs_running on call_legs (trunk, caller_id) where ended_at is null;
create index call_legs_started on call_legs (trunk, started_at);
create index call_legs_call on call_legs (call_id);
