use semantic_inpaint_data::{DownloadOptions, DownloadOutcome, Error, download};

use crate::downloads::{Material, content, names, sha256};
use crate::server::Behavior;

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
