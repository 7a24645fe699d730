use std::cell::RefCell;
use std::path::{Path, PathBuf};
use std::time::Duration;

use semantic_inpaint_data::{
    DownloadOptions, DownloadOutcome, Downloaded, Error, ManifestFile, Result, download,
};

use crate::server::{Behavior, Server};

pub(crate) const LEN: usize = 200_000;

pub(crate) fn content(seed: u8) -> Vec<u8> {
    (0..LEN).map(|i| (i % 251) as u8 ^ seed).collect()
}

pub(crate) fn sha256(bytes: &[u8]) -> String {
    let folder = tempfile::tempdir().unwrap();
    std::fs::write(folder.path().join("x"), bytes).unwrap();
    semantic_inpaint_data::sha256_of_file(folder.path().join("x")).unwrap()
}

/// A server with one file, a folder for it, and the file's row of a manifest.
pub(crate) struct Material {
    pub(crate) server: Server,
    pub(crate) folder: tempfile::TempDir,
    pub(crate) file: ManifestFile,
}

impl Material {
    pub(crate) fn new(mut behavior: Behavior) -> Self {
        let content = content(0);
        behavior.content = content.clone();
        let server = Server::start(behavior);
        Self {
            file: ManifestFile {
                file: "a.bin".into(),
                num_images: 0,
                url: Some(server.url.clone()),
                num_bytes: Some(LEN as u64),
                sha256: Some(sha256(&content)),
            },
            server,
            folder: tempfile::tempdir().unwrap(),
        }
    }

    pub(crate) fn target(&self) -> PathBuf {
        self.folder.path().join("a.bin")
    }

    pub(crate) fn part(&self) -> PathBuf {
        self.folder.path().join("a.bin.part")
    }

    pub(crate) fn download(&self, retries: usize) -> Result<Downloaded> {
        let options = DownloadOptions {
            retries,
            pause: Duration::ZERO,
            patience: Duration::from_secs(1),
            proxy: None,
        };
        download(&self.file, self.folder.path(), &options, &|_| {})
    }

    /// Starts a transfer that breaks off after these bytes, and lets the server be whole again.
    pub(crate) fn break_off_after(&self, num_bytes: usize) {
        self.server
            .change(|server| server.closes_after = Some(num_bytes));
        let error = self.download(0).unwrap_err();
        let expected = num_bytes as u64;
        assert!(
            matches!(error, Error::Interrupted { num_bytes, .. } if num_bytes == expected),
            "{error}"
        );
        assert!(!self.target().exists());
        assert_eq!(std::fs::metadata(self.part()).unwrap().len(), expected);
        self.server.change(|server| server.closes_after = None);
    }

    #[track_caller]
    pub(crate) fn assert_whole(&self, seed: u8) {
        assert_eq!(std::fs::read(self.target()).unwrap(), content(seed));
        assert_eq!(names(self.folder.path()), ["a.bin"]);
    }
}

pub(crate) fn names(folder: &Path) -> Vec<String> {
    let entries = std::fs::read_dir(folder).unwrap();
    let mut names: Vec<String> = entries
        .map(|entry| entry.unwrap().file_name().into_string().unwrap())
        .collect();
    names.sort();
    names
}

#[test]
fn a_file_is_transferred_once_and_then_found() {
    let material = Material::new(Behavior::default());
    let downloaded = material.download(0).unwrap();
    assert_eq!(downloaded.outcome, DownloadOutcome::Transferred);
    assert_eq!(downloaded.path, material.target());
    assert_eq!(Some(&downloaded.sha256), material.file.sha256.as_ref());
    material.assert_whole(0);
    let again = material.download(0).unwrap();
    assert_eq!(again.outcome, DownloadOutcome::Found);
    assert_eq!(material.server.num_requests(), 1);
}

#[test]
fn an_interrupted_transfer_goes_on_where_it_stopped() {
    for etag in [None, Some("\"v1\"")] {
        let material = Material::new(Behavior {
            etag,
            ..Behavior::default()
        });
        material.break_off_after(70_000);
        material.download(0).unwrap();
        let range = material.server.last_header("range");
        assert_eq!(range.as_deref(), Some("bytes=70000-"));
        assert_eq!(material.server.last_header("if-range").as_deref(), etag);
        material.assert_whole(0);
    }
}

#[test]
fn interruptions_are_taken_up_within_one_call() {
    let material = Material::new(Behavior {
        etag: Some("\"v1\""),
        closes_after: Some(60_000),
        ..Behavior::default()
    });
    let error = material.download(2).unwrap_err();
    assert!(
        matches!(
            error,
            Error::Interrupted {
                num_bytes: 180_000,
                ..
            }
        ),
        "{error}"
    );
    assert!(error.to_string().contains("to go on"), "{error}");
    material.download(0).unwrap();
    assert_eq!(material.server.num_requests(), 4);
    material.assert_whole(0);
}

#[test]
fn a_server_without_ranges_sends_everything_again() {
    let material = Material::new(Behavior {
        ignores_ranges: true,
        ..Behavior::default()
    });
    material.break_off_after(70_000);
    material.download(0).unwrap();
    assert!(material.server.last_header("range").is_some());
    material.assert_whole(0);
}

#[test]
fn a_file_that_has_changed_is_begun_anew() {
    let mut material = Material::new(Behavior {
        etag: Some("\"v1\""),
        ..Behavior::default()
    });
    material.break_off_after(70_000);
    material.server.change(|server| {
        server.content = content(7);
        server.etag = Some("\"v2\"");
    });
    material.file.sha256 = None;
    let downloaded = material.download(0).unwrap();
    assert_eq!(downloaded.sha256, sha256(&content(7)));
    material.assert_whole(7);
}

#[test]
fn without_checksum_and_version_nothing_is_pieced_together() {
    let mut material = Material::new(Behavior::default());
    material.file.sha256 = None;
    material.break_off_after(70_000);
    material.server.change(|server| server.content = content(7));
    material.download(0).unwrap();
    assert_eq!(material.server.last_header("range"), None);
    material.assert_whole(7);
}

#[test]
fn redirections_are_followed_with_the_range() {
    let material = Material::new(Behavior {
        redirects: true,
        etag: Some("\"v1\""),
        ..Behavior::default()
    });
    material.break_off_after(70_000);
    material.download(0).unwrap();
    let range = material.server.last_header("range");
    assert_eq!(range.as_deref(), Some("bytes=70000-"));
    material.assert_whole(0);
}

#[test]
fn a_part_that_is_whole_only_takes_its_name() {
    let material = Material::new(Behavior {
        etag: Some("\"v1\""),
        ..Behavior::default()
    });
    material.break_off_after(70_000);
    std::fs::write(material.part(), content(0)).unwrap();
    material.download(0).unwrap();
    material.assert_whole(0);
}

#[test]
fn a_part_that_is_too_long_is_begun_anew() {
    let material = Material::new(Behavior {
        etag: Some("\"v1\""),
        ..Behavior::default()
    });
    material.break_off_after(70_000);
    std::fs::write(material.part(), vec![0; LEN + 9]).unwrap();
    material.download(1).unwrap();
    material.assert_whole(0);
}

#[test]
fn a_part_of_another_address_is_not_used() {
    let mut material = Material::new(Behavior::default());
    material.break_off_after(70_000);
    material.file.url = Some(format!("{}?v=2", material.server.url));
    material.download(0).unwrap();
    assert_eq!(material.server.last_header("range"), None);
    material.assert_whole(0);
}

#[test]
fn progress_counts_from_where_it_stopped_to_the_end() {
    let material = Material::new(Behavior {
        etag: Some("\"v1\""),
        ..Behavior::default()
    });
    material.break_off_after(70_000);
    let seen = RefCell::new(Vec::new());
    let note = |progress| seen.borrow_mut().push(progress);
    let options = DownloadOptions::default();
    download(&material.file, material.folder.path(), &options, &note).unwrap();
    let seen = seen.into_inner();
    assert_eq!(seen[0].num_bytes, 70_000);
    assert_eq!(seen.last().unwrap().num_bytes, LEN as u64);
    assert!(seen.iter().all(|one| one.total_bytes == Some(LEN as u64)));
}

#[test]
fn two_downloads_of_one_file_do_not_mix() {
    let material = Material::new(Behavior::default());
    let second = RefCell::new(None);
    let during = |_| {
        second
            .borrow_mut()
            .get_or_insert_with(|| material.download(0));
    };
    let options = DownloadOptions::default();
    download(&material.file, material.folder.path(), &options, &during).unwrap();
    let second = second.into_inner().unwrap();
    assert!(matches!(second, Err(Error::Busy { .. })), "{second:?}");
    material.assert_whole(0);
}
