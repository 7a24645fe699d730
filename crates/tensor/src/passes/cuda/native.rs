//! The CUDA driver: a context, a stream, the embedded kernels, and graphs of launches.
//!
//! This module is the crate's one place with calls into CUDA that the compiler cannot check. A launch's
//! kernel and arguments fit each other because [`Launch`]es are made by this crate alone, which checks
//! the sizes of all memory; and a launch holds its memory, so that a graph never outlives it.
#![allow(unsafe_code)]

use std::fmt;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use candle_core::cuda::WrapErr;
use candle_core::cuda::cudarc::driver::sys::{CUgraphInstantiate_flags, CUstreamCaptureMode};
use candle_core::cuda::cudarc::driver::{
    CudaContext, CudaGraph, CudaModule, CudaSlice, CudaStream, DevicePtr, LaunchConfig,
    PushKernelArg,
};
use candle_core::cuda::cudarc::nvrtc::Ptx;

use super::launch::Launch;
use super::runtime::{Machine, Memory, Recording, Replay};
use crate::Result;

/// Machine code and PTX of `kernels/kernel.cu`, from the build script.
static KERNELS: &[u8] = include_bytes!(concat!(env!("OUT_DIR"), "/frozen_networks.fatbin"));

pub(super) struct Native {
    stream: Arc<CudaStream>,
    module: Arc<CudaModule>,
}

impl Native {
    pub(super) fn open(index: usize) -> Result<Self> {
        let context = CudaContext::new(index).w()?;
        // SAFETY: all memory of this context is used on its one stream, in order. Without this, memory
        // would wait for events from before a capture, which ends the capture.
        unsafe { context.disable_event_tracking() };
        let stream = context.new_stream().w()?;
        let module = context.load_module(Ptx::from_binary(KERNELS.to_vec()));
        Ok(Self {
            stream,
            module: module.w()?,
        })
    }

    fn launch(&self, launch: &Launch) -> Result<()> {
        let function = self.module.load_function(launch.kernel()).w()?;
        let [x, y, z] = launch.grid();
        let config = LaunchConfig {
            grid_dim: (x, y, z),
            block_dim: (launch.threads(), 1, 1),
            shared_mem_bytes: 0,
        };
        let words = launch.words();
        let mut builder = self.stream.launch_builder(&function);
        builder.arg(&words);
        // SAFETY: the kernel's one argument is a struct of as many words (asserted in its source), made
        // for it; its memory is held by `launch`, of the sizes that the kernel assumes.
        unsafe { builder.launch(config) }.w()?;
        Ok(())
    }
}

impl fmt::Debug for Native {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        let mut shown = formatter.debug_struct("Native");
        let index = self.stream.context().ordinal();
        shown.field("index", &index).finish_non_exhaustive()
    }
}

type Slice = Mutex<CudaSlice<u8>>;

/// The driver's part of a memory.
fn slice_of(memory: &Memory) -> Result<MutexGuard<'_, CudaSlice<u8>>> {
    let slice = memory.owner::<Slice>()?;
    Ok(slice.lock().unwrap_or_else(PoisonError::into_inner))
}

impl Machine for Native {
    fn free_bytes(&self) -> Result<usize> {
        let (free, _) = self.stream.context().mem_get_info().w()?;
        Ok(free)
    }

    fn allocate(&self, bytes: usize) -> Result<Memory> {
        let slice = self.stream.alloc_zeros::<u8>(bytes).w()?;
        let (address, _) = slice.device_ptr(&self.stream);
        Ok(Memory::new(address, bytes, Box::new(Mutex::new(slice))))
    }

    fn write(&self, memory: &Memory, bytes: &[u8]) -> Result<()> {
        let mut slice = slice_of(memory)?;
        let mut part = slice.slice_mut(..bytes.len());
        self.stream.memcpy_htod(bytes, &mut part).w()?;
        Ok(())
    }

    fn read(&self, memory: &Memory) -> Result<Vec<u8>> {
        let bytes = self.stream.clone_dtoh(&*slice_of(memory)?).w()?;
        self.stream.synchronize().w()?;
        Ok(bytes)
    }

    fn record(&self, launches: &[Launch]) -> Result<Recording> {
        let mode = CUstreamCaptureMode::CU_STREAM_CAPTURE_MODE_THREAD_LOCAL;
        self.stream.begin_capture(mode).w()?;
        let launched = launches.iter().try_for_each(|launch| self.launch(launch));
        // A capture is ended even where a launch failed, or the stream could not be used again.
        let graph = self.stream.end_capture(CUgraphInstantiate_flags(0)).w();
        launched?;
        let replay = Graph {
            graph: graph?,
            _launches: launches.to_vec(),
        };
        Ok(Recording::new(Box::new(replay), launches.len()))
    }
}

/// A graph, and what holds its memory; empty without launches.
struct Graph {
    graph: Option<CudaGraph>,
    _launches: Vec<Launch>,
}

// SAFETY: the driver allows a graph's calls from any thread, one at a time; a `Recording` is not
// shared, for it is not `Sync`, and every call makes the context current on its thread.
unsafe impl Send for Graph {}

impl Replay for Graph {
    fn replay(&self) -> Result<()> {
        if let Some(graph) = &self.graph {
            graph.launch().w()?;
        }
        Ok(())
    }
}
