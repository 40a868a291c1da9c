-- What is asked of many runs: the newest done step of a name, and runs of one recipe or of one state.
ALTER TABLE steps ADD COLUMN run_number integer;
UPDATE steps SET run_number = runs.number FROM runs WHERE runs.id = steps.run;
ALTER TABLE steps ALTER COLUMN run_number SET NOT NULL;
CREATE INDEX steps_newest ON steps (workspace, id, run_number DESC) WHERE status = 'done';
CREATE INDEX runs_of_recipes ON runs (workspace, recipe, number DESC);
CREATE INDEX runs_of_status ON runs (workspace, status, number DESC);
