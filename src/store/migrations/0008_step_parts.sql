-- What a step's key is made of, each part by its hash, and why the step was not taken from the cache.
ALTER TABLE steps ADD COLUMN key_parts json;
ALTER TABLE steps ADD COLUMN because json;
