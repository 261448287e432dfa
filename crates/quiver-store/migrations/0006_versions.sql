-- Two versions side by side are put together from the periods in which one of them answered alone. Periods that were
-- judged before this are judged anew.
ALTER TABLE judged_periods ADD COLUMN only_version TEXT;
DELETE FROM judged_progress;
DELETE FROM judged_periods;
