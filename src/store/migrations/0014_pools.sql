-- How many jobs run at once: of a pool, over all workers, and of a recipe.
CREATE TABLE pools (
  workspace text NOT NULL REFERENCES workspaces (id) ON DELETE CASCADE,
  name text NOT NULL,
  slots integer NOT NULL CHECK (slots >= 0),
  caller text NOT NULL,
  created timestamp(3) with time zone NOT NULL,
  PRIMARY KEY (workspace, name)
);
ALTER TABLE jobs ADD COLUMN pool text;
ALTER TABLE jobs ADD COLUMN max_active integer CHECK (max_active >= 1);
ALTER TABLE schedules ADD COLUMN pool text;
ALTER TABLE schedules ADD COLUMN max_active integer CHECK (max_active >= 1);
CREATE INDEX jobs_running ON jobs (workspace) WHERE status = 'running';
