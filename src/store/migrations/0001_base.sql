CREATE TABLE workspaces (
  id text PRIMARY KEY,
  name text NOT NULL UNIQUE CHECK (name ~ '^[a-z0-9][a-z0-9-]{0,62}$'),
  created timestamp(3) with time zone NOT NULL
);

-- Numbers that count from 1 within a workspace (runs) are allotted here.
CREATE TABLE counters (
  workspace text NOT NULL REFERENCES workspaces (id) ON DELETE CASCADE,
  noun text NOT NULL,
  value integer NOT NULL,
  PRIMARY KEY (workspace, noun)
);

CREATE TABLE runs (
  workspace text NOT NULL REFERENCES workspaces (id) ON DELETE CASCADE,
  id text PRIMARY KEY,
  number integer NOT NULL,
  recipe text NOT NULL,
  recipe_hash text NOT NULL,
  recipe_json json,
  status text NOT NULL CHECK (status IN ('running', 'done', 'failed', 'cancelled')),
  started timestamp(3) with time zone NOT NULL,
  ended timestamp(3) with time zone,
  error json,
  summary json,
  owner text NOT NULL,
  heartbeat timestamp(3) with time zone NOT NULL,
  UNIQUE (workspace, number),
  UNIQUE (workspace, id)
);
CREATE INDEX runs_running ON runs (workspace) WHERE status = 'running';

CREATE TABLE steps (
  workspace text NOT NULL,
  run text NOT NULL,
  id text NOT NULL,
  position integer NOT NULL,
  kind text NOT NULL,
  cache_key text,
  status text NOT NULL CHECK (status IN ('pending', 'running', 'done', 'failed', 'skipped', 'cancelled')),
  cached boolean NOT NULL,
  output json,
  seconds double precision,
  engine text,
  ledger json,
  error json,
  owner text,
  lease timestamp(3) with time zone,
  generation integer NOT NULL,
  started timestamp(3) with time zone,
  ended timestamp(3) with time zone,
  PRIMARY KEY (run, id),
  FOREIGN KEY (workspace, run) REFERENCES runs (workspace, id) ON DELETE CASCADE
);

CREATE TABLE step_outputs (
  workspace text NOT NULL REFERENCES workspaces (id) ON DELETE CASCADE,
  key text NOT NULL,
  output json,
  run text NOT NULL,
  step text NOT NULL,
  created timestamp(3) with time zone NOT NULL,
  PRIMARY KEY (workspace, key)
);

CREATE TABLE datasets (
  workspace text NOT NULL REFERENCES workspaces (id) ON DELETE CASCADE,
  name text NOT NULL,
  latest integer NOT NULL,
  created timestamp(3) with time zone NOT NULL,
  PRIMARY KEY (workspace, name)
);

CREATE TABLE dataset_versions (
  workspace text NOT NULL,
  name text NOT NULL,
  version integer NOT NULL,
  rows bigint NOT NULL,
  bytes bigint NOT NULL,
  schema json NOT NULL,
  hash text NOT NULL,
  path text NOT NULL,
  parents json NOT NULL,
  details json,
  run text,
  step text,
  created timestamp(3) with time zone NOT NULL,
  PRIMARY KEY (workspace, name, version),
  FOREIGN KEY (workspace, name) REFERENCES datasets (workspace, name) ON DELETE CASCADE
);
CREATE INDEX dataset_versions_run ON dataset_versions (workspace, run);

CREATE TABLE models (
  workspace text NOT NULL REFERENCES workspaces (id) ON DELETE CASCADE,
  name text NOT NULL,
  latest integer NOT NULL,
  created timestamp(3) with time zone NOT NULL,
  PRIMARY KEY (workspace, name)
);

CREATE TABLE model_versions (
  workspace text NOT NULL,
  name text NOT NULL,
  version integer NOT NULL,
  kind text NOT NULL,
  metrics json NOT NULL,
  blob text NOT NULL,
  bytes bigint NOT NULL,
  dataset text,
  dataset_version integer,
  plan_hash text,
  code_hash text,
  features json NOT NULL,
  details json,
  run text,
  step text,
  created timestamp(3) with time zone NOT NULL,
  PRIMARY KEY (workspace, name, version),
  FOREIGN KEY (workspace, name) REFERENCES models (workspace, name) ON DELETE CASCADE,
  FOREIGN KEY (workspace, dataset, dataset_version) REFERENCES dataset_versions (workspace, name, version)
);
CREATE INDEX model_versions_run ON model_versions (workspace, run);

CREATE TABLE endpoints (
  workspace text NOT NULL,
  name text NOT NULL,
  model text NOT NULL,
  model_version integer NOT NULL,
  config json NOT NULL,
  state text NOT NULL CHECK (state IN ('starting', 'ready', 'draining', 'stopped', 'failed')),
  error json,
  generation integer NOT NULL,
  created timestamp(3) with time zone NOT NULL,
  updated timestamp(3) with time zone NOT NULL,
  PRIMARY KEY (workspace, name),
  FOREIGN KEY (workspace, model, model_version) REFERENCES model_versions (workspace, name, version)
);

CREATE TABLE deployments (
  workspace text NOT NULL,
  endpoint text NOT NULL,
  generation integer NOT NULL,
  model text NOT NULL,
  model_version integer NOT NULL,
  config json NOT NULL,
  run text,
  step text,
  caller text NOT NULL,
  created timestamp(3) with time zone NOT NULL,
  PRIMARY KEY (workspace, endpoint, generation),
  FOREIGN KEY (workspace, endpoint) REFERENCES endpoints (workspace, name) ON DELETE CASCADE
);

CREATE TABLE artifacts (
  workspace text NOT NULL,
  id text PRIMARY KEY,
  run text NOT NULL,
  step text NOT NULL,
  kind text NOT NULL,
  name text NOT NULL,
  media_type text NOT NULL,
  blob text NOT NULL,
  bytes bigint NOT NULL,
  details json,
  created timestamp(3) with time zone NOT NULL,
  FOREIGN KEY (workspace, run) REFERENCES runs (workspace, id) ON DELETE CASCADE
);
CREATE INDEX artifacts_run ON artifacts (workspace, run);

CREATE TABLE monitor_windows (
  workspace text NOT NULL,
  endpoint text NOT NULL,
  start timestamp(3) with time zone NOT NULL,
  "end" timestamp(3) with time zone NOT NULL,
  rows bigint NOT NULL,
  verdict json NOT NULL,
  created timestamp(3) with time zone NOT NULL,
  PRIMARY KEY (workspace, endpoint, start),
  FOREIGN KEY (workspace, endpoint) REFERENCES endpoints (workspace, name) ON DELETE CASCADE
);

CREATE TABLE events (
  workspace text NOT NULL REFERENCES workspaces (id) ON DELETE CASCADE,
  id bigserial PRIMARY KEY,
  at timestamp(3) with time zone NOT NULL,
  caller text NOT NULL,
  action text NOT NULL,
  subject text NOT NULL,
  details json
);
CREATE INDEX events_subject ON events (workspace, action, subject);
