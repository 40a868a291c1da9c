-- How far a step under way is, as it said last: what is done, of how much, in which unit.
ALTER TABLE steps ADD COLUMN progress json;
