-- When a schedule's job is to be done: ms after its moment; by when that is, and when it was found that it was not, which one process finds.
ALTER TABLE schedules ADD COLUMN done_within bigint CHECK (done_within > 0);
ALTER TABLE jobs ADD COLUMN done_by timestamp(3) with time zone;
ALTER TABLE jobs ADD COLUMN late timestamp(3) with time zone;
CREATE INDEX jobs_to_be_done ON jobs (workspace, done_by)
  WHERE done_by IS NOT NULL AND late IS NULL AND status <> 'cancelled' AND (status <> 'done' OR ended > done_by);

-- The partition that a job is of, so that it is found while it is open.
ALTER TABLE jobs ADD COLUMN partition text;
UPDATE jobs SET partition = recipe_json ->> 'partition';
CREATE INDEX jobs_of_partitions ON jobs (workspace, recipe, partition) WHERE status IN ('queued', 'running');
