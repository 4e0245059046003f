-- How words are read aloud, for an account or (account_id null) for everybody: pinyin for its characters, or something said in its place.
create table word_readings (
  id         bigint generated always as identity primary key,
  account_id text references accounts,
  word       text not null,
  pinyin     text,
  say        text,
  created_at timestamptz not null,
  check ((pinyin is null) <> (say is null))
);
create unique index word_readings_once on word_readings (coalesce(account_id, ''), word);
