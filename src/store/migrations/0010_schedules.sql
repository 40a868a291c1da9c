-- Recipes that are run at moments of a calendar.
CREATE TABLE schedules (
  workspace text NOT NULL REFERENCES workspaces (id) ON DELETE CASCADE,
  name text NOT NULL,
  recipe text NOT NULL,
  recipe_json json NOT NULL,
  folder text NOT NULL,
  engine text,
  priority integer NOT NULL,
  tags text[] NOT NULL,
  most_attempts integer NOT NULL,
  cron text NOT NULL,
  zone text NOT NULL,
  catch_up text NOT NULL CHECK (catch_up IN ('none', 'once', 'all')),
  paused boolean NOT NULL,
  -- the moment that comes; null when none ever does
  next timestamp(3) with time zone,
  last timestamp(3) with time zone,
  caller text NOT NULL,
  created timestamp(3) with time zone NOT NULL,
  PRIMARY KEY (workspace, name)
);

-- The schedule that a job is of, and the moment that it stands for: each is done once.
ALTER TABLE jobs ADD COLUMN schedule text;
ALTER TABLE jobs ADD COLUMN due timestamp(3) with time zone;
CREATE UNIQUE INDEX jobs_of_moments ON jobs (workspace, schedule, due);
