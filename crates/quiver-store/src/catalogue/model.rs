//! Models, the versions of their specs, and their references.

use super::{Catalogue, CatalogueError};
use sqlx::Row;
use sqlx::sqlite::SqliteRow;
use std::collections::BTreeMap;

/// One version of a model's spec.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct SpecVersion {
    /// Counts from one for each model.
    pub number: i64,
    /// The hash of the text, by which the same text is recognised.
    pub content_hash: String,
    /// The text as its owner wrote it.
    pub yaml: String,
    /// When it came in.
    pub created_at_microseconds: i64,
}

/// A reference to be kept.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct NewReference<'a> {
    /// Which model.
    pub model: &'a str,
    /// Which version of it.
    pub version: &'a str,
    /// Which arm.
    pub arm: &'a str,
    /// Names the frozen edges.
    pub frozen_id: &'a str,
    /// The profile with its edges, encoded by the caller.
    pub profile: &'a [u8],
    /// When it was frozen.
    pub created_at_microseconds: i64,
}

impl Catalogue {
    /// Adds a model; one that is there stays as it is.
    ///
    /// # Errors
    /// When the database refuses.
    pub async fn put_model(
        &self,
        workspace: &str,
        model: &str,
        created_at_microseconds: i64,
    ) -> Result<(), CatalogueError> {
        sqlx::query(
            "INSERT INTO models (workspace, model, created_at) VALUES ($1, $2, $3)
             ON CONFLICT (workspace, model) DO NOTHING",
        )
        .bind(workspace)
        .bind(model)
        .bind(created_at_microseconds)
        .execute(&self.pool)
        .await
        .map_err(self.failed("write a model"))?;
        Ok(())
    }

    /// Returns the names of the workspace's models, sorted.
    ///
    /// # Errors
    /// When the database refuses.
    pub async fn models(&self, workspace: &str) -> Result<Vec<String>, CatalogueError> {
        sqlx::query_scalar("SELECT model FROM models WHERE workspace = $1 ORDER BY model")
            .bind(workspace)
            .fetch_all(&self.pool)
            .await
            .map_err(self.failed("list the models"))
    }

    /// Adds a version of a model's spec and returns its number; the text that is the latest already keeps its number.
    ///
    /// # Errors
    /// When the model is unknown or the database refuses.
    pub async fn put_spec(
        &self,
        workspace: &str,
        model: &str,
        content_hash: &str,
        yaml: &str,
        created_at_microseconds: i64,
    ) -> Result<i64, CatalogueError> {
        let failed = self.failed("write a spec");
        let mut transaction = self.begin().await?;
        let latest: Option<(i64, String)> = sqlx::query_as(
            "SELECT number, content_hash FROM spec_versions WHERE workspace = $1 AND model = $2
             ORDER BY number DESC LIMIT 1",
        )
        .bind(workspace)
        .bind(model)
        .fetch_optional(&mut *transaction)
        .await
        .map_err(&failed)?;
        let number = match latest {
            Some((number, hash)) if hash == content_hash => return Ok(number),
            Some((number, _)) => number + 1,
            None => 1,
        };
        sqlx::query(
            "INSERT INTO spec_versions (workspace, model, number, content_hash, yaml, created_at)
             VALUES ($1, $2, $3, $4, $5, $6)",
        )
        .bind(workspace)
        .bind(model)
        .bind(number)
        .bind(content_hash)
        .bind(yaml)
        .bind(created_at_microseconds)
        .execute(&mut *transaction)
        .await
        .map_err(&failed)?;
        transaction.commit().await.map_err(&failed)?;
        Ok(number)
    }

    /// Returns the versions of a model's spec, the latest first.
    ///
    /// # Errors
    /// When the database refuses.
    pub async fn specs(&self, workspace: &str, model: &str) -> Result<Vec<SpecVersion>, CatalogueError> {
        let rows = sqlx::query(
            "SELECT number, content_hash, yaml, created_at FROM spec_versions WHERE workspace = $1 AND model = $2
             ORDER BY number DESC",
        )
        .bind(workspace)
        .bind(model)
        .fetch_all(&self.pool)
        .await;
        let specs = rows.and_then(|rows| rows.iter().map(read_spec).collect());
        specs.map_err(self.failed("read the specs"))
    }

    /// Returns the latest version of a model's spec.
    ///
    /// # Errors
    /// When the database refuses.
    pub async fn latest_spec(&self, workspace: &str, model: &str) -> Result<Option<SpecVersion>, CatalogueError> {
        let row = sqlx::query(
            "SELECT number, content_hash, yaml, created_at FROM spec_versions WHERE workspace = $1 AND model = $2
             ORDER BY number DESC LIMIT 1",
        )
        .bind(workspace)
        .bind(model)
        .fetch_optional(&self.pool)
        .await;
        row.and_then(|row| row.as_ref().map(read_spec).transpose()).map_err(self.failed("read a spec"))
    }

    /// Keeps a reference; one of the same model, version and arm is replaced.
    ///
    /// # Errors
    /// When the model is unknown or the database refuses.
    pub async fn put_reference(&self, workspace: &str, reference: &NewReference<'_>) -> Result<(), CatalogueError> {
        sqlx::query(
            "INSERT INTO model_references (workspace, model, version, arm, frozen_id, profile, created_at)
             VALUES ($1, $2, $3, $4, $5, $6, $7)
             ON CONFLICT (workspace, model, version, arm) DO UPDATE SET
                 frozen_id = excluded.frozen_id, profile = excluded.profile, created_at = excluded.created_at",
        )
        .bind(workspace)
        .bind(reference.model)
        .bind(reference.version)
        .bind(reference.arm)
        .bind(reference.frozen_id)
        .bind(reference.profile)
        .bind(reference.created_at_microseconds)
        .execute(&self.pool)
        .await
        .map_err(self.failed("write a reference"))?;
        Ok(())
    }

    /// Returns of each arm with a reference of that version what names its frozen edges.
    ///
    /// # Errors
    /// When the database refuses.
    pub async fn references(
        &self,
        workspace: &str,
        (model, version): (&str, &str),
    ) -> Result<BTreeMap<String, String>, CatalogueError> {
        let references: Vec<(String, String)> = sqlx::query_as(
            "SELECT arm, frozen_id FROM model_references WHERE workspace = $1 AND model = $2 AND version = $3",
        )
        .bind(workspace)
        .bind(model)
        .bind(version)
        .fetch_all(&self.pool)
        .await
        .map_err(self.failed("read the references"))?;
        Ok(references.into_iter().collect())
    }

    /// Returns the profile of an arm's reference, as the caller encoded it.
    ///
    /// # Errors
    /// When there is none, or the database refuses.
    pub async fn reference_profile(
        &self,
        workspace: &str,
        (model, version, arm): (&str, &str, &str),
    ) -> Result<Vec<u8>, CatalogueError> {
        sqlx::query_scalar(
            "SELECT profile FROM model_references
             WHERE workspace = $1 AND model = $2 AND version = $3 AND arm = $4",
        )
        .bind(workspace)
        .bind(model)
        .bind(version)
        .bind(arm)
        .fetch_one(&self.pool)
        .await
        .map_err(self.failed("read a reference"))
    }
}

fn read_spec(row: &SqliteRow) -> Result<SpecVersion, sqlx::Error> {
    Ok(SpecVersion {
        number: row.try_get("number")?,
        content_hash: row.try_get("content_hash")?,
        yaml: row.try_get("yaml")?,
        created_at_microseconds: row.try_get("created_at")?,
    })
}
