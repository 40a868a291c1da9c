-- Persons whose rows are taken out of a dataset. The value is kept while the work goes on, so that it can be resumed, and then removed.
CREATE TABLE forgettings (
  workspace text NOT NULL REFERENCES workspaces (id) ON DELETE CASCADE,
  id text PRIMARY KEY,
  dataset text NOT NULL,
  column_name text NOT NULL,
  value text,
  state text NOT NULL CHECK (state IN ('pending', 'done')),
  -- folders of versions as they were, within the data folder's datasets/: what no version uses of them is to be removed
  gone json NOT NULL,
  caller text NOT NULL,
  report json,
  created timestamp(3) with time zone NOT NULL,
  ended timestamp(3) with time zone
);
CREATE INDEX forgettings_pending ON forgettings (workspace, dataset) WHERE state = 'pending';
