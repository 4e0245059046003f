-- A second phone that a call is for, and no colleague: the rules count it as an attempt to reach somebody.

alter table call_legs add column is_attempt boolean not null default false;
create index call_legs_attempts on call_legs (phone, started_at) where is_attempt;
