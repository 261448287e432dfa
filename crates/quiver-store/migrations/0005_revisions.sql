-- Whoever holds periods in memory asks which of them are newer: that must not read them all.
CREATE INDEX judged_periods_by_revision ON judged_periods (workspace, model, length, revision);
