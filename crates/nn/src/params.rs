use std::collections::BTreeMap;

use semantic_inpaint_tensor::ops::moving_average;
use semantic_inpaint_tensor::passes::Precision;
use semantic_inpaint_tensor::{DType, Device, Rng, Tensor, Var};

use crate::{Error, Init, Result};

/// What a parameter is for.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Role {
    /// Moved by an optimizer.
    Weight,
    /// A running average that a layer updates itself.
    Statistic,
}

/// Name, shape, start and role of one parameter, as a network declares it.
#[derive(Debug, Clone, PartialEq)]
pub struct ParamSpec {
    name: String,
    shape: Vec<usize>,
    init: Init,
    role: Role,
}

impl ParamSpec {
    /// A declaration.
    pub fn new(
        name: impl Into<String>,
        shape: impl Into<Vec<usize>>,
        init: Init,
        role: Role,
    ) -> Self {
        Self {
            name: name.into(),
            shape: shape.into(),
            init,
            role,
        }
    }

    /// The parameter's name.
    #[must_use]
    pub fn name(&self) -> &str {
        &self.name
    }

    /// The parameter's shape.
    #[must_use]
    pub fn shape(&self) -> &[usize] {
        &self.shape
    }
}

/// A network's tensors by name, in alphabetical order.
///
/// A parameter is either a variable, which optimizers and layers may change, or a fixed tensor, which
/// takes no gradient. Cloning shares the storage.
#[derive(Debug, Clone, Default)]
pub struct Params {
    entries: BTreeMap<String, Entry>,
    precision: Precision,
}

#[derive(Debug, Clone)]
struct Entry {
    value: Value,
    role: Role,
}

#[derive(Debug, Clone)]
enum Value {
    Variable(Var),
    Fixed(Tensor),
}

impl Entry {
    fn variable(tensor: &Tensor, role: Role) -> Result<Self> {
        Ok(Self {
            value: Value::Variable(Var::from_tensor(tensor)?),
            role,
        })
    }

    fn tensor(&self) -> &Tensor {
        match &self.value {
            Value::Variable(var) => var.as_tensor(),
            Value::Fixed(tensor) => tensor,
        }
    }
}

impl Params {
    /// New variables in f32, drawn in the order of `specs`.
    ///
    /// # Errors
    ///
    /// A tensor error when memory cannot be allocated.
    pub fn initialize(specs: &[ParamSpec], rng: &mut Rng, device: &Device) -> Result<Self> {
        let mut entries = BTreeMap::new();
        for spec in specs {
            let tensor = spec.init.sample(&spec.shape, rng, device)?;
            entries.insert(spec.name.clone(), Entry::variable(&tensor, spec.role)?);
        }
        Ok(Self {
            entries,
            precision: Precision::default(),
        })
    }

    /// New variables in f32 with the values of `tensors`, which must match `specs` exactly.
    ///
    /// # Errors
    ///
    /// [`Error::MissingParameter`], [`Error::UnexpectedTensor`], [`Error::ParameterShape`] or
    /// [`Error::NotFinite`], each with the name.
    pub fn from_tensors(
        specs: &[ParamSpec],
        tensors: &BTreeMap<String, Tensor>,
        device: &Device,
    ) -> Result<Self> {
        if let Some(name) = tensors
            .keys()
            .find(|&name| specs.iter().all(|s| s.name != *name))
        {
            return Err(Error::UnexpectedTensor { name: name.clone() });
        }
        let mut entries = BTreeMap::new();
        for spec in specs {
            let name = spec.name.clone();
            let tensor = tensors
                .get(&name)
                .ok_or_else(|| Error::MissingParameter { name: name.clone() })?;
            if tensor.dims() != spec.shape {
                return Err(Error::ParameterShape {
                    name,
                    expected: spec.shape.clone(),
                    found: tensor.dims().to_vec(),
                });
            }
            let tensor = tensor
                .to_device(device)?
                .to_dtype(DType::F32)?
                .contiguous()?
                .copy()?;
            // Any infinity or NaN makes the sum of the values times 0 differ from 0.
            if (&tensor * 0.0)?.sum_all()?.to_scalar::<f32>()? != 0.0 {
                return Err(Error::NotFinite { name });
            }
            entries.insert(name, Entry::variable(&tensor, spec.role)?);
        }
        Ok(Self {
            entries,
            precision: Precision::default(),
        })
    }

    /// The same parameters, by which layers multiply in this precision; the values themselves stay in single
    /// precision (Micikevicius et al. 2018).
    #[must_use]
    pub fn with_precision(self, precision: Precision) -> Self {
        Self { precision, ..self }
    }

    /// What layers over these parameters multiply, where the device has it. Copies and views have that of their
    /// origin; new parameters have [`Precision::F32`].
    #[must_use]
    pub fn precision(&self) -> Precision {
        self.precision
    }

    /// The tensor of this name, tracked when it is a variable.
    ///
    /// # Errors
    ///
    /// [`Error::MissingParameter`].
    pub fn tensor(&self, name: &str) -> Result<&Tensor> {
        let entry = self.entries.get(name);
        entry
            .map(Entry::tensor)
            .ok_or_else(|| Error::MissingParameter {
                name: name.to_owned(),
            })
    }

    /// The variable of this name; nothing when it is fixed or absent.
    #[must_use]
    pub fn variable(&self, name: &str) -> Option<&Var> {
        match &self.entries.get(name)?.value {
            Value::Variable(var) => Some(var),
            Value::Fixed(_) => None,
        }
    }

    /// Name, tensor and role of every parameter, by name.
    pub fn iter(&self) -> impl Iterator<Item = (&str, &Tensor, Role)> {
        self.entries
            .iter()
            .map(|(name, entry)| (name.as_str(), entry.tensor(), entry.role))
    }

    /// Name and variable of every weight that an optimizer may move, by name.
    pub fn trainable(&self) -> impl Iterator<Item = (&str, &Var)> {
        self.entries
            .iter()
            .filter_map(|(name, entry)| match (&entry.value, entry.role) {
                (Value::Variable(var), Role::Weight) => Some((name.as_str(), var)),
                _ => None,
            })
    }

    /// Number of values in all weights and statistics.
    #[must_use]
    pub fn num_values(&self) -> usize {
        self.iter().map(|(_, tensor, _)| tensor.elem_count()).sum()
    }

    /// Untracked copies of all tensors, by name.
    ///
    /// # Errors
    ///
    /// A tensor error when memory cannot be allocated.
    pub fn to_tensors(&self) -> Result<BTreeMap<String, Tensor>> {
        let copy = |(name, tensor, _): (&str, &Tensor, _)| -> Result<_> {
            Ok((name.to_owned(), tensor.detach().copy()?))
        };
        self.iter().map(copy).collect()
    }

    /// A copy with storage of its own in which nothing can change: no gradients, no statistics.
    ///
    /// # Errors
    ///
    /// A tensor error when memory cannot be allocated.
    pub fn frozen(&self) -> Result<Self> {
        self.map(|entry| Ok(Value::Fixed(entry.tensor().detach().copy()?)))
    }

    /// A copy with storage of its own and variables of its own.
    ///
    /// # Errors
    ///
    /// A tensor error when memory cannot be allocated.
    pub fn duplicate(&self) -> Result<Self> {
        self.map(|entry| {
            Ok(Value::Variable(Var::from_tensor(
                &entry.tensor().detach().copy()?,
            )?))
        })
    }

    /// A copy with variables of another type, for example f64 for gradient checks.
    ///
    /// # Errors
    ///
    /// A tensor error when memory cannot be allocated.
    pub fn to_dtype(&self, dtype: DType) -> Result<Self> {
        self.map(|entry| {
            let tensor = entry.tensor().detach().copy()?.to_dtype(dtype)?;
            Ok(Value::Variable(Var::from_tensor(&tensor)?))
        })
    }

    /// A view of the same storage whose weights take no gradient; statistics still update.
    ///
    /// A generator's step sends its gradient through the discriminator by such a view: the
    /// discriminator's own weight gradients, which nobody needs there, are never computed.
    ///
    /// # Errors
    ///
    /// None today; a result because the other views have one.
    pub fn without_gradients(&self) -> Result<Self> {
        self.map(|entry| {
            Ok(match (&entry.value, entry.role) {
                (Value::Variable(var), Role::Weight) => Value::Fixed(var.as_detached_tensor()),
                _ => entry.value.clone(),
            })
        })
    }

    /// Overwrites the variables with the values of `tensors`.
    ///
    /// # Errors
    ///
    /// [`Error::MissingParameter`], [`Error::ParameterShape`] with the name; nothing is written then.
    pub fn assign(&self, tensors: &BTreeMap<String, Tensor>) -> Result<()> {
        for (name, tensor, _) in self.iter() {
            let found = tensors.get(name).ok_or_else(|| Error::MissingParameter {
                name: name.to_owned(),
            })?;
            if found.dims() != tensor.dims() {
                return Err(Error::ParameterShape {
                    name: name.to_owned(),
                    expected: tensor.dims().to_vec(),
                    found: found.dims().to_vec(),
                });
            }
        }
        for (name, entry) in &self.entries {
            if let Value::Variable(var) = &entry.value {
                let value = tensors[name]
                    .to_device(var.device())?
                    .to_dtype(var.dtype())?;
                var.set(&value.contiguous()?.copy()?)?;
            }
        }
        Ok(())
    }

    /// Moves every variable towards `target`'s: `decay * self + (1 - decay) * target`.
    ///
    /// # Errors
    ///
    /// [`Error::MissingParameter`] when `target` lacks a name.
    pub fn average_towards(&self, target: &Self, decay: f64) -> Result<()> {
        for (name, entry) in &self.entries {
            if let Value::Variable(var) = &entry.value {
                moving_average(var, &target.tensor(name)?.detach(), decay)?;
            }
        }
        Ok(())
    }

    fn map(&self, change: impl Fn(&Entry) -> Result<Value>) -> Result<Self> {
        let entry = |(name, entry): (&String, &Entry)| {
            Ok((
                name.clone(),
                Entry {
                    value: change(entry)?,
                    role: entry.role,
                },
            ))
        };
        Ok(Self {
            entries: self.entries.iter().map(entry).collect::<Result<_>>()?,
            precision: self.precision,
        })
    }
}

#[cfg(test)]
mod tests;
