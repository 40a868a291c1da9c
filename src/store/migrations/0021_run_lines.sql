-- What a run told while it went on, line by line.
CREATE TABLE run_lines (
  workspace text NOT NULL REFERENCES workspaces (id) ON DELETE CASCADE,
  run text NOT NULL REFERENCES runs (id) ON DELETE CASCADE,
  -- from 1 on, in the order in which they were told
  number integer NOT NULL,
  at timestamp(3) with time zone NOT NULL,
  level text NOT NULL CHECK (level IN ('info', 'warn', 'error')),
  -- null for what is told of the run
  step text,
  message text NOT NULL,
  fields json,
  PRIMARY KEY (run, number)
);
