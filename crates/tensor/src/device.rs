use std::fmt;
use std::str::FromStr;

use candle_core::Device;

use crate::{Error, Result};

/// Which device to compute on, as a user writes it: `auto`, `cpu`, `cuda` or `cuda:INDEX`.
///
/// ```
/// use semantic_inpaint_tensor::DeviceChoice;
/// let choice: DeviceChoice = "cuda:1".parse().unwrap();
/// assert_eq!(choice, DeviceChoice::Cuda(1));
/// assert!("gpu".parse::<DeviceChoice>().is_err());
/// ```
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
#[non_exhaustive]
pub enum DeviceChoice {
    /// The first CUDA device where there is one, else the CPU.
    #[default]
    Auto,
    /// The CPU.
    Cpu,
    /// The CUDA device with this index.
    Cuda(usize),
}

impl DeviceChoice {
    /// Opens the device.
    ///
    /// # Errors
    ///
    /// [`Error::DeviceUnavailable`] when a CUDA device was asked for by name and this build or this
    /// machine has none. [`DeviceChoice::Auto`] falls back to the CPU instead.
    pub fn open(self) -> Result<Device> {
        match self {
            Self::Cpu => Ok(Device::Cpu),
            Self::Auto => Ok(Self::Cuda(0).open().unwrap_or(Device::Cpu)),
            Self::Cuda(index) => open_cuda(index),
        }
    }
}

fn open_cuda(index: usize) -> Result<Device> {
    let unavailable = |reason: String| Error::DeviceUnavailable {
        device: format!("cuda:{index}"),
        reason,
    };
    #[cfg(feature = "cuda")]
    let device = crate::passes::cuda::open_device(index).map_err(|error| {
        // The rest may be a backtrace of candle's.
        let reason = error.to_string();
        unavailable(reason.lines().next().unwrap_or("no CUDA driver").to_owned())
    });
    #[cfg(not(feature = "cuda"))]
    let device = Err(unavailable("built without the feature `cuda`".into()));
    device
}

impl FromStr for DeviceChoice {
    type Err = Error;

    fn from_str(text: &str) -> Result<Self> {
        let unknown = || Error::UnknownDevice(text.to_owned());
        match text {
            "auto" => Ok(Self::Auto),
            "cpu" => Ok(Self::Cpu),
            "cuda" => Ok(Self::Cuda(0)),
            _ => {
                let index = text.strip_prefix("cuda:").ok_or_else(unknown)?;
                index.parse().map(Self::Cuda).map_err(|_| unknown())
            }
        }
    }
}

impl fmt::Display for DeviceChoice {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Auto => formatter.write_str("auto"),
            Self::Cpu => formatter.write_str("cpu"),
            Self::Cuda(index) => write!(formatter, "cuda:{index}"),
        }
    }
}

/// The name of a device for reports: `cpu` or `cuda:INDEX`.
#[must_use]
pub fn describe_device(device: &Device) -> String {
    match device.location() {
        candle_core::DeviceLocation::Cpu => "cpu".into(),
        candle_core::DeviceLocation::Cuda { gpu_id } => format!("cuda:{gpu_id}"),
        candle_core::DeviceLocation::Metal { gpu_id } => format!("metal:{gpu_id}"),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names_round_trip() {
        for name in ["auto", "cpu", "cuda:0", "cuda:3"] {
            assert_eq!(name.parse::<DeviceChoice>().unwrap().to_string(), name);
        }
        assert_eq!(
            "cuda".parse::<DeviceChoice>().unwrap(),
            DeviceChoice::Cuda(0)
        );
    }

    #[test]
    fn unknown_names_are_refused_with_the_choices() {
        for name in ["", "gpu", "cuda:", "cuda:x", "CPU"] {
            let message = name.parse::<DeviceChoice>().unwrap_err().to_string();
            assert!(message.contains("auto, cpu, cuda"), "{message}");
        }
    }

    #[test]
    fn auto_always_opens() {
        DeviceChoice::Auto.open().unwrap();
    }

    #[test]
    fn a_missing_device_is_one_line_with_the_reason_and_the_remedy() {
        // No machine has so many.
        let message = DeviceChoice::Cuda(4096).open().unwrap_err().to_string();
        assert!(message.starts_with("device cuda:4096 is not available ("));
        assert!(message.ends_with("): use `cpu` or `auto`"), "{message}");
        assert_eq!(message.lines().count(), 1, "{message}");
    }
}
