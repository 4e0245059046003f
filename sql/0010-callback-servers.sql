-- Whom an account has asked about every turn of its intelligent calls.
create table callback_servers (
  account_id   text primary key references accounts,
  url          text not null,
  -- Where the parameters of a turn go.
  parameters   text not null check (parameters in ('form', 'query')),
  timeout_ms   integer not null check (timeout_ms between 500 and 20000),
  retries_max  integer not null check (retries_max between 0 and 5),
  -- Said while a turn takes long, when one failed, and before hanging up because they fail.
  waiting      text not null,
  fallback     text not null,
  closing      text not null,
  -- Its own words say that the voice is synthetic.
  says_synthetic boolean not null default false,
  -- Names of call centres → numbers, E.164.
  call_centres jsonb not null default '{}'
);
