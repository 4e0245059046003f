-- Where an account has its receipts sent, kind by kind.
create table receipt_targets (
  account_id text not null references accounts,
  kind       text not null check (kind in ('report', 'progress', 'recording', 'live-text')),
  url        text not null,
  primary key (account_id, kind)
);

-- Receipts on their way. A row says that an event of a call is owed to its account; the words are made from the record when it is sent.
-- Written in the transaction that writes the event.
create table receipts (
  call_id      text not null references calls,
  kind         text not null,
  -- What of the call it tells: 'ringing', 'ended'; with the number of the event where there may be several: 'keys-pressed:7'.
  moment       text not null,
  seq          integer not null,
  account_id   text not null,
  attempts     integer not null default 0,
  -- Its receiver said of a batch that it cannot read it: from then on it goes by itself.
  alone        boolean not null default false,
  due_at       timestamptz not null,
  created_at   timestamptz not null,
  delivered_at timestamptz,
  dead_at      timestamptz,
  last_error   text,
  -- The name that stays the same over all attempts, and over a transaction that is run twice.
  primary key (call_id, kind, moment)
);
create index receipts_due on receipts (account_id, kind, due_at, seq) where delivered_at is null and dead_at is null;
create index receipts_dead on receipts (account_id, dead_at) where dead_at is not null;
create index receipts_delivered on receipts (delivered_at) where delivered_at is not null;
