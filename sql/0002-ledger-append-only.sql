-- What was booked stays booked: a mistake is corrected by another entry. Holds against every program and every psql session.

create function refuse_ledger_change() returns trigger language plpgsql as $$
begin
  raise exception 'ledger_entries is append-only: book a correcting entry instead' using errcode = 'restrict_violation';
end
$$;

create trigger ledger_entries_append_only
  before update or delete or truncate on ledger_entries
  for each statement execute function refuse_ledger_change();
