-- Reports look at the calls of an account by when they were dialled.
create index calls_account_dialed on calls (account_id, dialing_at) where dialing_at is not null;
