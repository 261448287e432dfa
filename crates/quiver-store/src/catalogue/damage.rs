//! Which data files were damaged and set aside, so that a loss is still known after a restart.

use super::{Catalogue, CatalogueError};
use sqlx::Row;
use sqlx::sqlite::SqliteRow;

/// A data file that was set aside.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct DamageRecord {
    /// The table it belonged to.
    pub table_name: String,
    /// Its path in the table; no two data files share one.
    pub path: String,
    /// How many rows went with it; none when unknown.
    pub lost_rows: Option<i64>,
    /// What did not fit.
    pub reason: String,
    /// When it was found.
    pub found_at_microseconds: i64,
}

impl Catalogue {
    /// Records damaged files, all or none; what was recorded of a file before stays.
    ///
    /// # Errors
    /// When the database refuses.
    pub async fn put_damages(&self, workspace: &str, damages: &[DamageRecord]) -> Result<(), CatalogueError> {
        if damages.is_empty() {
            return Ok(());
        }
        let failed = self.failed("record damaged files");
        let mut transaction = self.begin().await?;
        for damage in damages {
            sqlx::query(
                "INSERT INTO damaged_files (workspace, table_name, path, lost_rows, reason, found_at)
                 VALUES ($1, $2, $3, $4, $5, $6) ON CONFLICT (workspace, path) DO NOTHING",
            )
            .bind(workspace)
            .bind(&damage.table_name)
            .bind(&damage.path)
            .bind(damage.lost_rows)
            .bind(&damage.reason)
            .bind(damage.found_at_microseconds)
            .execute(&mut *transaction)
            .await
            .map_err(&failed)?;
        }
        transaction.commit().await.map_err(&failed)
    }

    /// Returns the damaged files, the newest first.
    ///
    /// # Errors
    /// When the database refuses.
    pub async fn damages(&self, workspace: &str) -> Result<Vec<DamageRecord>, CatalogueError> {
        let rows = sqlx::query(
            "SELECT table_name, path, lost_rows, reason, found_at FROM damaged_files
             WHERE workspace = $1 ORDER BY found_at DESC, path",
        )
        .bind(workspace)
        .fetch_all(&self.pool)
        .await;
        rows.and_then(|rows| rows.iter().map(read_damage).collect()).map_err(self.failed("list damaged files"))
    }
}

fn read_damage(row: &SqliteRow) -> Result<DamageRecord, sqlx::Error> {
    Ok(DamageRecord {
        table_name: row.try_get("table_name")?,
        path: row.try_get("path")?,
        lost_rows: row.try_get("lost_rows")?,
        reason: row.try_get("reason")?,
        found_at_microseconds: row.try_get("found_at")?,
    })
}
