//! What was judged of each period, and how far: what pages read in the place of profiles.

use super::{Catalogue, CatalogueError};
use sqlx::Row;
use sqlx::sqlite::SqliteRow;
use std::collections::BTreeMap;

/// How far the periods of one length of a model are judged.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct JudgedProgress {
    /// What they are derived by; rows of another derivation are gone.
    pub derivation: String,
    /// Grows by one whenever a row is put or deleted.
    pub revision: i64,
    /// Rows may have been deleted at this revision: whoever remembers rows of an earlier one reads all again.
    pub whole_since: i64,
    /// Profiles are judged below this offset.
    pub profiles_offset: i64,
    /// Outcomes are judged below this offset.
    pub outcomes_offset: i64,
    /// The latest event time known when they were judged.
    pub watermark_microseconds: i64,
}

/// One period of one arm.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct JudgedPeriod {
    /// The arm.
    pub arm: String,
    /// Its first instant.
    pub starts_at_microseconds: i64,
    /// The first instant after it.
    pub ends_at_microseconds: i64,
    /// Names what the door counted in it.
    pub counted_id: i64,
    /// The version that answered in it, where there is one alone.
    pub only_version: Option<String>,
    /// What was judged, as the caller encoded it.
    pub judged: Vec<u8>,
    /// The outcome of the whole population, as the caller encoded it.
    pub outcome: Option<Vec<u8>>,
    /// The profile of the period, as the caller encoded it, where it is kept with it.
    pub profile: Option<Vec<u8>>,
    /// The outcomes of its slices, as the caller encoded them, where they are kept with it.
    pub slices: Option<Vec<u8>>,
}

impl JudgedPeriod {
    /// The bytes of what it holds.
    pub fn held_bytes(&self) -> usize {
        let held = [&self.outcome, &self.profile, &self.slices];
        self.judged.len() + held.into_iter().flatten().map(Vec::len).sum::<usize>()
    }
}

/// A period that holds its profile.
#[derive(Debug, Clone, PartialEq, Eq, sqlx::FromRow)]
pub struct KeptProfile {
    /// The arm.
    pub arm: String,
    /// Its first instant.
    #[sqlx(rename = "starts_at")]
    pub starts_at_microseconds: i64,
    /// The first instant after it.
    #[sqlx(rename = "ends_at")]
    pub ends_at_microseconds: i64,
    /// What was judged, as the caller encoded it.
    pub judged: Vec<u8>,
    /// The profile, as the caller encoded it.
    pub profile: Vec<u8>,
}

/// What periods hold that answers about long ranges are put together from.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum RolledUp {
    /// The profile.
    Profile,
    /// The outcome of the whole population.
    Outcome,
    /// The outcomes of the slices.
    Slices,
}

/// Periods of one length that were judged together.
#[derive(Debug, Clone)]
pub struct JudgedPeriods {
    /// The model.
    pub model: String,
    /// The length of the periods.
    pub length: String,
    /// What they are derived by.
    pub derivation: String,
    /// Profiles below this offset are in them.
    pub profiles_offset: i64,
    /// Outcomes below this offset are in them.
    pub outcomes_offset: i64,
    /// The latest event time known.
    pub watermark_microseconds: i64,
    /// The periods.
    pub periods: Vec<JudgedPeriod>,
}

impl Catalogue {
    /// Returns how far a model's periods of a length are judged; nothing before the first.
    ///
    /// # Errors
    /// When the database refuses.
    pub async fn judged_progress(
        &self,
        workspace: &str,
        model: &str,
        length: &str,
    ) -> Result<Option<JudgedProgress>, CatalogueError> {
        let row = sqlx::query(
            "SELECT derivation, revision, whole_since, profiles_offset, outcomes_offset, watermark FROM judged_progress
             WHERE workspace = $1 AND model = $2 AND length = $3",
        )
        .bind(workspace)
        .bind(model)
        .bind(length)
        .fetch_optional(&self.pool)
        .await;
        row.and_then(|row| row.as_ref().map(read_progress).transpose())
            .map_err(self.failed("read how far periods are judged"))
    }

    /// Puts periods in the place of those that are there, and how far they go: all of it, or nothing. Periods of
    /// another derivation go. Returns the new revision.
    ///
    /// # Errors
    /// When the database refuses; nothing was put then.
    pub async fn put_judged(&self, workspace: &str, judged: &JudgedPeriods) -> Result<i64, CatalogueError> {
        let failed = self.failed("write judged periods");
        let mut transaction = self.begin().await?;
        let kept: Option<(String, i64, i64)> = sqlx::query_as(
            "SELECT derivation, revision, whole_since FROM judged_progress
             WHERE workspace = $1 AND model = $2 AND length = $3",
        )
        .bind(workspace)
        .bind(&judged.model)
        .bind(&judged.length)
        .fetch_optional(&mut *transaction)
        .await
        .map_err(&failed)?;
        let revision = kept.as_ref().map_or(0, |(_, revision, _)| *revision) + 1;
        let mut whole_since = kept.as_ref().map_or(revision, |(_, _, since)| *since);
        if kept.is_some_and(|(derivation, ..)| derivation != judged.derivation) {
            whole_since = revision;
            sqlx::query("DELETE FROM judged_periods WHERE workspace = $1 AND model = $2 AND length = $3")
                .bind(workspace)
                .bind(&judged.model)
                .bind(&judged.length)
                .execute(&mut *transaction)
                .await
                .map_err(&failed)?;
        }
        for period in &judged.periods {
            sqlx::query(
                "INSERT INTO judged_periods
                     (workspace, model, length, arm, starts_at, ends_at, revision, counted_id, judged, outcome,
                      profile, slices, only_version)
                 VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11, $12, $13)
                 ON CONFLICT (workspace, model, length, arm, starts_at) DO UPDATE SET
                     ends_at = excluded.ends_at, revision = excluded.revision, counted_id = excluded.counted_id,
                     judged = excluded.judged, outcome = excluded.outcome, profile = excluded.profile,
                     slices = excluded.slices, only_version = excluded.only_version",
            )
            .bind(workspace)
            .bind(&judged.model)
            .bind(&judged.length)
            .bind(&period.arm)
            .bind(period.starts_at_microseconds)
            .bind(period.ends_at_microseconds)
            .bind(revision)
            .bind(period.counted_id)
            .bind(&period.judged)
            .bind(&period.outcome)
            .bind(&period.profile)
            .bind(&period.slices)
            .bind(&period.only_version)
            .execute(&mut *transaction)
            .await
            .map_err(&failed)?;
        }
        sqlx::query(
            "INSERT INTO judged_progress (workspace, model, length, derivation, revision, whole_since,
                 profiles_offset, outcomes_offset, watermark)
             VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9)
             ON CONFLICT (workspace, model, length) DO UPDATE SET
                 derivation = excluded.derivation, revision = excluded.revision, whole_since = excluded.whole_since,
                 profiles_offset = excluded.profiles_offset, outcomes_offset = excluded.outcomes_offset,
                 watermark = excluded.watermark",
        )
        .bind(workspace)
        .bind(&judged.model)
        .bind(&judged.length)
        .bind(&judged.derivation)
        .bind(revision)
        .bind(whole_since)
        .bind(judged.profiles_offset)
        .bind(judged.outcomes_offset)
        .bind(judged.watermark_microseconds)
        .execute(&mut *transaction)
        .await
        .map_err(&failed)?;
        transaction.commit().await.map_err(&failed)?;
        Ok(revision)
    }

    /// Returns where the periods of a model and length begin that were put after `revision`, in order of time.
    ///
    /// # Errors
    /// When the database refuses.
    pub async fn judged_starts_since(
        &self,
        workspace: &str,
        (model, length): (&str, &str),
        revision: i64,
    ) -> Result<Vec<i64>, CatalogueError> {
        sqlx::query_scalar(
            "SELECT DISTINCT starts_at FROM judged_periods
             WHERE workspace = $1 AND model = $2 AND length = $3 AND revision > $4 ORDER BY starts_at",
        )
        .bind(workspace)
        .bind(model)
        .bind(length)
        .bind(revision)
        .fetch_all(&self.pool)
        .await
        .map_err(self.failed("read judged periods"))
    }

    /// Returns the periods of an arm that start in `from..to` and were put after `revision`, in order of time: what was
    /// judged alone.
    ///
    /// # Errors
    /// When the database refuses.
    pub async fn judged_since(
        &self,
        workspace: &str,
        (model, length, arm): (&str, &str, &str),
        revision: i64,
        (from_microseconds, to_microseconds): (i64, i64),
    ) -> Result<Vec<JudgedPeriod>, CatalogueError> {
        let rows = sqlx::query(
            "SELECT arm, starts_at, ends_at, counted_id, only_version, judged, NULL AS outcome FROM judged_periods
             WHERE workspace = $1 AND model = $2 AND length = $3 AND arm = $4 AND revision > $5 AND starts_at >= $6
                 AND starts_at < $7
             ORDER BY starts_at",
        )
        .bind(workspace)
        .bind(model)
        .bind(length)
        .bind(arm)
        .bind(revision)
        .bind(from_microseconds)
        .bind(to_microseconds)
        .fetch_all(&self.pool)
        .await;
        rows.and_then(|rows| rows.iter().map(read_period).collect()).map_err(self.failed("read judged periods"))
    }

    /// Returns the periods of an arm that start in `from..to`, in order of time, with their outcomes, and without
    /// what they hold beside.
    ///
    /// # Errors
    /// When the database refuses.
    pub async fn judged_between(
        &self,
        workspace: &str,
        (model, length, arm): (&str, &str, &str),
        (from_microseconds, to_microseconds): (i64, i64),
    ) -> Result<Vec<JudgedPeriod>, CatalogueError> {
        let rows = sqlx::query(
            "SELECT arm, starts_at, ends_at, counted_id, only_version, judged, outcome FROM judged_periods
             WHERE workspace = $1 AND model = $2 AND length = $3 AND arm = $4 AND starts_at >= $5 AND starts_at < $6
             ORDER BY starts_at",
        )
        .bind(workspace)
        .bind(model)
        .bind(length)
        .bind(arm)
        .bind(from_microseconds)
        .bind(to_microseconds)
        .fetch_all(&self.pool)
        .await;
        rows.and_then(|rows| rows.iter().map(read_period).collect()).map_err(self.failed("read judged periods"))
    }

    /// Returns the periods of an arm that lie in `from..to` and hold a profile, by their first instant and the first after
    /// them, with what is asked for. Of one version they are those in which one version answered alone; of another
    /// version than that they hold nothing.
    ///
    /// # Errors
    /// When the database refuses.
    pub async fn rolled_up(
        &self,
        workspace: &str,
        what: RolledUp,
        (model, length, arm, version): (&str, &str, &str, Option<&str>),
        (from_microseconds, to_microseconds): (i64, i64),
    ) -> Result<Vec<(i64, i64, Option<Vec<u8>>)>, CatalogueError> {
        let asked = match what {
            RolledUp::Profile => "profile",
            RolledUp::Outcome => "outcome",
            RolledUp::Slices => "slices",
        };
        sqlx::query_as(
            "SELECT starts_at, ends_at,
                 CASE WHEN $8 <> only_version THEN NULL WHEN $7 = 'profile' THEN profile
                     WHEN $7 = 'outcome' THEN outcome ELSE slices END FROM judged_periods
             WHERE workspace = $1 AND model = $2 AND length = $3 AND arm = $4 AND starts_at >= $5 AND ends_at <= $6
                 AND profile IS NOT NULL AND ($8 IS NULL OR only_version IS NOT NULL) ORDER BY starts_at",
        )
        .bind(workspace)
        .bind(model)
        .bind(length)
        .bind(arm)
        .bind(from_microseconds)
        .bind(to_microseconds)
        .bind(asked)
        .bind(version)
        .fetch_all(&self.pool)
        .await
        .map_err(self.failed("read periods"))
    }

    /// Returns the periods of all arms that lie in `from..to` and hold a profile, with it and what was judged.
    ///
    /// # Errors
    /// When the database refuses.
    pub async fn kept_profiles(
        &self,
        workspace: &str,
        (model, length): (&str, &str),
        (from_microseconds, to_microseconds): (i64, i64),
    ) -> Result<Vec<KeptProfile>, CatalogueError> {
        sqlx::query_as(
            "SELECT arm, starts_at, ends_at, judged, profile FROM judged_periods
             WHERE workspace = $1 AND model = $2 AND length = $3 AND starts_at >= $4 AND ends_at <= $5
                 AND profile IS NOT NULL ORDER BY arm, starts_at",
        )
        .bind(workspace)
        .bind(model)
        .bind(length)
        .bind(from_microseconds)
        .bind(to_microseconds)
        .fetch_all(&self.pool)
        .await
        .map_err(self.failed("read periods"))
    }

    /// Returns of each arm the first instant of its first period of a length, and the first after its last.
    ///
    /// # Errors
    /// When the database refuses.
    pub async fn judged_extents(
        &self,
        workspace: &str,
        (model, length): (&str, &str),
    ) -> Result<BTreeMap<String, (i64, i64)>, CatalogueError> {
        let extents: Vec<(String, i64, i64)> = sqlx::query_as(
            // Where the last one ends is read of that one alone.
            "SELECT extents.arm, extents.first, judged_periods.ends_at FROM (
                 SELECT arm, min(starts_at) AS first, max(starts_at) AS last FROM judged_periods
                 WHERE workspace = $1 AND model = $2 AND length = $3 GROUP BY arm) AS extents
             JOIN judged_periods ON judged_periods.workspace = $1 AND judged_periods.model = $2
                 AND judged_periods.length = $3 AND judged_periods.arm = extents.arm
                 AND judged_periods.starts_at = extents.last",
        )
        .bind(workspace)
        .bind(model)
        .bind(length)
        .fetch_all(&self.pool)
        .await
        .map_err(self.failed("read judged periods"))?;
        Ok(extents.into_iter().map(|(arm, start, end)| (arm, (start, end))).collect())
    }

    /// Returns the outcomes of an arm's periods that start in `from..to`, in order of time.
    ///
    /// # Errors
    /// When the database refuses.
    pub async fn judged_outcomes(
        &self,
        workspace: &str,
        (model, length, arm): (&str, &str, &str),
        (from_microseconds, to_microseconds): (i64, i64),
    ) -> Result<Vec<(i64, Vec<u8>)>, CatalogueError> {
        sqlx::query_as(
            "SELECT starts_at, outcome FROM judged_periods
             WHERE workspace = $1 AND model = $2 AND length = $3 AND arm = $4 AND starts_at >= $5 AND starts_at < $6
                 AND outcome IS NOT NULL
             ORDER BY starts_at",
        )
        .bind(workspace)
        .bind(model)
        .bind(length)
        .bind(arm)
        .bind(from_microseconds)
        .bind(to_microseconds)
        .fetch_all(&self.pool)
        .await
        .map_err(self.failed("read outcomes"))
    }

    /// Returns what the door had counted in each period of an arm when it was judged, by the period's first instant.
    ///
    /// # Errors
    /// When the database refuses.
    pub async fn judged_counts(
        &self,
        workspace: &str,
        (model, length, arm): (&str, &str, &str),
    ) -> Result<Vec<(i64, i64)>, CatalogueError> {
        sqlx::query_as(
            "SELECT starts_at, counted_id FROM judged_periods
             WHERE workspace = $1 AND model = $2 AND length = $3 AND arm = $4",
        )
        .bind(workspace)
        .bind(model)
        .bind(length)
        .bind(arm)
        .fetch_all(&self.pool)
        .await
        .map_err(self.failed("read judged periods"))
    }

    /// Deletes the periods of all models that ended before, and returns how many.
    ///
    /// # Errors
    /// When the database refuses; nothing was deleted then.
    pub async fn delete_judged_before(&self, workspace: &str, before_microseconds: i64) -> Result<u64, CatalogueError> {
        let failed = self.failed("delete judged periods");
        let mut transaction = self.begin().await?;
        sqlx::query(
            "UPDATE judged_progress SET revision = revision + 1, whole_since = revision + 1
             WHERE workspace = $1 AND EXISTS (
                 SELECT 1 FROM judged_periods WHERE judged_periods.workspace = judged_progress.workspace
                     AND judged_periods.model = judged_progress.model
                     AND judged_periods.length = judged_progress.length AND judged_periods.ends_at < $2)",
        )
        .bind(workspace)
        .bind(before_microseconds)
        .execute(&mut *transaction)
        .await
        .map_err(&failed)?;
        let deleted = sqlx::query("DELETE FROM judged_periods WHERE workspace = $1 AND ends_at < $2")
            .bind(workspace)
            .bind(before_microseconds)
            .execute(&mut *transaction)
            .await
            .map_err(&failed)?;
        transaction.commit().await.map_err(&failed)?;
        Ok(deleted.rows_affected())
    }
}

fn read_progress(row: &SqliteRow) -> Result<JudgedProgress, sqlx::Error> {
    Ok(JudgedProgress {
        derivation: row.try_get("derivation")?,
        revision: row.try_get("revision")?,
        whole_since: row.try_get("whole_since")?,
        profiles_offset: row.try_get("profiles_offset")?,
        outcomes_offset: row.try_get("outcomes_offset")?,
        watermark_microseconds: row.try_get("watermark")?,
    })
}

fn read_period(row: &SqliteRow) -> Result<JudgedPeriod, sqlx::Error> {
    Ok(JudgedPeriod {
        arm: row.try_get("arm")?,
        starts_at_microseconds: row.try_get("starts_at")?,
        ends_at_microseconds: row.try_get("ends_at")?,
        counted_id: row.try_get("counted_id")?,
        only_version: row.try_get("only_version")?,
        judged: row.try_get("judged")?,
        outcome: row.try_get("outcome")?,
        profile: None,
        slices: None,
    })
}
