-- What a step took of the machine: processor time and memory. Null where it was taken from the cache, or ended before this was noted.
ALTER TABLE steps ADD COLUMN resources json;
