-- calls.recording is the path of a local file, or s3://bucket/key once it was moved there; null again when its time was over.
alter table calls add column recording_removed_at timestamptz;
-- What waits to be moved, and what lies in a store; both oldest first.
create index calls_recording_local on calls (ended_at, id) where recording is not null and recording not like 's3://%';
create index calls_recording_stored on calls (ended_at, id) where recording like 's3://%';
