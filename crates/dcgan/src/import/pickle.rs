//! The part of Python's pickle language that describes tensors in dictionaries.
//!
//! A pickle is a program for a stack machine. What it builds is kept in one vector and referred to by
//! index, so that sharing, cycles and depth cost nothing. Nothing is called: the four functions that
//! a state dict names are recognized, any other is refused.

use std::collections::HashMap;

use semantic_inpaint_tensor::DType;

use super::read::Fault;
use super::record::{StorageRecord, TensorRecord};

type Result<T> = std::result::Result<T, Fault>;

/// Bounds on what a state dict holds. They keep a small file that refers to the same long text or
/// tuple a million times from filling the memory with copies.
const MAX_NAME_BYTES: usize = 500;
const MAX_RANK: usize = 8;
pub(super) const MAX_ENTRIES: usize = 10_000;

/// The index of a value in a [`Pickled`].
pub(super) type Id = usize;

/// What a pickle built.
#[derive(Debug)]
pub(super) enum Value {
    /// A number, `None` or a truth value other than an integer: read and not used.
    Plain,
    Int(i64),
    Text(String),
    Tuple(Vec<Id>),
    List,
    Dict(Vec<(Id, Id)>),
    Function(Function),
    StorageType(DType),
    Storage(StorageRecord),
    Tensor(TensorRecord),
}

/// The functions that a state dict may name.
#[derive(Debug, Clone, Copy)]
pub(super) enum Function {
    OrderedDict,
    RebuildTensor,
    RebuildParameter,
}

/// The values of one pickle.
#[derive(Debug)]
pub(super) struct Pickled {
    values: Vec<Value>,
    root: Id,
}

impl Pickled {
    pub(super) fn root(&self) -> &Value {
        &self.values[self.root]
    }

    pub(super) fn value(&self, id: Id) -> &Value {
        &self.values[id]
    }
}

/// Reads a pickle to its end.
pub(super) fn read(program: &[u8]) -> Result<Pickled> {
    let mut machine = Machine {
        rest: program,
        values: Vec::new(),
        stack: Vec::new(),
        marks: Vec::new(),
        memo: HashMap::new(),
    };
    loop {
        let [opcode] = machine.bytes()?;
        if opcode == b'.' {
            let root = machine.pop()?;
            return Ok(Pickled {
                values: machine.values,
                root,
            });
        }
        machine.execute(opcode)?;
    }
}

struct Machine<'a> {
    rest: &'a [u8],
    values: Vec<Value>,
    stack: Vec<Id>,
    marks: Vec<usize>,
    memo: HashMap<u32, Id>,
}

impl<'a> Machine<'a> {
    /// One instruction; names as in Python's `pickletools`.
    fn execute(&mut self, opcode: u8) -> Result<()> {
        match opcode {
            // PROTO
            0x80 => drop(self.bytes::<1>()?),
            // MARK
            b'(' => self.marks.push(self.stack.len()),
            // APPEND, APPENDS: the items of lists are not used. BUILD: nor are the attributes of
            // objects, such as the version numbers of a state dict.
            b'a' | b'b' => drop(self.pop()?),
            b'e' => drop(self.pop_to_mark()?),
            // SETITEM, SETITEMS
            b's' | b'u' => {
                let items = if opcode == b's' {
                    self.pop_many(2)?
                } else {
                    self.pop_to_mark()?
                };
                self.set_items(&items)?;
            }
            // BINPUT, LONG_BINPUT
            b'q' | b'r' => {
                let slot = self.memo_slot(opcode == b'r')?;
                let top = *self.stack.last().ok_or_else(empty_stack)?;
                self.memo.insert(slot, top);
            }
            // BINGET, LONG_BINGET
            b'h' | b'j' => {
                let slot = self.memo_slot(opcode == b'j')?;
                let missing = || Fault::damaged("the pickle uses a value before making it");
                self.stack.push(*self.memo.get(&slot).ok_or_else(missing)?);
            }
            _ => {
                let value = self.make(opcode)?;
                self.stack.push(self.values.len());
                self.values.push(value);
            }
        }
        Ok(())
    }

    /// The value of an instruction that makes one.
    fn make(&mut self, opcode: u8) -> Result<Value> {
        Ok(match opcode {
            // NONE, NEWTRUE, NEWFALSE
            b'N' | 0x88 | 0x89 => Value::Plain,
            // BINFLOAT
            b'G' => self.bytes::<8>().map(|_| Value::Plain)?,
            // BININT, BININT1, BININT2, LONG1
            b'J' => Value::Int(i32::from_le_bytes(self.bytes()?).into()),
            b'K' => Value::Int(u8::from_le_bytes(self.bytes()?).into()),
            b'M' => Value::Int(u16::from_le_bytes(self.bytes()?).into()),
            0x8a => self.long()?,
            // BINUNICODE
            b'X' => {
                let len = u32::from_le_bytes(self.bytes()?) as usize;
                let text = std::str::from_utf8(self.take(len)?)
                    .map_err(|e| Fault::damaged(e.to_string()))?;
                // Longer texts, such as a log, are no names.
                if len <= MAX_NAME_BYTES {
                    Value::Text(text.to_string())
                } else {
                    Value::Plain
                }
            }
            // EMPTY_TUPLE, EMPTY_LIST, EMPTY_DICT
            b')' => Value::Tuple(Vec::new()),
            b']' => Value::List,
            b'}' => Value::Dict(Vec::new()),
            // TUPLE, TUPLE1, TUPLE2, TUPLE3
            b't' => Value::Tuple(self.pop_to_mark()?),
            0x85..=0x87 => Value::Tuple(self.pop_many(usize::from(opcode - 0x84))?),
            // GLOBAL, REDUCE, BINPERSID
            b'c' => global(self.line()?, self.line()?)?,
            b'R' => self.reduce()?,
            b'Q' => Value::Storage(self.storage()?),
            other => {
                return Err(Fault::damaged(format!(
                    "instruction {other:#04x} in the pickle"
                )));
            }
        })
    }

    fn pop(&mut self) -> Result<Id> {
        self.stack.pop().ok_or_else(empty_stack)
    }

    fn pop_many(&mut self, count: usize) -> Result<Vec<Id>> {
        let from = self
            .stack
            .len()
            .checked_sub(count)
            .ok_or_else(empty_stack)?;
        Ok(self.stack.split_off(from))
    }

    fn pop_to_mark(&mut self) -> Result<Vec<Id>> {
        let mark = self.marks.pop().filter(|&mark| mark <= self.stack.len());
        Ok(self.stack.split_off(mark.ok_or_else(empty_stack)?))
    }

    fn take(&mut self, len: usize) -> Result<&'a [u8]> {
        let (taken, rest) = self.rest.split_at_checked(len).ok_or_else(ends_early)?;
        self.rest = rest;
        Ok(taken)
    }

    fn bytes<const N: usize>(&mut self) -> Result<[u8; N]> {
        let (taken, rest) = self.rest.split_first_chunk().ok_or_else(ends_early)?;
        self.rest = rest;
        Ok(*taken)
    }

    fn line(&mut self) -> Result<&'a str> {
        let len = self
            .rest
            .iter()
            .position(|&byte| byte == b'\n')
            .ok_or_else(ends_early)?;
        let line =
            std::str::from_utf8(self.take(len)?).map_err(|e| Fault::damaged(e.to_string()))?;
        self.take(1)?;
        Ok(line)
    }

    /// An integer of any length; longer ones than 8 bytes, such as random seeds, are no size of a
    /// tensor.
    fn long(&mut self) -> Result<Value> {
        let [len] = self.bytes()?;
        let digits = self.take(len.into())?;
        let negative = digits.last().is_some_and(|&top| top >= 0x80);
        let mut all = [if negative { 0xff } else { 0 }; 8];
        let Some(low) = all.get_mut(..digits.len()) else {
            return Ok(Value::Plain);
        };
        low.copy_from_slice(digits);
        Ok(Value::Int(i64::from_le_bytes(all)))
    }

    fn memo_slot(&mut self, long: bool) -> Result<u32> {
        Ok(if long {
            u32::from_le_bytes(self.bytes()?)
        } else {
            self.bytes::<1>()?[0].into()
        })
    }

    fn set_items(&mut self, items: &[Id]) -> Result<()> {
        let dict = *self.stack.last().ok_or_else(empty_stack)?;
        let (pairs, []) = items.as_chunks::<2>() else {
            return Err(Fault::damaged("a key without value in the pickle"));
        };
        match &mut self.values[dict] {
            Value::Dict(entries) => entries.extend(pairs.iter().map(|&[key, value]| (key, value))),
            _ => return Err(Fault::damaged("a key of something that is no dictionary")),
        }
        match &self.values[dict] {
            Value::Dict(entries) if entries.len() > MAX_ENTRIES => Err(Fault::damaged(format!(
                "a dictionary of more than {MAX_ENTRIES} entries"
            ))),
            _ => Ok(()),
        }
    }

    /// `function(*arguments)` of the functions that are known.
    fn reduce(&mut self) -> Result<Value> {
        let (arguments, function) = (self.pop()?, self.pop()?);
        let wrong = || Fault::damaged("a call with other arguments than PyTorch's");
        let Value::Tuple(arguments) = &self.values[arguments] else {
            return Err(wrong());
        };
        match (&self.values[function], arguments.as_slice()) {
            (Value::Function(Function::OrderedDict), []) => Ok(Value::Dict(Vec::new())),
            (Value::Function(Function::RebuildTensor), &[storage, offset, shape, strides, ..]) => {
                self.tensor(storage, offset, shape, strides)
                    .map(Value::Tensor)
                    .ok_or_else(wrong)
            }
            (Value::Function(Function::RebuildParameter), &[tensor, ..]) => {
                match &self.values[tensor] {
                    Value::Tensor(record) => Ok(Value::Tensor(record.clone())),
                    _ => Err(wrong()),
                }
            }
            _ => Err(wrong()),
        }
    }

    fn tensor(&self, storage: Id, offset: Id, shape: Id, strides: Id) -> Option<TensorRecord> {
        let Value::Storage(storage) = &self.values[storage] else {
            return None;
        };
        let (shape, strides) = (self.sizes(shape)?, self.sizes(strides)?);
        let same_rank = shape.len() == strides.len();
        let offset = self.size(offset)?;
        same_rank.then(|| TensorRecord {
            storage: storage.clone(),
            offset,
            shape,
            strides,
        })
    }

    fn sizes(&self, tuple: Id) -> Option<Vec<usize>> {
        let Value::Tuple(items) = &self.values[tuple] else {
            return None;
        };
        if items.len() > MAX_RANK {
            return None;
        }
        items.iter().map(|&item| self.size(item)).collect()
    }

    fn size(&self, id: Id) -> Option<usize> {
        if let Value::Int(size) = self.values[id] {
            size.try_into().ok()
        } else {
            None
        }
    }

    /// `("storage", type, key, device, length)`: what PyTorch refers to outside the pickle.
    fn storage(&mut self) -> Result<StorageRecord> {
        let id = self.pop()?;
        if let Value::Tuple(parts) = &self.values[id]
            && let [_, dtype, key, ..] = parts.as_slice()
            && let (Value::StorageType(dtype), Value::Text(key)) =
                (&self.values[*dtype], &self.values[*key])
        {
            return Ok(StorageRecord {
                key: key.clone(),
                dtype: *dtype,
            });
        }
        Err(Fault::damaged(
            "a reference to a storage that is not PyTorch's",
        ))
    }
}

/// The few names a state dict needs; every other one is refused, whatever it would do.
fn global(module: &str, name: &str) -> Result<Value> {
    Ok(match (module, name) {
        ("collections", "OrderedDict") => Value::Function(Function::OrderedDict),
        ("torch._utils", "_rebuild_tensor_v2") => Value::Function(Function::RebuildTensor),
        ("torch._utils", "_rebuild_parameter") => Value::Function(Function::RebuildParameter),
        ("torch", "FloatStorage") => Value::StorageType(DType::F32),
        ("torch", "DoubleStorage") => Value::StorageType(DType::F64),
        ("torch", "HalfStorage") => Value::StorageType(DType::F16),
        ("torch", "BFloat16Storage") => Value::StorageType(DType::BF16),
        ("torch", "LongStorage") => Value::StorageType(DType::I64),
        ("torch", "IntStorage") => Value::StorageType(DType::I32),
        ("torch", "ByteStorage") => Value::StorageType(DType::U8),
        _ => return Err(Fault::Forbidden(format!("{module}.{name}"))),
    })
}

#[cfg(test)]
#[path = "pickle_tests.rs"]
mod tests;

fn empty_stack() -> Fault {
    Fault::damaged("the pickle takes from an empty stack")
}

fn ends_early() -> Fault {
    Fault::damaged("the pickle ends early")
}
