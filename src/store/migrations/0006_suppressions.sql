-- Keys of persons whose rows are left out when rows are written: a hash with the dataset's own salt, never the key.
CREATE TABLE suppression_salts (
  workspace text NOT NULL REFERENCES workspaces (id) ON DELETE CASCADE,
  dataset text NOT NULL,
  salt text NOT NULL,
  PRIMARY KEY (workspace, dataset)
);
CREATE TABLE suppressions (
  workspace text NOT NULL,
  dataset text NOT NULL,
  column_name text NOT NULL,
  hash text NOT NULL,
  caller text NOT NULL,
  created timestamp(3) with time zone NOT NULL,
  PRIMARY KEY (workspace, dataset, column_name, hash),
  FOREIGN KEY (workspace, dataset) REFERENCES suppression_salts (workspace, dataset) ON DELETE CASCADE
);
