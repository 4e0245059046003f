-- When a number was added, from which 明天 in its values counts, and when what it would be told is past: not dialled after that.
alter table task_numbers
  add column added_at   timestamptz not null default now(),
  add column expires_at timestamptz;
