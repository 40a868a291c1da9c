-- A name that a person gives to a version of a dataset, and may move to another one.
CREATE TABLE dataset_tags (
  workspace text NOT NULL,
  name text NOT NULL,
  tag text NOT NULL CHECK (tag ~ '^[a-z][a-z0-9-]{0,62}$'),
  version integer NOT NULL,
  created timestamp(3) with time zone NOT NULL,
  PRIMARY KEY (workspace, name, tag),
  -- a version that has a tag can't be removed
  FOREIGN KEY (workspace, name, version) REFERENCES dataset_versions (workspace, name, version)
);
