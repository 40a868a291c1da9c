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

-- Holidays of a workspace's own, beside those of a country or instead of some; and the days on which schedules rest.
CREATE TABLE calendars (
  workspace text NOT NULL REFERENCES workspaces (id) ON DELETE CASCADE,
  name text NOT NULL,
  country text,
  -- [{ date, name }]
  days json NOT NULL,
  -- days of the country that are no holidays here
  working text[] NOT NULL,
  caller text NOT NULL,
  created timestamp(3) with time zone NOT NULL,
  PRIMARY KEY (workspace, name)
);
-- a calendar's name, or a country in two capital letters
ALTER TABLE schedules ADD COLUMN calendar text;
ALTER TABLE schedules ADD COLUMN rests text CHECK (rests IN ('holidays', 'weekends', 'non-business-days'));
-- null: moments on such days are left out
ALTER TABLE schedules ADD COLUMN instead text CHECK (instead IN ('next-day', 'previous-day'));
