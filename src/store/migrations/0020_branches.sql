-- Where a branch's files lie: in the folders of the workspace that it came from, which may be gone. Null for a workspace of its own.
ALTER TABLE workspaces ADD COLUMN pool text;
-- Since when a workspace is being removed: its rows are gone, its files may not be.
ALTER TABLE workspaces ADD COLUMN removing timestamp(3) with time zone;

-- Workspaces whose datasets were another's when they were made.
CREATE TABLE branches (
  workspace text PRIMARY KEY REFERENCES workspaces (id) ON DELETE CASCADE,
  -- null once the other is gone
  parent text REFERENCES workspaces (id) ON DELETE SET NULL,
  parent_name text NOT NULL,
  -- share, seed and key; null for a branch of whole versions
  sample json,
  caller text NOT NULL,
  created timestamp(3) with time zone NOT NULL
);
CREATE INDEX branches_parent ON branches (parent);

-- What a branch began with: which version of the parent a version of its own stands for, and how far sources had been read.
CREATE TABLE branch_bases (
  workspace text NOT NULL REFERENCES branches (workspace) ON DELETE CASCADE,
  noun text NOT NULL CHECK (noun IN ('dataset', 'model', 'position')),
  -- of a position the key that it is kept under
  name text NOT NULL,
  -- the parent's version and that of the branch, 0 for none
  base integer NOT NULL,
  own integer NOT NULL,
  -- of a position: what it said
  mark text,
  PRIMARY KEY (workspace, noun, name)
);

-- Of a version that another workspace made and that is here by reference: which run of which workspace.
ALTER TABLE dataset_versions ADD COLUMN origin json;
