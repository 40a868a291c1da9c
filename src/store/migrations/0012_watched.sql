-- Recipes that are run when something they watch has changed, instead of at moments of a calendar.
ALTER TABLE schedules ALTER COLUMN cron DROP NOT NULL;
-- dataset:NAME, or files:PATTERN
ALTER TABLE schedules ADD COLUMN watch text;
-- how it was when it was seen last
ALTER TABLE schedules ADD COLUMN seen text;
ALTER TABLE schedules ADD CONSTRAINT schedules_have_one CHECK ((cron IS NULL) <> (watch IS NULL));
