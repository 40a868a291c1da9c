-- How long a run may take, in ms; null where nothing bounds it.
ALTER TABLE jobs ADD COLUMN timeout bigint CHECK (timeout > 0);
ALTER TABLE schedules ADD COLUMN timeout bigint CHECK (timeout > 0);
