-- Files with numbers for tasks: uploaded in pieces, read by any process, gone on with after a crash.

create table task_imports (
  id          text primary key,
  account_id  text not null references accounts,
  task_id     bigint not null references tasks,
  file_name   text not null,
  -- How it is to be read and which column is what: see ImportWish. Fixed when it starts.
  wish        jsonb not null,
  status      text not null default 'uploading' check (status in ('uploading', 'waiting', 'running', 'done', 'failed', 'cancelled')),
  -- Of the file, as far as it has come.
  bytes       bigint not null default 0,
  -- Everything up to and including this row is added or refused.
  row_done    integer not null default 0,
  added       integer not null default 0,
  refused     integer not null default 0,
  -- Of the file, 0 to 1.
  share       real not null default 0,
  -- Why it failed, in words.
  why         text,
  -- Whoever reads it writes this; whose lease ran out writes nothing more.
  lease_owner text,
  lease_until timestamptz,
  created_at  timestamptz not null default now(),
  started_at  timestamptz,
  finished_at timestamptz
);
create index task_imports_task on task_imports (task_id, created_at desc);
create index task_imports_open on task_imports (created_at) where status in ('waiting', 'running');
create index task_imports_uploading on task_imports (account_id) where status = 'uploading';

-- The file until it is read. Not compressed: it is read once, piece by piece and in parts of pieces.
create table task_import_pieces (
  import_id text not null references task_imports,
  start     bigint not null,
  bytes     bytea not null,
  primary key (import_id, start)
);
alter table task_import_pieces alter column bytes set storage external;

-- Rows that were not added, for whoever made the file.
create table task_import_refusals (
  import_id text not null references task_imports,
  row       integer not null,
  phone     text not null,
  code      text not null,
  reason    text not null,
  primary key (import_id, row)
);
