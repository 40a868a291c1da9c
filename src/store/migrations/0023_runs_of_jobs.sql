-- Which job a run is of: one of a recipe's file has a run for each partition.
ALTER TABLE runs ADD COLUMN job integer;
CREATE INDEX runs_of_jobs ON runs (workspace, job, partition) WHERE job IS NOT NULL;
UPDATE runs SET job = jobs.number FROM jobs WHERE jobs.workspace = runs.workspace AND jobs.run = runs.id;
