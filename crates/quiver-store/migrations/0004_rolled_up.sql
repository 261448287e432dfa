-- What the periods of a length hold together, for answers about long ranges: rows of the spec's own windows have none of
-- it, since it is in the tables. Periods that were judged before this are judged anew.
ALTER TABLE judged_periods ADD COLUMN profile BLOB;
ALTER TABLE judged_periods ADD COLUMN slices BLOB;
DELETE FROM judged_progress;
DELETE FROM judged_periods;
