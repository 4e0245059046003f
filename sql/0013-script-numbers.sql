-- Clients of another face know a script by a number.
alter table scripts add column number bigint not null generated always as identity (start with 100000001) unique;
