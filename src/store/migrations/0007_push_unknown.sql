-- Columns of a batch that its source has not, with the rows that had them.
ALTER TABLE push_batches ADD COLUMN unknown json NOT NULL DEFAULT '{}';
