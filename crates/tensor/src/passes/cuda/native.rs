//! The CUDA driver: contexts, streams, the embedded kernels, and graphs of launches.
//!
//! This module is the crate's one place with calls into CUDA that the compiler cannot check. A launch's
//! kernel and arguments fit each other because [`Launch`]es are made by this crate alone, which checks
//! the sizes of all memory; and a launch holds its memory, so that a graph never outlives it. Memory of
//! candle's tensors is only lent to launches that are started before the tensors can go ([`Tensors`]).
#![allow(unsafe_code)]

use std::collections::HashMap;
use std::fmt;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use candle_core::backend::BackendStorage;
use candle_core::cuda::cudarc::driver::sys::{
    CUgraphInstantiate_flags, CUmemPool_attribute, CUmemoryPool, CUstreamCaptureMode,
};
use candle_core::cuda::cudarc::driver::{
    CudaContext, CudaFunction, CudaGraph, CudaModule, CudaSlice, CudaStream, DevicePtr,
    LaunchConfig, PushKernelArg, result,
};
use candle_core::cuda::cudarc::nvrtc::Ptx;
use candle_core::cuda::{DeviceId, WrapErr};
use candle_core::{CudaDevice, CudaStorage, Device, Layout, Result as CandleResult};

use super::launch::Launch;
use super::runtime::{Machine, Memory, Recording, Replay, Runtime};
use crate::{Error, Result};

/// Machine code and PTX of `kernels/kernel.cu`, from the build script.
static KERNELS: &[u8] = include_bytes!(concat!(env!("OUT_DIR"), "/frozen_networks.fatbin"));

/// The least compute capability that has the kernels' instructions.
const LEAST_CAPABILITY: (i32, i32) = (8, 0);

/// A device of candle's whose work has one order whatever thread starts it, and which keeps what memory
/// it has been given.
///
/// candle's own choice is a stream for each host thread, none of which waits for another, and the driver
/// gives all memory back whenever the host waits.
///
/// # Errors
///
/// A candle error when there is no such device or driver, or the device is too old for the kernels.
pub(crate) fn open_device(index: usize) -> CandleResult<Device> {
    let device = CudaDevice::new_with_stream(index)?;
    if let Some(reason) = too_old(device.cuda_stream().context())? {
        return Err(candle_core::Error::Msg(reason));
    }
    // SAFETY: all memory of this device is used on its one stream, in order, and is tracked for nothing.
    unsafe { device.disable_event_tracking() };
    let context = Arc::clone(device.cuda_stream().context());
    if context.has_async_alloc() {
        let mut everything = u64::MAX;
        let threshold = CUmemPool_attribute::CU_MEMPOOL_ATTR_RELEASE_THRESHOLD;
        // SAFETY: the attribute is a number of 64 bits.
        unsafe {
            let value = (&raw mut everything).cast();
            result::mem_pool::set_attribute(pool(&context)?, threshold, value).w()?;
        }
    }
    Ok(Device::Cuda(device))
}

/// Why the kernels do not run on a context's device, if they do not.
fn too_old(context: &CudaContext) -> CandleResult<Option<String>> {
    let capability = context.compute_capability().w()?;
    let (major, minor) = capability;
    let reason = || format!("compute capability {major}.{minor}, the kernels need 8.0");
    Ok((capability < LEAST_CAPABILITY).then(reason))
}

/// Where a context's memory comes from.
fn pool(context: &CudaContext) -> CandleResult<CUmemoryPool> {
    // SAFETY: the device is the context's.
    unsafe { result::device::get_mem_pool(context.cu_device()) }.w()
}

/// Bytes that a context's pool keeps for whoever asks next.
fn kept_bytes(context: &CudaContext) -> CandleResult<usize> {
    if !context.has_async_alloc() {
        return Ok(0);
    }
    let pool = pool(context)?;
    let read = |attribute| {
        let mut bytes = 0u64;
        // SAFETY: both attributes are numbers of 64 bits.
        unsafe { result::mem_pool::get_attribute(pool, attribute, (&raw mut bytes).cast()) }.w()?;
        candle_core::Result::Ok(bytes)
    };
    let reserved = read(CUmemPool_attribute::CU_MEMPOOL_ATTR_RESERVED_MEM_CURRENT)?;
    let used = read(CUmemPool_attribute::CU_MEMPOOL_ATTR_USED_MEM_CURRENT)?;
    Ok(usize::try_from(reserved.saturating_sub(used)).unwrap_or(0))
}

/// A stream with the kernels: whatever happens does so in its order.
pub(super) struct Native(Arc<Shared>);

struct Shared {
    stream: Arc<CudaStream>,
    module: Arc<CudaModule>,
    /// Kernels that have been asked for.
    functions: Mutex<HashMap<String, CudaFunction>>,
    /// Held during every call, since all that other threads did to the stream in the course of a
    /// capture would become part of it.
    turn: Mutex<()>,
}

/// Memory of the stream.
struct Slice {
    slice: Mutex<Option<CudaSlice<u8>>>,
    shared: Arc<Shared>,
}

impl Shared {
    fn turn(&self) -> MutexGuard<'_, ()> {
        self.turn.lock().unwrap_or_else(PoisonError::into_inner)
    }

    fn function(&self, name: &str) -> Result<CudaFunction> {
        let mut functions = self
            .functions
            .lock()
            .unwrap_or_else(PoisonError::into_inner);
        if let Some(function) = functions.get(name) {
            return Ok(function.clone());
        }
        let function = self.module.load_function(name).w()?;
        functions.insert(name.to_owned(), function.clone());
        Ok(function)
    }

    fn launch(&self, function: &CudaFunction, launch: &Launch) -> Result<()> {
        let [x, y, z] = launch.grid();
        let config = LaunchConfig {
            grid_dim: (x, y, z),
            block_dim: (launch.threads(), 1, 1),
            shared_mem_bytes: 0,
        };
        let words = launch.words();
        let mut builder = self.stream.launch_builder(function);
        builder.arg(&words);
        // SAFETY: the kernel's one argument is a struct of as many words (asserted in its source), made
        // for it; its memory is held by `launch`, of the sizes that the kernel assumes.
        unsafe { builder.launch(config) }.w()?;
        Ok(())
    }
}

impl Drop for Slice {
    fn drop(&mut self) {
        let _turn = self.shared.turn();
        let slice = self
            .slice
            .get_mut()
            .unwrap_or_else(PoisonError::into_inner)
            .take();
        drop(slice);
    }
}

impl Native {
    /// A context and a stream apart from candle's.
    pub(super) fn open(index: usize) -> Result<Self> {
        let context = CudaContext::new(index).w()?;
        // SAFETY: all memory of this context is used on its one stream, in order. Without this, memory
        // would wait for events from before a capture, which ends the capture.
        unsafe { context.disable_event_tracking() };
        Self::on(context.new_stream().w()?)
    }

    fn on(stream: Arc<CudaStream>) -> Result<Self> {
        let context = stream.context();
        if let Some(reason) = too_old(context)? {
            let device = format!("cuda:{}", context.ordinal());
            return Err(Error::DeviceUnavailable { device, reason });
        }
        let module = context
            .load_module(Ptx::from_binary(KERNELS.to_vec()))
            .w()?;
        Ok(Self(Arc::new(Shared {
            stream,
            module,
            functions: Mutex::default(),
            turn: Mutex::new(()),
        })))
    }
}

/// The kernels on the stream of a candle device, to work on the memory of its tensors.
pub(crate) struct Tensors<'a> {
    device: &'a CudaDevice,
    runtime: Runtime,
}

/// The kernels of each candle device, loaded once; nothing for devices that are too old for them.
static LOADED: Mutex<Vec<(DeviceId, Option<Runtime>)>> = Mutex::new(Vec::new());

impl<'a> Tensors<'a> {
    /// The kernels of a device; nothing where it is too old for them.
    pub(crate) fn of(device: &'a CudaDevice) -> CandleResult<Option<Self>> {
        let mut loaded = LOADED.lock().unwrap_or_else(PoisonError::into_inner);
        let known = loaded.iter().find(|(id, _)| *id == device.id());
        let runtime = match known {
            Some((_, runtime)) => runtime.clone(),
            None => {
                let runtime = match Native::on(device.cuda_stream()) {
                    Ok(native) => Some(Runtime::on(native)),
                    Err(Error::DeviceUnavailable { .. }) => None,
                    Err(error) => return Err(candle_core::Error::wrap(error)),
                };
                loaded.push((device.id(), runtime.clone()));
                runtime
            }
        };
        Ok(runtime.map(|runtime| Self { device, runtime }))
    }

    pub(crate) fn runtime(&self) -> &Runtime {
        &self.runtime
    }

    /// The values of a contiguous tensor in single precision, for launches that are started before it is
    /// dropped.
    pub(crate) fn lend(&self, storage: &CudaStorage, layout: &Layout) -> CandleResult<Memory> {
        let Some((start, end)) = layout.contiguous_offsets() else {
            candle_core::bail!("kernel operands must be contiguous, got {layout:?}")
        };
        if storage.device().id() != self.device.id() {
            candle_core::bail!("kernel operands must be on one device")
        }
        let stream = self.device.cuda_stream();
        let (address, _) = storage.as_cuda_slice::<f32>()?.device_ptr(&stream);
        let address = address + 4 * start as u64;
        Ok(Memory::new(address, 4 * (end - start), Box::new(())))
    }

    /// A storage of so many values, of any content.
    pub(crate) fn allocate(&self, len: usize) -> CandleResult<(CudaStorage, Memory)> {
        // SAFETY: whoever asks for it lets a kernel write it before it is read.
        let slice = unsafe { self.device.alloc::<f32>(len) }?;
        let storage = CudaStorage::wrap_cuda_slice(slice, self.device.clone());
        let memory = self.lend(&storage, &Layout::contiguous(len))?;
        Ok((storage, memory))
    }
}

impl fmt::Debug for Native {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        let mut shown = formatter.debug_struct("Native");
        let index = self.0.stream.context().ordinal();
        shown.field("index", &index).finish_non_exhaustive()
    }
}

/// The driver's part of a memory.
fn slice_of(memory: &Memory) -> Result<MutexGuard<'_, Option<CudaSlice<u8>>>> {
    let slice = &memory.owner::<Slice>()?.slice;
    Ok(slice.lock().unwrap_or_else(PoisonError::into_inner))
}

impl Machine for Native {
    fn free_bytes(&self) -> Result<usize> {
        let _turn = self.0.turn();
        // What was given back counts once the stream has come to it.
        self.0.stream.synchronize().w()?;
        let context = self.0.stream.context();
        let (free, _) = context.mem_get_info().w()?;
        Ok(free + kept_bytes(context)?)
    }

    fn allocate(&self, bytes: usize) -> Result<Memory> {
        let slice = {
            let _turn = self.0.turn();
            // SAFETY: memory of any content was asked for; every bit pattern is a number.
            unsafe { self.0.stream.alloc::<u8>(bytes) }.w()?
        };
        let (address, _) = slice.device_ptr(&self.0.stream);
        let owner = Slice {
            slice: Mutex::new(Some(slice)),
            shared: Arc::clone(&self.0),
        };
        Ok(Memory::new(address, bytes, Box::new(owner)))
    }

    fn write(&self, memory: &Memory, bytes: &[u8]) -> Result<()> {
        let mut slice = slice_of(memory)?;
        if let Some(slice) = slice.as_mut() {
            let _turn = self.0.turn();
            let mut part = slice.slice_mut(..bytes.len());
            self.0.stream.memcpy_htod(bytes, &mut part).w()?;
        }
        Ok(())
    }

    fn read(&self, memory: &Memory) -> Result<Vec<u8>> {
        let slice = slice_of(memory)?;
        let mut bytes = vec![0; memory.bytes()];
        if let Some(slice) = slice.as_ref() {
            let _turn = self.0.turn();
            self.0.stream.memcpy_dtoh(slice, &mut bytes).w()?;
            self.0.stream.synchronize().w()?;
        }
        Ok(bytes)
    }

    fn record(&self, launches: &[Launch]) -> Result<Recording> {
        let _turn = self.0.turn();
        // Loaded before the capture, which does not allow it.
        let load = |launch: &Launch| self.0.function(launch.kernel());
        let functions = launches.iter().map(load).collect::<Result<Vec<_>>>()?;
        let mode = CUstreamCaptureMode::CU_STREAM_CAPTURE_MODE_THREAD_LOCAL;
        self.0.stream.begin_capture(mode).w()?;
        let mut launched = functions.iter().zip(launches);
        let launched = launched.try_for_each(|(function, launch)| self.0.launch(function, launch));
        // A capture is ended even where a launch failed, or the stream could not be used again.
        let graph = self.0.stream.end_capture(CUgraphInstantiate_flags(0)).w();
        launched?;
        let replay = Graph {
            graph: graph?,
            shared: Arc::clone(&self.0),
            _launches: launches.to_vec(),
        };
        Ok(Recording::new(Box::new(replay), launches.len()))
    }

    fn run(&self, launches: &[Launch]) -> Result<()> {
        let _turn = self.0.turn();
        let mut launches = launches.iter();
        launches.try_for_each(|launch| self.0.launch(&self.0.function(launch.kernel())?, launch))
    }
}

/// A graph, and what holds its memory; empty without launches.
struct Graph {
    graph: Option<CudaGraph>,
    shared: Arc<Shared>,
    _launches: Vec<Launch>,
}

// SAFETY: the driver allows a graph's calls from any thread, one at a time; a `Recording` is not
// shared, for it is not `Sync`, and every call makes the context current on its thread.
unsafe impl Send for Graph {}

impl Replay for Graph {
    fn replay(&self) -> Result<()> {
        if let Some(graph) = &self.graph {
            let _turn = self.shared.turn();
            graph.launch().w()?;
        }
        Ok(())
    }
}
