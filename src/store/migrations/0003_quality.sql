CREATE TABLE quality_checks (
  workspace text NOT NULL REFERENCES workspaces (id) ON DELETE CASCADE,
  id bigserial PRIMARY KEY,
  dataset text NOT NULL,
  version integer,
  run text NOT NULL,
  at timestamp(3) with time zone NOT NULL,
  passed boolean NOT NULL,
  verdicts json NOT NULL,
  metrics json NOT NULL,
  anomalies json NOT NULL
);
CREATE INDEX quality_checks_dataset ON quality_checks (workspace, dataset, id);
