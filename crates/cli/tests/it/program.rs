use std::io::{BufRead, BufReader, Write as _};
use std::path::Path;
use std::process::{Child, Command, Output, Stdio};

/// What a run of the program left behind.
#[derive(Debug)]
pub(crate) struct Ran {
    pub(crate) code: Option<i32>,
    pub(crate) stdout: String,
    pub(crate) stderr: String,
}

impl From<Output> for Ran {
    fn from(output: Output) -> Self {
        Self {
            code: output.status.code(),
            stdout: String::from_utf8(output.stdout).unwrap(),
            stderr: String::from_utf8(output.stderr).unwrap(),
        }
    }
}

impl Ran {
    /// The same run, which must have ended with this exit code.
    #[track_caller]
    pub(crate) fn expect(self, code: i32) -> Self {
        assert_eq!(self.code, Some(code), "{self:?}");
        self
    }

    /// The single line of an error, which must hold each of these texts.
    #[track_caller]
    pub(crate) fn expect_error(self, texts: &[&str]) {
        let ran = self.expect(1);
        let errors: Vec<_> = ran
            .stderr
            .lines()
            .filter(|l| l.starts_with("error: "))
            .collect();
        assert_eq!(errors.len(), 1, "{}", ran.stderr);
        for text in texts {
            assert!(errors[0].contains(text), "no `{text}` in {}", errors[0]);
        }
        assert!(!ran.stderr.contains("panicked"), "{}", ran.stderr);
    }
}

pub(crate) fn program(folder: &Path) -> Command {
    let mut command = Command::new(env!("CARGO_BIN_EXE_semantic-inpaint"));
    command.current_dir(folder).stdin(Stdio::null());
    command
}

/// Runs the program in a folder; arguments are separated by spaces.
pub(crate) fn run(folder: &Path, arguments: &str) -> Ran {
    let arguments = arguments.split_whitespace();
    program(folder).args(arguments).output().unwrap().into()
}

/// Runs the program with a text on its stdin.
pub(crate) fn run_with_input(folder: &Path, arguments: &str, input: &str) -> Ran {
    let mut child = program(folder)
        .args(arguments.split_whitespace())
        .stdin(Stdio::piped())
        .stdout(Stdio::piped())
        .stderr(Stdio::piped())
        .spawn()
        .unwrap();
    let mut stdin = child.stdin.take().unwrap();
    stdin.write_all(input.as_bytes()).unwrap();
    drop(stdin);
    child.wait_with_output().unwrap().into()
}

/// Starts the program and waits until a line of its stderr begins with `text`. The rest of stderr is
/// read and dropped.
#[cfg(unix)]
pub(crate) fn start_until(folder: &Path, arguments: &str, text: &str) -> Child {
    let mut child = program(folder)
        .args(arguments.split_whitespace())
        .stdout(Stdio::piped())
        .stderr(Stdio::piped())
        .spawn()
        .unwrap();
    let mut lines = BufReader::new(child.stderr.take().unwrap()).lines();
    let found = lines.any(|line| line.unwrap().starts_with(text));
    assert!(found, "no line `{text}...` from {arguments}");
    std::thread::spawn(move || lines.for_each(drop));
    child
}

#[cfg(unix)]
pub(crate) fn signal(child: &Child, name: &str) {
    let id = child.id().to_string();
    let sent = Command::new("kill")
        .args(["-s", name, &id])
        .status()
        .unwrap();
    assert!(sent.success());
}
