-- Accounts, money, calls and their event log. All money is integer 厘 (0.001 RMB); all times are timestamptz.

create table accounts (
  id                text primary key check (id ~ '^acc_[0-9A-Za-z]+$'),
  name              text not null,
  -- Spoken in the opening line ("您好，我是…的AI语音助手"); null: "受委托".
  organisation      text,
  webhook_url       text,
  webhook_secret    text,
  -- Price list of this account; null: the configured default.
  price_li_per_min  integer check (price_li_per_min >= 0),
  initial_block_sec integer check (initial_block_sec > 0),
  increment_sec     integer check (increment_sec > 0),
  created_at        timestamptz not null default now(),
  closed_at         timestamptz
);

create table api_keys (
  id           bigint generated always as identity primary key,
  account_id   text not null references accounts,
  -- sha256 of the whole key: the key has 256 random bits, so a slow hash would add nothing.
  sha256       bytea not null unique check (length(sha256) = 32),
  -- First characters, to recognise a key in lists.
  prefix       text not null,
  label        text not null default '',
  created_at   timestamptz not null default now(),
  last_used_at timestamptz,
  revoked_at   timestamptz
);
create index api_keys_account on api_keys (account_id);

create table wallets (
  account_id text primary key references accounts,
  balance_li bigint not null default 0,
  held_li    bigint not null default 0 check (held_li >= 0),
  -- The invariant that no code path can break: what is held is covered.
  check (balance_li - held_li >= 0)
);

-- Append-only. The sum of balance_delta_li is the balance, the sum of held_delta_li is what is held.
create table ledger_entries (
  id               bigint generated always as identity primary key,
  account_id       text not null references accounts,
  kind             text not null check (kind in ('credit', 'hold', 'extend', 'settle', 'release')),
  -- Null for credits; their reference makes them unique instead.
  call_id          text,
  -- 0 except for repeated extends of one call: 1, 2, 3 …
  step             integer not null default 0,
  reference        text,
  balance_delta_li bigint not null,
  held_delta_li    bigint not null,
  created_at       timestamptz not null default now(),
  check ((call_id is null) = (kind = 'credit'))
);
create unique index ledger_entries_once on ledger_entries (call_id, kind, step) where call_id is not null;
create unique index ledger_entries_reference on ledger_entries (account_id, reference) where reference is not null;
create index ledger_entries_account on ledger_entries (account_id, id);

create table calls (
  id               text primary key check (id ~ '^[a-zA-Z0-9_-]+$'),
  account_id       text not null references accounts,
  -- Which face accepted it: 'stepone', later 'aliyun', 'task'.
  source           text not null,
  -- E.164, e.g. +8613800138000, and what the customer wrote.
  phone            text not null,
  phone_as_given   text not null,
  user_requirement text not null,
  -- {kind: 'rules' | 'prompt', ...}: which robot and its compiled input.
  robot            jsonb not null,
  line             text not null,
  status           text not null default 'queued' check (status in ('queued', 'dialing', 'ringing', 'talking', 'ended')),
  -- The queue: dialled when due, given up when expired.
  due_at           timestamptz not null default now(),
  expires_at       timestamptz not null,
  waiting_for      text check (waiting_for in ('window', 'frequency', 'line', 'balance')),
  -- Set by hang_up and cancel; whoever owns the call sees it within a second.
  stop_requested_at timestamptz,
  -- Who runs it. A row whose lease ran out while dialing, ringing or talking is closed as interrupted, never redialled.
  lease_owner      text,
  lease_until      timestamptz,
  -- When the owner last said so, by its own clock like answered_at: a takeover bills up to here.
  heartbeat_at     timestamptz,
  fence            integer not null default 0,
  attempt          integer not null default 0,
  price_li_per_min  integer not null,
  initial_block_sec integer not null,
  increment_sec     integer not null,
  created_at       timestamptz not null default now(),
  dialing_at       timestamptz,
  ringing_at       timestamptz,
  answered_at      timestamptz,
  ended_at         timestamptz,
  -- The record (CDR), written once at settlement.
  outcome          text,
  conversation     text,
  ended_by         text,
  end_reason       jsonb,
  talk_ms          integer,
  billed_sec       integer,
  cost_li          bigint,
  summary          text,
  slots            jsonb,
  recording        text,
  -- SIP dialog identity stored at answer, so that a survivor can send BYE.
  dialog           jsonb,
  check ((status = 'ended') = (ended_at is not null)),
  check (status <> 'ended' or (outcome is not null and end_reason is not null and talk_ms is not null and cost_li is not null))
);
create index calls_due on calls (line, due_at, id) where status = 'queued';
create index calls_running on calls (lease_until) where status in ('dialing', 'ringing', 'talking');
-- Concurrency and calls per second of a line, counted over all processes.
create index calls_line_running on calls (line) where status in ('dialing', 'ringing', 'talking');
create index calls_line_dialed on calls (line, dialing_at) where dialing_at is not null;
-- Limits on what may wait, and what waited too long.
create index calls_queued_account on calls (account_id) where status = 'queued';
create index calls_queued_expiry on calls (expires_at) where status = 'queued';
create index calls_account on calls (account_id, created_at desc);
-- Frequency caps count dialling attempts to a callee across all accounts.
create index calls_phone_dialed on calls (phone, dialing_at) where dialing_at is not null;

create table call_events (
  call_id text not null references calls,
  seq     integer not null check (seq > 0),
  at      timestamptz not null,
  event   jsonb not null,
  primary key (call_id, seq)
);

create table idempotency_keys (
  account_id text not null references accounts,
  key        text not null,
  body_sha256 bytea not null,
  call_ids   text[] not null,
  created_at timestamptz not null default now(),
  primary key (account_id, key)
);
create index idempotency_keys_age on idempotency_keys (created_at);

-- 谢绝来电. account_id null: for everybody on this installation.
create table do_not_call (
  id         bigint generated always as identity primary key,
  account_id text references accounts,
  phone      text not null,
  source     text not null check (source in ('callee', 'account', 'operator', 'import')),
  call_id    text,
  evidence   text not null default '',
  created_at timestamptz not null default now(),
  expires_at timestamptz,
  removed_at timestamptz,
  removed_by text
);
create unique index do_not_call_once on do_not_call (phone, coalesce(account_id, '')) where removed_at is null;

-- What calls taught us about a number: 'wrong-number', 'invalid-number'.
create table number_flags (
  account_id text not null references accounts,
  phone      text not null,
  flag       text not null,
  call_id    text not null,
  created_at timestamptz not null default now(),
  primary key (account_id, phone, flag)
);

-- Call reports on their way to the customer's webhook. Written in the settlement transaction; the id is stable over retries.
create table webhook_deliveries (
  id           text primary key,
  account_id   text not null references accounts,
  call_id      text not null,
  url          text not null,
  payload      jsonb not null,
  attempts     integer not null default 0,
  due_at       timestamptz not null default now(),
  delivered_at timestamptz,
  dead_at      timestamptz,
  last_error   text,
  created_at   timestamptz not null default now()
);
create index webhook_deliveries_due on webhook_deliveries (due_at) where delivered_at is null and dead_at is null;
