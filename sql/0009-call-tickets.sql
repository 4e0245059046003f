-- What another face needs of its calls: their name there, what kind they are, and the customer's own mark.
create table call_tickets (
  call_id      text primary key references calls,
  account_id   text not null references accounts,
  -- As published: <digits>^<digits>.
  wire_id      text not null unique check (wire_id ~ '^[0-9]{12}\^[0-9]{12}$'),
  product      text not null check (product in ('voice', 'tts', 'ivr', 'click-to-dial', 'smart')),
  shown_number text not null default '',
  out_id       text
);

-- Texts that are spoken to callees, with ${variables}. Only approved ones are.
create table tts_templates (
  account_id text not null references accounts,
  code       text not null check (code ~ '^TTS_[0-9A-Za-z]{1,32}$'),
  name       text not null default '',
  text       text not null,
  state      text not null check (state in ('pending', 'approved', 'rejected')),
  -- Its own words say that the voice is synthetic, or the law does not ask for it here.
  says_synthetic boolean not null default false,
  created_at timestamptz not null default now(),
  primary key (account_id, code)
);
