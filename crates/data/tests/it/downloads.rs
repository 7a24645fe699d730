use std::cell::RefCell;
use std::path::{Path, PathBuf};
use std::time::Duration;

use semantic_inpaint_data::{
    DownloadOptions, DownloadOutcome, Downloaded, Error, ManifestFile, Result, download,
};

use crate::server::{Behavior, Server};

const LEN: usize = 200_000;

fn content(seed: u8) -> Vec<u8> {
    (0..LEN).map(|i| (i % 251) as u8 ^ seed).collect()
}

fn sha256(bytes: &[u8]) -> String {
    let folder = tempfile::tempdir().unwrap();
    std::fs::write(folder.path().join("x"), bytes).unwrap();
    semantic_inpaint_data::sha256_of_file(folder.path().join("x")).unwrap()
}

/// A server with one file, a folder for it, and the file's row of a manifest.
struct Material {
    server: Server,
    folder: tempfile::TempDir,
    file: ManifestFile,
}

impl Material {
    fn new(mut behavior: Behavior) -> Self {
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

    fn target(&self) -> PathBuf {
        self.folder.path().join("a.bin")
    }

    fn part(&self) -> PathBuf {
        self.folder.path().join("a.bin.part")
    }

    fn download(&self, retries: usize) -> Result<Downloaded> {
        let options = DownloadOptions {
            retries,
            pause: Duration::ZERO,
            patience: Duration::from_secs(1),
            proxy: None,
        };
        download(&self.file, self.folder.path(), &options, &|_| {})
    }

    /// Starts a transfer that breaks off after these bytes, and lets the server be whole again.
    fn break_off_after(&self, num_bytes: usize) {
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
    fn assert_whole(&self, seed: u8) {
        assert_eq!(std::fs::read(self.target()).unwrap(), content(seed));
        assert_eq!(names(self.folder.path()), ["a.bin"]);
    }
}

fn names(folder: &Path) -> Vec<String> {
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
fn a_wrong_checksum_leaves_nothing_behind() {
    let material = Material::new(Behavior::default());
    material.server.change(|server| server.content = content(7));
    let error = material.download(3).unwrap_err();
    assert!(
        matches!(
            error,
            Error::WrongFile {
                what: "SHA-256",
                ..
            }
        ),
        "{error}"
    );
    let message = error.to_string();
    assert!(message.contains(&sha256(&content(7))), "{message}");
    assert_eq!(names(material.folder.path()), [""; 0]);
    assert_eq!(material.server.num_requests(), 1);
}

#[test]
fn a_beginning_of_another_file_is_found_out_by_the_checksum() {
    let material = Material::new(Behavior::default());
    material.break_off_after(70_000);
    std::fs::write(material.part(), &content(7)[..70_000]).unwrap();
    let error = material.download(0).unwrap_err();
    assert!(matches!(error, Error::WrongFile { .. }), "{error}");
    material.download(0).unwrap();
    material.assert_whole(0);
}

#[test]
fn a_wrong_size_is_told_before_the_transfer() {
    let mut material = Material::new(Behavior::default());
    material.file.num_bytes = Some(5);
    let error = material.download(0).unwrap_err();
    assert!(
        matches!(
            error,
            Error::WrongFile {
                what: "size in bytes",
                ..
            }
        ),
        "{error}"
    );
    assert!(error.to_string().contains("200000, not 5"), "{error}");
    assert_eq!(names(material.folder.path()), [""; 0]);
}

#[test]
fn a_wrong_file_that_was_there_before_is_named_and_kept() {
    let material = Material::new(Behavior::default());
    std::fs::write(material.target(), content(7)).unwrap();
    let error = material.download(0).unwrap_err();
    assert!(matches!(error, Error::WrongFile { .. }), "{error}");
    assert!(error.to_string().contains("a.bin"), "{error}");
    material.assert_whole(7);
    assert_eq!(material.server.num_requests(), 0);
}

#[test]
fn refusals_are_named_and_leave_nothing_behind() {
    for (status, text) in [
        ("404 Not Found", "404"),
        ("403 Forbidden", "403"),
        ("500 Internal Server Error", "500"),
    ] {
        let material = Material::new(Behavior {
            status: Some(status),
            ..Behavior::default()
        });
        let error = material.download(3).unwrap_err();
        assert!(matches!(error, Error::Refused { .. }), "{error}");
        let message = error.to_string();
        assert!(
            message.contains(text) && message.contains("127.0.0.1"),
            "{message}"
        );
        assert_eq!(material.server.num_requests(), 1);
        assert_eq!(names(material.folder.path()), [""; 0]);
    }
}

#[test]
fn a_refusal_keeps_what_an_earlier_transfer_brought() {
    let material = Material::new(Behavior::default());
    material.break_off_after(70_000);
    material
        .server
        .change(|server| server.status = Some("503 Service Unavailable"));
    assert!(matches!(material.download(0), Err(Error::Refused { .. })));
    material.server.change(|server| server.status = None);
    material.download(0).unwrap();
    let range = material.server.last_header("range");
    assert_eq!(range.as_deref(), Some("bytes=70000-"));
    material.assert_whole(0);
}

#[test]
fn a_page_in_place_of_the_file_is_refused() {
    let mut material = Material::new(Behavior {
        content_type: Some("text/html; charset=utf-8"),
        ..Behavior::default()
    });
    (material.file.sha256, material.file.num_bytes) = (None, None);
    let error = material.download(0).unwrap_err();
    assert!(error.to_string().contains("a page"), "{error}");
    assert_eq!(names(material.folder.path()), [""; 0]);
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
fn a_server_that_does_not_tell_the_length_is_checked_at_the_end() {
    let material = Material::new(Behavior {
        hides_length: true,
        ..Behavior::default()
    });
    material.download(0).unwrap();
    material.assert_whole(0);
    let cut = Material::new(Behavior {
        hides_length: true,
        closes_after: Some(70_000),
        ..Behavior::default()
    });
    let error = cut.download(0).unwrap_err();
    assert!(matches!(error, Error::WrongFile { .. }), "{error}");
    assert!(!cut.target().exists());
}

#[test]
fn a_silent_server_is_given_up() {
    let material = Material::new(Behavior {
        is_silent: true,
        ..Behavior::default()
    });
    let error = material.download(0).unwrap_err();
    assert!(
        matches!(error, Error::Interrupted { num_bytes: 0, .. }),
        "{error}"
    );
}

#[test]
fn nobody_at_the_address_is_an_interruption() {
    let mut material = Material::new(Behavior::default());
    let listener = std::net::TcpListener::bind("127.0.0.1:0").unwrap();
    let port = listener.local_addr().unwrap().port();
    drop(listener);
    material.file.url = Some(format!("http://127.0.0.1:{port}/a.bin"));
    let error = material.download(1).unwrap_err();
    assert!(matches!(error, Error::Interrupted { .. }), "{error}");
    assert_eq!(names(material.folder.path()), [""; 0]);
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

#[test]
fn a_file_without_address_names_the_page() {
    let mut material = Material::new(Behavior::default());
    material.file.url = None;
    let error = material.download(0).unwrap_err();
    assert!(matches!(error, Error::NoDownload { .. }), "{error}");
    assert!(error.to_string().contains("page"), "{error}");
    std::fs::write(material.target(), content(0)).unwrap();
    let found = material.download(0).unwrap();
    assert_eq!(found.outcome, DownloadOutcome::Found);
}

#[test]
fn folders_that_cannot_be_made_are_named() {
    let material = Material::new(Behavior::default());
    let taken = material.folder.path().join("taken");
    std::fs::write(&taken, b"x").unwrap();
    let options = DownloadOptions::default();
    let error = download(&material.file, &taken.join("in"), &options, &|_| {}).unwrap_err();
    assert!(matches!(error, Error::Unwritable { .. }), "{error}");
}
