mod partial_file;
mod reply;

use std::fs;
use std::io::{ErrorKind, Read as _};
use std::path::{Path, PathBuf};
use std::time::Duration;

use ureq::Agent;

use crate::sha256::sha256_of_file;
use crate::{Error, ManifestFile, Result};
use partial_file::PartialFile;
use reply::Reply;

/// Bytes between two reports of progress at least.
const CHUNK_BYTES: usize = 1 << 16;

/// How a file is downloaded.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct DownloadOptions {
    /// Times that an interrupted transfer is taken up, before the error is returned.
    pub retries: usize,
    /// Pause before a transfer is taken up.
    pub pause: Duration,
    /// How long the server may be silent.
    pub patience: Duration,
    /// Address of a proxy for `https` addresses, such as `http://host:3128`.
    pub proxy: Option<String>,
}

impl Default for DownloadOptions {
    /// Five retries, 2 s apart, 60 s of silence, no proxy.
    fn default() -> Self {
        Self {
            retries: 5,
            pause: Duration::from_secs(2),
            patience: Duration::from_secs(60),
            proxy: None,
        }
    }
}

/// How far a download has come.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct DownloadProgress {
    /// Bytes that lie on the disk, those of earlier attempts included.
    pub num_bytes: u64,
    /// Bytes of the whole file, where the server says.
    pub total_bytes: Option<u64>,
}

/// A file that is there in full.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Downloaded {
    /// Where it lies.
    pub path: PathBuf,
    /// Its SHA-256, compared with the manifest's where that has one.
    pub sha256: String,
    /// Where it came from.
    pub outcome: DownloadOutcome,
}

/// How a file came to be there.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
#[non_exhaustive]
pub enum DownloadOutcome {
    /// It was there before; nothing was transferred.
    Found,
    /// It was transferred.
    Transferred,
}

/// Downloads a file of a manifest into a folder, and checks it. The one function of this crate that
/// uses the network.
///
/// The bytes go to `FILE.part`, which takes the file's name when size and SHA-256 are those of the
/// manifest (where it has them): no file of that name is ever incomplete. A transfer that was
/// interrupted, by the network or by the end of the program, goes on where it stopped when the server
/// can and still has the same file, else from the beginning. A file that is there already is checked
/// and kept. `progress` is called from the calling thread.
///
/// ```no_run
/// use semantic_inpaint_data::{DownloadOptions, Manifest, download};
///
/// # fn main() -> semantic_inpaint_data::Result<()> {
/// let manifest = Manifest::named("dtd")?;
/// let folder = std::path::Path::new("datasets/dtd");
/// let file = download(&manifest.archives[0], folder, &DownloadOptions::default(), &|_| {})?;
/// println!("{}  {}", file.sha256, file.path.display());
/// # Ok(())
/// # }
/// ```
///
/// # Errors
///
/// [`Error::NoDownload`] when the manifest has no address; [`Error::Refused`] when the server answers
/// with anything but the file; [`Error::Interrupted`] when the transfer fails, after which a further
/// call goes on; [`Error::WrongFile`] when the file is not the one of the manifest, which is not kept
/// unless it was there before; [`Error::Busy`] when another program downloads the same file;
/// [`Error::Unwritable`], as on a full disk.
pub fn download(
    file: &ManifestFile,
    folder: &Path,
    options: &DownloadOptions,
    progress: &dyn Fn(DownloadProgress),
) -> Result<Downloaded> {
    let path = folder.join(&file.file);
    if path.exists() {
        return Ok(Downloaded {
            sha256: check(&path, file)?,
            path,
            outcome: DownloadOutcome::Found,
        });
    }
    let url = file.url.as_ref().ok_or_else(|| Error::NoDownload {
        file: file.file.clone(),
    })?;
    fs::create_dir_all(folder).map_err(|error| Error::writing(folder, error))?;
    let transfer = Transfer {
        agent: agent(url, options)?,
        url,
        file,
        progress,
    };
    let mut partial = PartialFile::open(&path, url)?;
    if let Err(error) = transfer.complete(&mut partial, options) {
        partial.keep_for_later();
        return Err(error);
    }
    match check(partial.path(), file) {
        Ok(sha256) => {
            partial.finish(&path)?;
            let outcome = DownloadOutcome::Transferred;
            Ok(Downloaded {
                path,
                sha256,
                outcome,
            })
        }
        Err(error) => {
            partial.discard();
            Err(error)
        }
    }
}

/// The SHA-256 of a file, which is the one of the manifest.
fn check(path: &Path, file: &ManifestFile) -> Result<String> {
    let metadata = fs::metadata(path).map_err(|error| Error::reading(path, error))?;
    check_size(path, file, metadata.len())?;
    let got = sha256_of_file(path)?;
    match &file.sha256 {
        Some(expected) if *expected != got => Err(Error::WrongFile {
            path: path.into(),
            what: "SHA-256",
            expected: expected.clone(),
            got,
        }),
        _ => Ok(got),
    }
}

fn check_size(path: &Path, file: &ManifestFile, num_bytes: u64) -> Result<()> {
    match file.num_bytes {
        Some(expected) if expected != num_bytes => Err(Error::WrongFile {
            path: path.into(),
            what: "size in bytes",
            expected: expected.to_string(),
            got: num_bytes.to_string(),
        }),
        _ => Ok(()),
    }
}

fn agent(url: &str, options: &DownloadOptions) -> Result<Agent> {
    let is_secure = url.starts_with("https://");
    let proxy = options.proxy.as_ref().filter(|_| is_secure);
    let proxy = proxy.map(|proxy| ureq::Proxy::new(proxy)).transpose();
    let proxy = proxy.map_err(|error| Error::Refused {
        url: options.proxy.clone().unwrap_or_default(),
        reason: format!("not a usable proxy: {error}"),
    })?;
    let config = Agent::config_builder()
        .http_status_as_error(false)
        .https_only(is_secure)
        .proxy(proxy)
        .timeout_connect(Some(options.patience))
        .timeout_recv_response(Some(options.patience))
        .timeout_per_read(Some(options.patience))
        .user_agent(concat!("semantic-inpaint/", env!("CARGO_PKG_VERSION")))
        .accept_encoding("identity")
        .build();
    Ok(config.into())
}

struct Transfer<'a> {
    agent: Agent,
    url: &'a str,
    file: &'a ManifestFile,
    progress: &'a dyn Fn(DownloadProgress),
}

impl Transfer<'_> {
    /// Goes on, after interruptions too, until all is there.
    fn complete(&self, partial: &mut PartialFile, options: &DownloadOptions) -> Result<()> {
        let mut retries = options.retries;
        loop {
            match self.go_on(partial) {
                Err(Error::Interrupted { .. }) if retries > 0 => {
                    retries -= 1;
                    std::thread::sleep(options.pause);
                }
                result => return result,
            }
        }
    }

    /// Asks for what is missing and appends it.
    fn go_on(&self, partial: &mut PartialFile) -> Result<()> {
        // Without a checksum nothing but the server's word tells that the rest fits the beginning.
        let may_resume = partial.validator().is_some() || self.file.sha256.is_some();
        if partial.num_bytes() > 0 && !may_resume {
            partial.restart(None)?;
        }
        let mut request = self.agent.get(self.url);
        if partial.num_bytes() > 0 {
            request = request.header("range", format!("bytes={}-", partial.num_bytes()));
            if let Some(validator) = partial.validator() {
                request = request.header("if-range", validator);
            }
        }
        let response = request
            .call()
            .map_err(|error| self.interrupted(partial, &error))?;
        let reply = Reply::read(&response);
        let total_bytes = match &reply {
            Reply::Whole { total_bytes } => {
                self.check_kind(&response)?;
                partial.restart(reply::validator(&response))?;
                *total_bytes
            }
            Reply::Rest { first, total_bytes } if *first == partial.num_bytes() => *total_bytes,
            Reply::NothingLeft { total_bytes } if *total_bytes == Some(partial.num_bytes()) => {
                return Ok(());
            }
            Reply::Rest { .. } | Reply::NothingLeft { .. } => {
                partial.restart(None)?;
                return Err(self.interrupted(partial, &"the server sent another range"));
            }
            Reply::Other { status } => return Err(self.refused(format!("it answered {status}"))),
        };
        if let Some(total) = total_bytes {
            check_size(partial.path(), self.file, total)?;
        }
        self.copy(response, partial, total_bytes)
    }

    fn copy(
        &self,
        response: ureq::http::Response<ureq::Body>,
        partial: &mut PartialFile,
        total_bytes: Option<u64>,
    ) -> Result<()> {
        let mut reader = response.into_body().into_reader();
        let mut chunk = vec![0; CHUNK_BYTES];
        loop {
            (self.progress)(DownloadProgress {
                num_bytes: partial.num_bytes(),
                total_bytes,
            });
            match reader.read(&mut chunk) {
                Ok(0) => break,
                Ok(count) => partial.append(&chunk[..count])?,
                Err(error) if error.kind() == ErrorKind::Interrupted => {}
                Err(error) => return Err(self.interrupted(partial, &error)),
            }
        }
        match total_bytes {
            Some(total) if partial.num_bytes() < total => {
                Err(self.interrupted(partial, &"the connection was closed"))
            }
            _ => Ok(()),
        }
    }

    /// A page in place of an archive is one that asks for a login or a confirmation.
    fn check_kind(&self, response: &ureq::http::Response<ureq::Body>) -> Result<()> {
        match response.body().mime_type() {
            Some("text/html") => Err(self.refused("it sent a page and not the file".into())),
            _ => Ok(()),
        }
    }

    fn refused(&self, reason: String) -> Error {
        Error::Refused {
            url: self.url.into(),
            reason,
        }
    }

    fn interrupted(&self, partial: &PartialFile, reason: &dyn ToString) -> Error {
        Error::Interrupted {
            url: self.url.into(),
            num_bytes: partial.num_bytes(),
            reason: reason.to_string(),
        }
    }
}
