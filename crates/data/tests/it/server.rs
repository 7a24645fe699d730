use std::io::{BufRead as _, BufReader, Write as _};
use std::net::{TcpListener, TcpStream};
use std::sync::{Arc, Mutex};

/// The end of an answer without a body.
const END: &str = "content-length: 0\r\nconnection: close\r\n\r\n";

/// What a server does with requests for its one file.
#[derive(Debug, Clone, Default)]
pub(crate) struct Behavior {
    pub(crate) content: Vec<u8>,
    pub(crate) etag: Option<&'static str>,
    /// Answers to a range with the whole file.
    pub(crate) ignores_ranges: bool,
    /// Says nothing of the file's length and ends it by closing the connection.
    pub(crate) hides_length: bool,
    /// Closes the connection after so many bytes of each body.
    pub(crate) closes_after: Option<usize>,
    /// Answers with this status line and no file.
    pub(crate) status: Option<&'static str>,
    pub(crate) content_type: Option<&'static str>,
    /// Sends whoever asks for `/file` on to `/moved`.
    pub(crate) redirects: bool,
    /// Sends the head of an answer and then nothing.
    pub(crate) is_silent: bool,
}

/// A server on this machine that speaks just enough HTTP; it stops with the test.
pub(crate) struct Server {
    pub(crate) url: String,
    pub(crate) behavior: Arc<Mutex<Behavior>>,
    requests: Arc<Mutex<Vec<Vec<String>>>>,
}

impl Server {
    pub(crate) fn start(behavior: Behavior) -> Self {
        let listener = TcpListener::bind("127.0.0.1:0").unwrap();
        let server = Self {
            url: format!("http://{}/file", listener.local_addr().unwrap()),
            behavior: Arc::new(Mutex::new(behavior)),
            requests: Arc::default(),
        };
        let (behavior, requests) = (server.behavior.clone(), server.requests.clone());
        std::thread::spawn(move || {
            for stream in listener.incoming().map_while(Result::ok) {
                let behavior = behavior.lock().unwrap().clone();
                let requests = requests.clone();
                std::thread::spawn(move || {
                    // A client that goes away is part of the tests.
                    let _ = serve(stream, &behavior, &requests);
                });
            }
        });
        server
    }

    pub(crate) fn change(&self, change: impl FnOnce(&mut Behavior)) {
        change(&mut self.behavior.lock().unwrap());
    }

    pub(crate) fn num_requests(&self) -> usize {
        self.requests.lock().unwrap().len()
    }

    /// The value of a header in the last request.
    pub(crate) fn last_header(&self, name: &str) -> Option<String> {
        let requests = self.requests.lock().unwrap();
        header(requests.last()?, name).map(str::to_owned)
    }
}

fn header<'a>(lines: &'a [String], name: &str) -> Option<&'a str> {
    let mut headers = lines.iter().filter_map(|line| line.split_once(": "));
    let found = headers.find(|(found, _)| found.eq_ignore_ascii_case(name));
    found.map(|(_, value)| value)
}

fn serve(
    mut stream: TcpStream,
    behavior: &Behavior,
    requests: &Mutex<Vec<Vec<String>>>,
) -> std::io::Result<()> {
    let lines = BufReader::new(stream.try_clone()?).lines();
    let lines: Vec<String> = lines
        .map_while(Result::ok)
        .take_while(|line| !line.is_empty())
        .collect();
    requests.lock().unwrap().push(lines.clone());
    if let Some(status) = behavior.status {
        return write!(stream, "HTTP/1.1 {status}\r\n{END}");
    }
    if behavior.redirects && lines[0].starts_with("GET /file ") {
        return write!(stream, "HTTP/1.1 302 Found\r\nlocation: /moved\r\n{END}");
    }
    let is_same = header(&lines, "if-range").is_none_or(|tag| Some(tag) == behavior.etag);
    let asked = header(&lines, "range").filter(|_| !behavior.ignores_ranges && is_same);
    let first = asked.map(|range| {
        let digits = range.trim_start_matches("bytes=").trim_end_matches('-');
        digits.parse::<usize>().unwrap()
    });
    let total = behavior.content.len();
    if first.is_some_and(|first| first >= total) {
        let status = "HTTP/1.1 416 Range Not Satisfiable\r\n";
        return write!(stream, "{status}content-range: bytes */{total}\r\n{END}");
    }
    send(stream, behavior, first)
}

/// Sends the file, or the rest of it from byte `first`.
fn send(mut stream: TcpStream, behavior: &Behavior, first: Option<usize>) -> std::io::Result<()> {
    let total = behavior.content.len();
    let body = &behavior.content[first.unwrap_or(0)..];
    match first {
        Some(first) => write!(
            stream,
            "HTTP/1.1 206 Partial Content\r\ncontent-range: bytes {first}-{}/{total}\r\n",
            total - 1
        )?,
        None => write!(stream, "HTTP/1.1 200 OK\r\n")?,
    }
    if !behavior.hides_length {
        write!(stream, "content-length: {}\r\n", body.len())?;
    }
    if let Some(etag) = behavior.etag {
        write!(stream, "etag: {etag}\r\n")?;
    }
    if let Some(content_type) = behavior.content_type {
        write!(stream, "content-type: {content_type}\r\n")?;
    }
    write!(stream, "connection: close\r\n\r\n")?;
    if behavior.is_silent {
        std::thread::sleep(std::time::Duration::from_secs(60));
    }
    let len = behavior.closes_after.unwrap_or(usize::MAX).min(body.len());
    stream.write_all(&body[..len])
}
