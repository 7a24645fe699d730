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
    CudaContext, CudaFunction, CudaGraph, CudaModule, CudaSlice, CudaStream, DevicePtr,
    LaunchConfig, PushKernelArg,
};
use candle_core::cuda::cudarc::nvrtc::Ptx;

use super::launch::Launch;
use super::runtime::{Machine, Memory, Recording, Replay};
use crate::Result;

/// Machine code and PTX of `kernels/kernel.cu`, from the build script.
static KERNELS: &[u8] = include_bytes!(concat!(env!("OUT_DIR"), "/frozen_networks.fatbin"));

/// A context of its own, with one stream: whatever happens does so in its order.
pub(super) struct Native(Arc<Shared>);

struct Shared {
    stream: Arc<CudaStream>,
    module: Arc<CudaModule>,
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
    pub(super) fn open(index: usize) -> Result<Self> {
        let context = CudaContext::new(index).w()?;
        // SAFETY: all memory of this context is used on its one stream, in order. Without this, memory
        // would wait for events from before a capture, which ends the capture.
        unsafe { context.disable_event_tracking() };
        let stream = context.new_stream().w()?;
        let module = context
            .load_module(Ptx::from_binary(KERNELS.to_vec()))
            .w()?;
        Ok(Self(Arc::new(Shared {
            stream,
            module,
            turn: Mutex::new(()),
        })))
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
        let (free, _) = self.0.stream.context().mem_get_info().w()?;
        Ok(free)
    }

    fn allocate(&self, bytes: usize) -> Result<Memory> {
        let slice = {
            let _turn = self.0.turn();
            self.0.stream.alloc_zeros::<u8>(bytes).w()?
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
        let load = |launch: &Launch| self.0.module.load_function(launch.kernel()).w();
        let functions = launches.iter().map(load);
        let functions = functions.collect::<candle_core::Result<Vec<_>>>()?;
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
