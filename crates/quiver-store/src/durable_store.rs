//! The local file system as an object store whose writes survive a power cut; knows paths and bytes, no table.
//!
//! The library's own local store never syncs. A commit that it reports could be gone, or half there, after a power
//! cut, while the journal has been cut already; and half a log entry keeps a table from opening.

use crate::disk;
use crate::log_copy;
use futures::future::BoxFuture;
use futures::stream::BoxStream;
use object_store::local::LocalFileSystem;
use object_store::path::Path;
use object_store::{
    CopyOptions, Error, GetOptions, GetResult, ListResult, MultipartUpload, ObjectMeta, ObjectStore, PutMode,
    PutMultipartOptions, PutOptions, PutPayload, PutResult, RenameOptions, Result, UploadPart,
};
use std::fs::OpenOptions;
use std::io::{self, ErrorKind, Write};
use std::path::PathBuf;
use std::sync::atomic::{AtomicU64, Ordering};

const NAME: &str = "DurableFileSystem";

/// Tells the files apart that are being written at the same time.
static STAGED: AtomicU64 = AtomicU64::new(0);

/// The local file system, synced.
#[derive(Debug, Default)]
pub(crate) struct DurableFileSystem {
    inner: LocalFileSystem,
}

impl std::fmt::Display for DurableFileSystem {
    fn fmt(&self, formatter: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        formatter.write_str(NAME)
    }
}

// What `#[async_trait]` makes of the trait, written out: the macro's crate is no dependency of this workspace.
impl ObjectStore for DurableFileSystem {
    fn put_opts<'life0, 'life1, 'async_trait>(
        &'life0 self,
        location: &'life1 Path,
        payload: PutPayload,
        opts: PutOptions,
    ) -> BoxFuture<'async_trait, Result<PutResult>>
    where
        'life0: 'async_trait,
        'life1: 'async_trait,
        Self: 'async_trait,
    {
        Box::pin(async move {
            if matches!(opts.mode, PutMode::Update(_)) || !opts.attributes.is_empty() {
                // The local store says why it cannot.
                return self.inner.put_opts(location, payload, opts).await;
            }
            let path = self.inner.path_to_filesystem(location)?;
            let only_new = matches!(opts.mode, PutMode::Create);
            let written = move || {
                write(&path, &payload, only_new)?;
                if log_copy::is_kept(&path) {
                    let content: Vec<u8> = payload.iter().flat_map(|bytes| bytes.iter().copied()).collect();
                    // The file is there and safe: without a copy it is mended less well, and opening makes the copy.
                    let _ = log_copy::keep(&path, &content);
                }
                Ok(())
            };
            blocking(self.inner.path_to_filesystem(location)?, written).await?;
            Ok(PutResult { e_tag: None, version: None })
        })
    }

    fn put_multipart_opts<'life0, 'life1, 'async_trait>(
        &'life0 self,
        location: &'life1 Path,
        opts: PutMultipartOptions,
    ) -> BoxFuture<'async_trait, Result<Box<dyn MultipartUpload>>>
    where
        'life0: 'async_trait,
        'life1: 'async_trait,
        Self: 'async_trait,
    {
        Box::pin(async move {
            let path = self.inner.path_to_filesystem(location)?;
            let folder = path.parent().map(ToOwned::to_owned).unwrap_or_default();
            blocking(path.clone(), move || disk::create_folders(&folder)).await?;
            let inner = self.inner.put_multipart_opts(location, opts).await?;
            Ok(Box::new(DurableUpload { inner, path }) as Box<dyn MultipartUpload>)
        })
    }

    fn get_opts<'life0, 'life1, 'async_trait>(
        &'life0 self,
        location: &'life1 Path,
        options: GetOptions,
    ) -> BoxFuture<'async_trait, Result<GetResult>>
    where
        'life0: 'async_trait,
        'life1: 'async_trait,
        Self: 'async_trait,
    {
        self.inner.get_opts(location, options)
    }

    fn delete_stream(&self, locations: BoxStream<'static, Result<Path>>) -> BoxStream<'static, Result<Path>> {
        self.inner.delete_stream(locations)
    }

    fn list(&self, prefix: Option<&Path>) -> BoxStream<'static, Result<ObjectMeta>> {
        self.inner.list(prefix)
    }

    fn list_with_offset(&self, prefix: Option<&Path>, offset: &Path) -> BoxStream<'static, Result<ObjectMeta>> {
        self.inner.list_with_offset(prefix, offset)
    }

    fn list_with_delimiter<'life0, 'life1, 'async_trait>(
        &'life0 self,
        prefix: Option<&'life1 Path>,
    ) -> BoxFuture<'async_trait, Result<ListResult>>
    where
        'life0: 'async_trait,
        'life1: 'async_trait,
        Self: 'async_trait,
    {
        self.inner.list_with_delimiter(prefix)
    }

    fn copy_opts<'life0, 'life1, 'life2, 'async_trait>(
        &'life0 self,
        from: &'life1 Path,
        to: &'life2 Path,
        options: CopyOptions,
    ) -> BoxFuture<'async_trait, Result<()>>
    where
        'life0: 'async_trait,
        'life1: 'async_trait,
        'life2: 'async_trait,
        Self: 'async_trait,
    {
        Box::pin(async move {
            self.inner.copy_opts(from, to, options).await?;
            self.sync(to).await
        })
    }

    fn rename_opts<'life0, 'life1, 'life2, 'async_trait>(
        &'life0 self,
        from: &'life1 Path,
        to: &'life2 Path,
        options: RenameOptions,
    ) -> BoxFuture<'async_trait, Result<()>>
    where
        'life0: 'async_trait,
        'life1: 'async_trait,
        'life2: 'async_trait,
        Self: 'async_trait,
    {
        Box::pin(async move {
            self.inner.rename_opts(from, to, options).await?;
            self.sync(to).await
        })
    }
}

impl DurableFileSystem {
    async fn sync(&self, location: &Path) -> Result<()> {
        let path = self.inner.path_to_filesystem(location)?;
        blocking(path.clone(), move || disk::sync_file(&path)).await
    }
}

/// An upload in parts that is durable once it is complete.
#[derive(Debug)]
struct DurableUpload {
    inner: Box<dyn MultipartUpload>,
    path: PathBuf,
}

impl MultipartUpload for DurableUpload {
    fn put_part(&mut self, data: PutPayload) -> UploadPart {
        self.inner.put_part(data)
    }

    fn complete<'life0, 'async_trait>(&'life0 mut self) -> BoxFuture<'async_trait, Result<PutResult>>
    where
        'life0: 'async_trait,
        Self: 'async_trait,
    {
        Box::pin(async move {
            let result = self.inner.complete().await?;
            let path = self.path.clone();
            let written = move || {
                disk::sync_file(&path)?;
                if log_copy::is_kept(&path) {
                    // As above: the file is what counts.
                    let _ = std::fs::read(&path).and_then(|content| log_copy::keep(&path, &content));
                }
                Ok(())
            };
            blocking(self.path.clone(), written).await?;
            Ok(result)
        })
    }

    fn abort<'life0, 'async_trait>(&'life0 mut self) -> BoxFuture<'async_trait, Result<()>>
    where
        'life0: 'async_trait,
        Self: 'async_trait,
    {
        self.inner.abort()
    }
}

/// Writes a file under a name that listings leave out, syncs it, and only then gives it its own name.
fn write(path: &std::path::Path, payload: &PutPayload, only_new: bool) -> io::Result<()> {
    let folder = path.parent().unwrap_or(std::path::Path::new("/"));
    disk::create_folders(folder)?;
    let mut staged = path.as_os_str().to_owned();
    // The local store's own mark of an unfinished file: a hash sign and digits.
    staged.push(format!("#{}{:06}", std::process::id(), STAGED.fetch_add(1, Ordering::Relaxed)));
    let staged = PathBuf::from(staged);
    let written = || -> io::Result<()> {
        // A process of the same number may have died here: what it left is nobody's.
        let mut file = OpenOptions::new().write(true).create(true).truncate(true).open(&staged)?;
        payload.iter().try_for_each(|bytes| file.write_all(bytes))?;
        file.sync_all()?;
        if only_new { std::fs::hard_link(&staged, path) } else { std::fs::rename(&staged, path) }
    };
    let result = written();
    if only_new || result.is_err() {
        // Best effort: what stays is never listed.
        let _ = std::fs::remove_file(&staged);
    }
    result?;
    disk::sync_folder(folder)
}

/// Removes the unfinished files of processes that died, in `folder` and below, and returns how many.
///
/// They hold rows, and no vacuum finds them, because listings leave them out. Nobody may be writing meanwhile.
pub(crate) fn remove_unfinished(folder: &std::path::Path) -> io::Result<usize> {
    let mut removed = 0;
    let mut folders = vec![folder.to_owned()];
    while let Some(folder) = folders.pop() {
        for entry in std::fs::read_dir(&folder)? {
            let entry = entry?;
            let name = entry.file_name();
            let mark = name.to_str().and_then(|name| name.rsplit_once('#')).map(|(_, digits)| digits);
            if entry.file_type()?.is_dir() {
                folders.push(entry.path());
            } else if mark
                .is_some_and(|digits| !digits.is_empty() && digits.bytes().all(|digit| digit.is_ascii_digit()))
            {
                std::fs::remove_file(entry.path())?;
                removed += 1;
            }
        }
    }
    Ok(removed)
}

async fn blocking(path: PathBuf, work: impl FnOnce() -> io::Result<()> + Send + 'static) -> Result<()> {
    let done = tokio::task::spawn_blocking(work).await.map_err(io::Error::other);
    done.and_then(|result| result).map_err(|source| match source.kind() {
        ErrorKind::AlreadyExists => Error::AlreadyExists { path: path.display().to_string(), source: Box::new(source) },
        ErrorKind::NotFound => Error::NotFound { path: path.display().to_string(), source: Box::new(source) },
        _ => Error::Generic { store: NAME, source: Box::new(source) },
    })
}
