-- Every receipt leaves the index of those that wait within seconds; what is left of it there is cleared away early, not after a fifth of the table.
alter table receipts set (autovacuum_vacuum_scale_factor = 0.02, autovacuum_vacuum_threshold = 1000);

-- Those that go by themselves are looked for in every second round, and are hardly ever there.
create index receipts_alone on receipts (account_id, kind, due_at, seq) where alone and delivered_at is null and dead_at is null;
