-- The partition that a run is of, where its recipe is run partition by partition.
ALTER TABLE runs ADD COLUMN partition text;
CREATE INDEX runs_of_partitions ON runs (workspace, recipe, partition, number DESC) WHERE partition IS NOT NULL;
