-- Keys of clients that sign their requests. The secret must be known again to check a signature, so it is sealed with a key that lies elsewhere.
create table access_keys (
  id           text primary key check (id ~ '^[0-9A-Za-z]{16,32}$'),
  account_id   text not null references accounts,
  secret       bytea not null,
  label        text not null default '',
  -- A disabled key answers otherwise than one that never was, and can come back. A removed one cannot.
  enabled      boolean not null default true,
  created_at   timestamptz not null default now(),
  last_used_at timestamptz,
  removed_at   timestamptz
);
create index access_keys_account on access_keys (account_id);

-- Numbers that signed requests were sent with, each good for once, over all processes. Kept as long as the clock of a request may be off.
create table used_nonces (
  -- sha256 of key and nonce: a nonce has no fixed shape.
  digest     bytea primary key check (length(digest) = 32),
  -- Whose it became.
  request_id uuid not null,
  used_at    timestamptz not null
);
create index used_nonces_age on used_nonces (used_at);
