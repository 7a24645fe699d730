use std::io::Write;
use std::ops::Range;
use std::path::{Path, PathBuf};
use std::process::Command;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use super::arguments::WORDS;
use super::launch::Launch;
use super::runtime::{Machine, Memory, Recording, Replay};
use crate::{Error, Result};

/// Where the memory lies in the emulator, far from what a program occupies.
const BASE: u64 = 0x6000_0000_0000;
/// Bytes before, between and after the parts of the memory, which no kernel may change.
const GUARD: usize = 256;
/// A byte of memory that was not written: NaN in every format.
const UNWRITTEN: u8 = 0xff;
/// Bytes of a kernel's name.
const NAME: usize = 32;

/// Kernels compiled for the host, in a process of their own.
#[derive(Debug)]
pub(super) struct Emulated(Arc<Shared>);

#[derive(Debug)]
struct Shared {
    program: PathBuf,
    free_bytes: usize,
    state: Mutex<State>,
}

#[derive(Debug, Default)]
struct State {
    memory: Vec<u8>,
    /// First byte and length of every part.
    parts: Vec<(usize, usize)>,
    pending: Vec<Launch>,
}

impl Emulated {
    pub(super) fn new(program: &Path, free_bytes: usize) -> Self {
        Self(Arc::new(Shared {
            program: program.to_owned(),
            free_bytes,
            state: Mutex::default(),
        }))
    }
}

impl Shared {
    fn state(&self) -> MutexGuard<'_, State> {
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }

    fn failed(&self, reason: impl Into<String>) -> Error {
        Error::DeviceUnavailable {
            device: format!("emulator {}", self.program.display()),
            reason: reason.into(),
        }
    }

    /// Runs what waits.
    fn flush(&self, state: &mut State) -> Result<()> {
        let launches = std::mem::take(&mut state.pending);
        if launches.is_empty() {
            return Ok(());
        }
        let failed = |error: std::io::Error| self.failed(error.to_string());
        let mut input = tempfile::NamedTempFile::new().map_err(failed)?;
        let output = tempfile::NamedTempFile::new().map_err(failed)?;
        input
            .write_all(&request(&launches, &state.memory))
            .map_err(failed)?;
        let run = Command::new(&self.program)
            .args([input.path(), output.path()])
            .output();
        let run = run.map_err(failed)?;
        if !run.status.success() {
            return Err(self.failed(String::from_utf8_lossy(&run.stderr)));
        }
        state.memory = std::fs::read(output.path()).map_err(failed)?;
        if state.guards_are_whole() {
            Ok(())
        } else {
            Err(self.failed("a kernel wrote outside its memory"))
        }
    }
}

/// The first byte of a memory.
#[derive(Debug)]
struct Place(usize);

fn place(memory: &Memory) -> Result<Range<usize>> {
    let &Place(first) = memory.owner()?;
    Ok(first..first + memory.bytes())
}

impl State {
    fn guards_are_whole(&self) -> bool {
        let mut from = 0;
        let ends = self.parts.iter().copied().chain([(self.memory.len(), 0)]);
        ends.into_iter().all(|(first, len)| {
            let guard = &self.memory[from..first];
            from = first + len;
            guard.iter().all(|&byte| byte == UNWRITTEN)
        })
    }
}

impl Machine for Emulated {
    fn free_bytes(&self) -> Result<usize> {
        Ok(self.0.free_bytes)
    }

    fn allocate(&self, bytes: usize) -> Result<Memory> {
        let mut state = self.0.state();
        let first = (state.memory.len() + GUARD).next_multiple_of(GUARD);
        state.memory.resize(first + bytes + GUARD, UNWRITTEN);
        state.parts.push((first, bytes));
        Ok(Memory::new(
            BASE + first as u64,
            bytes,
            Box::new(Place(first)),
        ))
    }

    fn write(&self, memory: &Memory, bytes: &[u8]) -> Result<()> {
        let mut state = self.0.state();
        self.0.flush(&mut state)?;
        let first = place(memory)?.start;
        state.memory[first..first + bytes.len()].copy_from_slice(bytes);
        Ok(())
    }

    fn read(&self, memory: &Memory) -> Result<Vec<u8>> {
        let mut state = self.0.state();
        self.0.flush(&mut state)?;
        Ok(state.memory[place(memory)?].to_vec())
    }

    fn record(&self, launches: &[Launch]) -> Result<Recording> {
        let replay = Repeated {
            shared: Arc::clone(&self.0),
            launches: launches.to_vec(),
        };
        Ok(Recording::new(Box::new(replay), launches.len()))
    }

    fn run(&self, launches: &[Launch]) -> Result<()> {
        self.0.state().pending.extend_from_slice(launches);
        Ok(())
    }
}

struct Repeated {
    shared: Arc<Shared>,
    launches: Vec<Launch>,
}

impl Replay for Repeated {
    fn replay(&self) -> Result<()> {
        let mut state = self.shared.state();
        state.pending.extend_from_slice(&self.launches);
        Ok(())
    }
}

/// The emulator's input; its first lines say what it holds.
fn request(launches: &[Launch], memory: &[u8]) -> Vec<u8> {
    let mut bytes = Vec::with_capacity(memory.len() + launches.len() * (WORDS + 7) * 8 + 24);
    let mut word = |value: u64| bytes.extend(value.to_le_bytes());
    word(BASE);
    word(memory.len() as u64);
    word(launches.len() as u64);
    for launch in launches {
        let mut name = [0; NAME];
        name[..launch.kernel().len()].copy_from_slice(launch.kernel().as_bytes());
        let (parts, _) = name.as_chunks::<8>();
        parts
            .iter()
            .for_each(|&part| word(u64::from_le_bytes(part)));
        launch.grid().iter().for_each(|&side| word(side.into()));
        launch.words().iter().for_each(|&argument| word(argument));
    }
    bytes.extend(memory);
    bytes
}
