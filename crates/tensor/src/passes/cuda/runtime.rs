use std::any::Any;
use std::fmt;
use std::path::Path;
use std::sync::Arc;

use candle_core::{Device, DeviceLocation};

use super::emulated::Emulated;
use super::launch::Launch;
use crate::{Error, Result};

/// A device that runs the kernels, its memory and the order of what it does.
///
/// It has a stream of its own and shares nothing with candle's tensors on that device. Copies share it.
#[derive(Debug, Clone)]
pub struct Runtime {
    machine: Arc<dyn Machine>,
}

/// What a runtime is made of.
pub(super) trait Machine: fmt::Debug + Send + Sync {
    fn free_bytes(&self) -> Result<usize>;
    /// Memory of any content.
    fn allocate(&self, bytes: usize) -> Result<Memory>;
    fn write(&self, memory: &Memory, bytes: &[u8]) -> Result<()>;
    fn read(&self, memory: &Memory) -> Result<Vec<u8>>;
    fn record(&self, launches: &[Launch]) -> Result<Recording>;
    fn run(&self, launches: &[Launch]) -> Result<()>;
}

/// Launches made ready once.
pub(super) trait Replay: Send {
    fn replay(&self) -> Result<()>;
}

/// A part of a device's memory, which is given back with its last copy.
#[derive(Clone)]
pub struct Memory(Arc<Part>);

struct Part {
    address: u64,
    bytes: usize,
    owner: Box<dyn Any + Send + Sync>,
}

/// Launches that are replayed at once, in their order.
pub struct Recording {
    replay: Box<dyn Replay>,
    num_launches: usize,
}

impl Runtime {
    /// The runtime of a CUDA device; nothing for other devices.
    ///
    /// # Errors
    ///
    /// [`Error::DeviceUnavailable`] without the feature `cuda`, a candle error when the driver fails.
    pub fn of(device: &Device) -> Result<Option<Self>> {
        match device.location() {
            DeviceLocation::Cuda { gpu_id } => Self::open(gpu_id).map(Some),
            _ => Ok(None),
        }
    }

    #[cfg(feature = "cuda")]
    fn open(index: usize) -> Result<Self> {
        Ok(Self::on(super::native::Native::open(index)?))
    }

    #[cfg(feature = "cuda")]
    pub(super) fn on(machine: impl Machine + 'static) -> Self {
        let machine = Arc::new(machine);
        Self { machine }
    }

    #[cfg(not(feature = "cuda"))]
    fn open(index: usize) -> Result<Self> {
        Err(Error::DeviceUnavailable {
            device: format!("cuda:{index}"),
            reason: "built without the feature `cuda`".into(),
        })
    }

    /// A runtime without a GPU, for tests: `program` is `kernels/emulator.cpp` compiled for the host, and
    /// runs the kernels one thread after another whenever results are read. It says to have so many free
    /// bytes. Unlike a GPU's, its memory holds NaN before it is written, and what surrounds it is checked.
    #[must_use]
    pub fn emulated(program: &Path, free_bytes: usize) -> Self {
        let machine = Arc::new(Emulated::new(program, free_bytes));
        Self { machine }
    }

    /// Memory that is free now, in bytes.
    ///
    /// # Errors
    ///
    /// A candle error when the driver fails.
    pub fn free_bytes(&self) -> Result<usize> {
        self.machine.free_bytes()
    }

    /// Memory of any content.
    ///
    /// # Errors
    ///
    /// A candle error when there is not so much.
    pub fn allocate(&self, bytes: usize) -> Result<Memory> {
        self.machine.allocate(bytes.max(1))
    }

    /// Memory that holds these bytes.
    ///
    /// # Errors
    ///
    /// A candle error when there is not so much.
    pub fn upload(&self, bytes: &[u8]) -> Result<Memory> {
        let memory = self.allocate(bytes.len())?;
        self.write(&memory, bytes)?;
        Ok(memory)
    }

    /// Memory that holds these numbers.
    ///
    /// # Errors
    ///
    /// A candle error when there is not so much.
    pub fn upload_floats(&self, values: &[f32]) -> Result<Memory> {
        self.upload(&float_bytes(values))
    }

    /// Replaces the first bytes of a memory.
    ///
    /// # Errors
    ///
    /// [`Error::OutOfRange`] when there are more than it holds, a candle error when the driver fails.
    pub fn write(&self, memory: &Memory, bytes: &[u8]) -> Result<()> {
        memory.require("bytes that are written", bytes.len())?;
        self.machine.write(memory, bytes)
    }

    /// Replaces the first numbers of a memory.
    ///
    /// # Errors
    ///
    /// As [`Runtime::write`].
    pub fn write_floats(&self, memory: &Memory, values: &[f32]) -> Result<()> {
        self.write(memory, &float_bytes(values))
    }

    /// The bytes of a memory, once everything before is done.
    ///
    /// # Errors
    ///
    /// A candle error when the driver or a kernel failed.
    pub fn read(&self, memory: &Memory) -> Result<Vec<u8>> {
        self.machine.read(memory)
    }

    /// The numbers of a memory, once everything before is done.
    ///
    /// # Errors
    ///
    /// As [`Runtime::read`].
    pub fn read_floats(&self, memory: &Memory) -> Result<Vec<f32>> {
        let bytes = self.read(memory)?;
        let (words, _) = bytes.as_chunks::<4>();
        Ok(words.iter().copied().map(f32::from_le_bytes).collect())
    }

    /// Makes launches ready to be replayed: one CUDA graph.
    ///
    /// # Errors
    ///
    /// A candle error when the driver fails.
    pub fn record(&self, launches: &[Launch]) -> Result<Recording> {
        self.machine.record(launches)
    }

    /// Starts launches one by one, after everything before, and does not wait for them.
    ///
    /// # Errors
    ///
    /// A candle error when the driver fails.
    pub fn run(&self, launches: &[Launch]) -> Result<()> {
        self.machine.run(launches)
    }
}

impl Memory {
    pub(super) fn new(address: u64, bytes: usize, owner: Box<dyn Any + Send + Sync>) -> Self {
        Self(Arc::new(Part {
            address,
            bytes,
            owner,
        }))
    }

    /// Bytes that it holds.
    #[must_use]
    pub fn bytes(&self) -> usize {
        self.0.bytes
    }

    pub(super) fn address(&self) -> u64 {
        self.0.address
    }

    /// What the machine that made it keeps with it.
    ///
    /// # Errors
    ///
    /// [`Error::DeviceUnavailable`] when it is another kind of machine's.
    pub(super) fn owner<T: Any>(&self) -> Result<&T> {
        let owner = self.0.owner.downcast_ref::<T>();
        owner.ok_or_else(|| Error::DeviceUnavailable {
            device: "memory".into(),
            reason: "it is another runtime's".into(),
        })
    }

    /// Succeeds when there are at least so many bytes.
    pub(super) fn require(&self, what: &'static str, bytes: usize) -> Result<()> {
        if bytes <= self.bytes() {
            return Ok(());
        }
        Err(Error::OutOfRange {
            what,
            expected: format!("at most {}: allocate more", self.bytes()),
            got: bytes.to_string(),
        })
    }
}

impl Recording {
    pub(super) fn new(replay: Box<dyn Replay>, num_launches: usize) -> Self {
        Self {
            replay,
            num_launches,
        }
    }

    /// Starts all launches, after everything before, and does not wait for them.
    ///
    /// # Errors
    ///
    /// A candle error when the driver fails.
    pub fn replay(&self) -> Result<()> {
        self.replay.replay()
    }

    /// Launches in it.
    #[must_use]
    pub fn num_launches(&self) -> usize {
        self.num_launches
    }
}

impl fmt::Debug for Memory {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        let mut shown = formatter.debug_struct("Memory");
        shown.field("bytes", &self.0.bytes).finish_non_exhaustive()
    }
}

impl fmt::Debug for Recording {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        let mut shown = formatter.debug_struct("Recording");
        shown.field("num_launches", &self.num_launches);
        shown.finish_non_exhaustive()
    }
}

fn float_bytes(values: &[f32]) -> Vec<u8> {
    values
        .iter()
        .flat_map(|value| value.to_le_bytes())
        .collect()
}
