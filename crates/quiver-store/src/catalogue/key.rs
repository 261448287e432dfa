//! The keys that clients come in with; knows a key by its public part and the hash of its secret, never the secret.

use super::{Catalogue, CatalogueError};
use sqlx::Row;
use sqlx::sqlite::SqliteRow;

const COLUMNS: &str = "workspace, id, name, hash, scopes, created_at, expires_at, revoked_at, last_used_at";

/// A key as kept. Whether it is good now is for the caller to judge.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ApiKey {
    /// The workspace it opens.
    pub workspace: String,
    /// The public part: unique in all workspaces.
    pub id: String,
    /// What its owner calls it.
    pub name: String,
    /// The SHA-256 hash of the secret, made by the caller.
    pub hash: Vec<u8>,
    /// What it allows, separated by spaces.
    pub scopes: String,
    /// When it was made.
    pub created_at_microseconds: i64,
    /// From when on it is no longer good; none for a key without an end.
    pub expires_at_microseconds: Option<i64>,
    /// When it was taken back.
    pub revoked_at_microseconds: Option<i64>,
    /// When it was last used.
    pub last_used_at_microseconds: Option<i64>,
}

impl Catalogue {
    /// Adds a key.
    ///
    /// # Errors
    /// When the id is taken or the database refuses.
    pub async fn put_key(&self, key: &ApiKey) -> Result<(), CatalogueError> {
        sqlx::query(
            "INSERT INTO api_keys
             (workspace, id, name, hash, scopes, created_at, expires_at, revoked_at, last_used_at)
             VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9)",
        )
        .bind(&key.workspace)
        .bind(&key.id)
        .bind(&key.name)
        .bind(&key.hash)
        .bind(&key.scopes)
        .bind(key.created_at_microseconds)
        .bind(key.expires_at_microseconds)
        .bind(key.revoked_at_microseconds)
        .bind(key.last_used_at_microseconds)
        .execute(&self.pool)
        .await
        .map_err(self.failed("add a key"))?;
        Ok(())
    }

    /// Returns the key of that id, whatever its workspace: the id is all that a client brings.
    ///
    /// # Errors
    /// When the database refuses.
    pub async fn key(&self, id: &str) -> Result<Option<ApiKey>, CatalogueError> {
        let row = sqlx::query(sqlx::AssertSqlSafe(format!("SELECT {COLUMNS} FROM api_keys WHERE id = $1")))
            .bind(id)
            .fetch_optional(&self.pool)
            .await;
        row.and_then(|row| row.as_ref().map(read_key).transpose()).map_err(self.failed("read a key"))
    }

    /// Returns the keys of a workspace, the oldest first; those that were taken back are among them.
    ///
    /// # Errors
    /// When the database refuses.
    pub async fn keys(&self, workspace: &str) -> Result<Vec<ApiKey>, CatalogueError> {
        let statement = format!("SELECT {COLUMNS} FROM api_keys WHERE workspace = $1 ORDER BY created_at, id");
        let rows = sqlx::query(sqlx::AssertSqlSafe(statement)).bind(workspace).fetch_all(&self.pool).await;
        rows.and_then(|rows| rows.iter().map(read_key).collect()).map_err(self.failed("list the keys"))
    }

    /// Takes a key back; returns false when it was already, or is unknown.
    ///
    /// # Errors
    /// When the database refuses.
    pub async fn revoke_key(&self, id: &str, at_microseconds: i64) -> Result<bool, CatalogueError> {
        let revoked = sqlx::query("UPDATE api_keys SET revoked_at = $2 WHERE id = $1 AND revoked_at IS NULL")
            .bind(id)
            .bind(at_microseconds)
            .execute(&self.pool)
            .await
            .map_err(self.failed("revoke a key"))?;
        Ok(revoked.rows_affected() > 0)
    }

    /// Notes that a key was used; an earlier time than the one noted changes nothing.
    ///
    /// # Errors
    /// When the database refuses.
    pub async fn touch_key(&self, id: &str, at_microseconds: i64) -> Result<(), CatalogueError> {
        sqlx::query(
            "UPDATE api_keys SET last_used_at = $2 WHERE id = $1 AND (last_used_at IS NULL OR last_used_at < $2)",
        )
        .bind(id)
        .bind(at_microseconds)
        .execute(&self.pool)
        .await
        .map_err(self.failed("note the use of a key"))?;
        Ok(())
    }
}

fn read_key(row: &SqliteRow) -> Result<ApiKey, sqlx::Error> {
    Ok(ApiKey {
        workspace: row.try_get("workspace")?,
        id: row.try_get("id")?,
        name: row.try_get("name")?,
        hash: row.try_get("hash")?,
        scopes: row.try_get("scopes")?,
        created_at_microseconds: row.try_get("created_at")?,
        expires_at_microseconds: row.try_get("expires_at")?,
        revoked_at_microseconds: row.try_get("revoked_at")?,
        last_used_at_microseconds: row.try_get("last_used_at")?,
    })
}
