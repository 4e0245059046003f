-- What a call came to: answers with the turns that prove them, grade, wishes, contradictions. Null for calls that ended before there was such a thing.
alter table calls add column judgement jsonb;
-- A callee who asks to be called back at a time is called back.
alter table calls add column calls_back boolean not null default false;
-- The call in which that was asked. A call is called back once.
alter table calls add column call_back_of text references calls (id);
create unique index calls_call_back_of on calls (call_back_of) where call_back_of is not null;
-- Calls that somebody has to look at.
create index calls_to_review on calls (account_id, ended_at) where jsonb_array_length(judgement -> 'review') > 0;
