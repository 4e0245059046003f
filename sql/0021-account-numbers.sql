-- Which numbers an account may show to callees. An account without any shows what the trunks have, but none that belongs to others.
create table account_numbers (
  account_id text not null references accounts,
  number     text not null check (number ~ '^\+?[0-9]{3,20}$'),
  created_at timestamptz not null default now(),
  primary key (account_id, number)
);
create index account_numbers_by_number on account_numbers (number);
