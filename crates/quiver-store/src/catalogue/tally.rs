//! What the door counted, by hour; it adds numbers and does not know what they mean.

use super::{Catalogue, CatalogueError};
use sqlx::Row;
use sqlx::sqlite::SqliteRow;

/// A number of one hour.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Tally {
    /// The model, or an empty text for what belongs to none.
    pub model: String,
    /// The start of the UTC hour.
    pub hour_microseconds: i64,
    /// What was counted, such as `rejected`.
    pub what: String,
    /// Of what it was counted, such as a reason; may be empty.
    pub subject: String,
    /// How often.
    pub count: i64,
}

/// A number of several hours together.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct TallySum {
    /// What was counted.
    pub what: String,
    /// Of what it was counted.
    pub subject: String,
    /// How often.
    pub count: i64,
}

impl Catalogue {
    /// Adds the counts to those that are there: all of them, or none.
    ///
    /// # Errors
    /// When the database refuses; nothing was added then, and adding again counts nothing twice.
    pub async fn add_tallies(&self, workspace: &str, tallies: &[Tally]) -> Result<(), CatalogueError> {
        self.write_tallies(workspace, tallies, "count = door_tallies.count + excluded.count").await
    }

    async fn write_tallies(
        &self,
        workspace: &str,
        tallies: &[Tally],
        update: &'static str,
    ) -> Result<(), CatalogueError> {
        if tallies.is_empty() {
            return Ok(());
        }
        let failed = self.failed("write the tallies");
        let statement = format!(
            "INSERT INTO door_tallies (workspace, model, hour, what, subject, count)
             VALUES ($1, $2, $3, $4, $5, $6)
             ON CONFLICT (workspace, model, hour, what, subject) DO UPDATE SET {update}"
        );
        let mut transaction = self.begin().await?;
        for tally in tallies {
            sqlx::query(sqlx::AssertSqlSafe(statement.as_str()))
                .bind(workspace)
                .bind(&tally.model)
                .bind(tally.hour_microseconds)
                .bind(&tally.what)
                .bind(&tally.subject)
                .bind(tally.count)
                .execute(&mut *transaction)
                .await
                .map_err(&failed)?;
        }
        transaction.commit().await.map_err(&failed)
    }

    /// Puts the counts in the place of those that are there: all of them, or none.
    ///
    /// # Errors
    /// When the database refuses; nothing was put then.
    pub async fn set_tallies(&self, workspace: &str, tallies: &[Tally]) -> Result<(), CatalogueError> {
        self.write_tallies(workspace, tallies, "count = excluded.count").await
    }

    /// Returns a model's counts of the hours that start in `from..to`, hour by hour.
    ///
    /// # Errors
    /// When the database refuses.
    pub async fn tallies(
        &self,
        workspace: &str,
        model: &str,
        from_microseconds: i64,
        to_microseconds: i64,
    ) -> Result<Vec<Tally>, CatalogueError> {
        let rows = sqlx::query(
            "SELECT model, hour, what, subject, count FROM door_tallies
             WHERE workspace = $1 AND model = $2 AND hour >= $3 AND hour < $4 ORDER BY hour, what, subject",
        )
        .bind(workspace)
        .bind(model)
        .bind(from_microseconds)
        .bind(to_microseconds)
        .fetch_all(&self.pool)
        .await;
        rows.and_then(|rows| rows.iter().map(read_tally).collect()).map_err(self.failed("read the tallies"))
    }

    /// Returns a model's counts of the hours that start in `from..to`, added up.
    ///
    /// # Errors
    /// When the database refuses.
    pub async fn tally_sums(
        &self,
        workspace: &str,
        model: &str,
        from_microseconds: i64,
        to_microseconds: i64,
    ) -> Result<Vec<TallySum>, CatalogueError> {
        let sums: Result<Vec<(String, String, i64)>, _> = sqlx::query_as(
            "SELECT what, subject, CAST(SUM(count) AS BIGINT) FROM door_tallies
             WHERE workspace = $1 AND model = $2 AND hour >= $3 AND hour < $4
             GROUP BY what, subject ORDER BY what, subject",
        )
        .bind(workspace)
        .bind(model)
        .bind(from_microseconds)
        .bind(to_microseconds)
        .fetch_all(&self.pool)
        .await;
        let sums = sums.map_err(self.failed("read the tallies"))?;
        Ok(sums.into_iter().map(|(what, subject, count)| TallySum { what, subject, count }).collect())
    }

    /// Deletes the counts of the hours that start before `hour`, of all workspaces, and returns how many.
    ///
    /// # Errors
    /// When the database refuses.
    pub async fn delete_tallies_before(&self, hour_microseconds: i64) -> Result<u64, CatalogueError> {
        let deleted = sqlx::query("DELETE FROM door_tallies WHERE hour < $1")
            .bind(hour_microseconds)
            .execute(&self.pool)
            .await
            .map_err(self.failed("delete tallies"))?;
        Ok(deleted.rows_affected())
    }
}

fn read_tally(row: &SqliteRow) -> Result<Tally, sqlx::Error> {
    Ok(Tally {
        model: row.try_get("model")?,
        hour_microseconds: row.try_get("hour")?,
        what: row.try_get("what")?,
        subject: row.try_get("subject")?,
        count: row.try_get("count")?,
    })
}
