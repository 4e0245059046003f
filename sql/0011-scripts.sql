-- Scripts (话术) of accounts, and those that come with the program (owner 'library').
create table scripts (
  owner             text not null,
  id                text not null check (id ~ '^[a-z][a-z0-9-]{1,59}$'),
  title             text not null,
  purpose           text not null,
  -- What is being written, as it was handed in; null: nothing beyond what is published.
  draft             text,
  -- Counts every change, so that what was reviewed is what is published.
  draft_revision    integer not null default 0,
  draft_state       text not null default 'draft' check (draft_state in ('draft', 'submitted', 'refused')),
  -- Why it was refused.
  draft_why         text not null default '',
  draft_at          timestamptz,
  -- What new calls say; null: nothing yet, or nothing any more.
  published_version integer,
  published_at      timestamptz,
  retired_at        timestamptz,
  created_at        timestamptz not null default now(),
  primary key (owner, id)
);

create table script_versions (
  owner      text not null,
  id         text not null,
  version    integer not null check (version >= 1),
  source     text not null,
  sha256     bytea not null,
  created_at timestamptz not null default now(),
  primary key (owner, id, version),
  foreign key (owner, id) references scripts
);

alter table scripts add foreign key (owner, id, published_version) references script_versions;

-- Calls name a version and hold no copy of it: what was published once stays as it was, for every program and every psql session.
create function refuse_script_change() returns trigger language plpgsql as $$
begin
  raise exception 'script_versions is append-only: publish another version instead' using errcode = 'restrict_violation';
end
$$;

create trigger script_versions_append_only
  before update or delete or truncate on script_versions
  for each statement execute function refuse_script_change();
