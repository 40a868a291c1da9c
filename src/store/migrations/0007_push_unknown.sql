-- Columns of a batch that its source has not, with the rows that had them; and when a batch's rows were removed, as nothing needs them.
ALTER TABLE push_batches ADD COLUMN unknown json NOT NULL DEFAULT '{}';
ALTER TABLE push_batches ADD COLUMN removed timestamp(3) with time zone;
