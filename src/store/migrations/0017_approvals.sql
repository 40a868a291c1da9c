-- What people are asked before a run goes on; the same content of a step is asked about once.
CREATE TABLE approvals (
  workspace text NOT NULL REFERENCES workspaces (id) ON DELETE CASCADE,
  number integer NOT NULL,
  recipe text NOT NULL,
  -- '' for a recipe that has no partitions
  partition text NOT NULL,
  step text NOT NULL,
  -- identity of the content that is asked about
  subject text NOT NULL,
  ask text NOT NULL,
  made json NOT NULL,
  -- the run that asked first
  run text NOT NULL REFERENCES runs (id) ON DELETE CASCADE,
  status text NOT NULL CHECK (status IN ('open', 'approved', 'rejected')),
  decided_by text,
  note text,
  created timestamp(3) with time zone NOT NULL,
  decided timestamp(3) with time zone,
  PRIMARY KEY (workspace, number),
  UNIQUE (workspace, recipe, partition, step, subject)
);
CREATE INDEX approvals_open ON approvals (workspace, number) WHERE status = 'open';

-- Runs, steps and jobs that wait for one.
ALTER TABLE runs DROP CONSTRAINT runs_status_check;
ALTER TABLE runs ADD CONSTRAINT runs_status_check CHECK (status IN ('running', 'waiting', 'done', 'failed', 'cancelled'));
ALTER TABLE steps DROP CONSTRAINT steps_status_check;
ALTER TABLE steps ADD CONSTRAINT steps_status_check CHECK (status IN ('pending', 'running', 'waiting', 'done', 'failed', 'skipped', 'cancelled'));
ALTER TABLE jobs DROP CONSTRAINT jobs_status_check;
ALTER TABLE jobs ADD CONSTRAINT jobs_status_check CHECK (status IN ('queued', 'running', 'waiting', 'done', 'failed', 'cancelled'));
