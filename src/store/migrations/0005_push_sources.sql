-- Sources that programs push batches of rows to, as recipes declare them.
CREATE TABLE push_sources (
  workspace text NOT NULL REFERENCES workspaces (id) ON DELETE CASCADE,
  name text NOT NULL,
  columns json NOT NULL,
  -- types of all columns that batches were taken in with
  types json NOT NULL,
  options json NOT NULL,
  -- totals of all batches; the number of batches is also that of the newest
  batches bigint NOT NULL,
  rows bigint NOT NULL,
  broken bigint NOT NULL,
  bytes bigint NOT NULL,
  created timestamp(3) with time zone NOT NULL,
  updated timestamp(3) with time zone NOT NULL,
  PRIMARY KEY (workspace, name)
);

-- Batches in the order in which they were acknowledged, numbered from 1 without gaps.
CREATE TABLE push_batches (
  workspace text NOT NULL,
  source text NOT NULL,
  number bigint NOT NULL,
  -- the Idempotency-Key that it came with, and the SHA-256 of what came
  key text NOT NULL,
  hash text NOT NULL,
  format text NOT NULL,
  rows bigint NOT NULL,
  broken bigint NOT NULL,
  bytes bigint NOT NULL,
  rejected json NOT NULL,
  -- its folder within the data folder's datasets/, and the files in it as they were written
  folder text NOT NULL,
  files json NOT NULL,
  caller text NOT NULL,
  created timestamp(3) with time zone NOT NULL,
  PRIMARY KEY (workspace, source, number),
  UNIQUE (workspace, source, key),
  FOREIGN KEY (workspace, source) REFERENCES push_sources (workspace, name) ON DELETE CASCADE
);
