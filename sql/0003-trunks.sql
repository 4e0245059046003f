-- Trunks (线路) as data, how each of them is doing, and which one every attempt of a call went over.

-- Grows with every change of any trunk: a trunk that was removed and added again never has a version that somebody has read before.
create sequence trunk_versions;

create table trunks (
  name       text primary key check (name ~ '^[a-z0-9][a-z0-9-]{0,31}$'),
  -- Whole, with its defaults, and without passwords.
  config     jsonb not null,
  -- AES-256-GCM of the passwords; null: there are none.
  secrets    bytea,
  enabled    boolean not null,
  version    bigint not null default nextval('trunk_versions'),
  created_at timestamptz not null default now(),
  updated_at timestamptz not null default now()
);

-- What the attempts over a trunk tell about it, over all processes. Built-in trunks have a row here and none in trunks.
create table trunk_states (
  trunk               text primary key,
  -- Nothing is dialled over it before this.
  backing_off_until   timestamptz,
  backing_off_because text,
  -- How often the back-off was doubled, and when it last was: what began before says nothing new.
  backing_off_steps   integer not null default 0,
  backing_off_since   timestamptz,
  faults_in_row       integer not null default 0,
  -- Used last until then: its answers look as if the carrier had blocked it.
  suspect_until       timestamptz,
  suspect_because     text,
  -- The latest attempts and the latest failures, oldest first; both bounded.
  recent              jsonb not null default '[]',
  failures            jsonb not null default '[]'
);

-- How each process reaches each trunk. A row that was not renewed in time belongs to a process that is gone.
create table trunk_nodes (
  trunk      text not null,
  node       text not null,
  up         boolean not null,
  detail     jsonb not null default '{}',
  renewed_at timestamptz not null,
  primary key (trunk, node)
);

alter table calls
  -- What the request asked for; null: whatever is free.
  add column trunk_wanted  text,
  add column caller_wanted text,
  -- The attempt that is being made, or the last one.
  add column trunk         text,
  add column caller_id     text;
-- Concurrency of a trunk and of its caller numbers, over all processes.
create index calls_trunk_running on calls (trunk, caller_id) where status in ('dialing', 'ringing', 'talking') and trunk is not null;

-- Every attempt of every call, written before its INVITE leaves.
create table call_attempts (
  call_id    text not null references calls,
  attempt    integer not null,
  trunk      text not null,
  caller_id  text not null,
  started_at timestamptz not null,
  primary key (call_id, attempt)
);
-- Calls per second of a trunk.
create index call_attempts_trunk on call_attempts (trunk, started_at);

-- When each number of a trunk was last shown, so that the one used longest ago is next.
create table trunk_callers (
  trunk        text not null,
  caller_id    text not null,
  last_used_at timestamptz not null,
  primary key (trunk, caller_id)
);

-- May change what belongs to the whole installation: trunks, the list for everybody.
alter table api_keys add column admin boolean not null default false;

-- Limits are those of trunks now.
drop index calls_line_running;
drop index calls_line_dialed;
