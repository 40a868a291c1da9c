-- Runs that are to be done by workers. A lease that ran out frees a job for another worker; every claim raises the generation.
CREATE TABLE jobs (
  workspace text NOT NULL REFERENCES workspaces (id) ON DELETE CASCADE,
  number integer NOT NULL,
  recipe text NOT NULL,
  recipe_json json NOT NULL,
  -- where relative paths of its sources start
  folder text NOT NULL,
  engine text,
  priority integer NOT NULL,
  -- what a worker has to have
  tags text[] NOT NULL,
  status text NOT NULL CHECK (status IN ('queued', 'running', 'done', 'failed', 'cancelled')),
  attempts integer NOT NULL,
  most_attempts integer NOT NULL,
  not_before timestamp(3) with time zone NOT NULL,
  lease timestamp(3) with time zone,
  owner text,
  generation integer NOT NULL,
  -- that of the newest attempt
  run text,
  error json,
  caller text NOT NULL,
  created timestamp(3) with time zone NOT NULL,
  ended timestamp(3) with time zone,
  PRIMARY KEY (workspace, number)
);
CREATE INDEX jobs_open ON jobs (workspace, priority DESC, number) WHERE status IN ('queued', 'running');
