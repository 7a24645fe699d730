//! One module per command: its arguments and what it does with them.

pub(crate) mod bench;
pub(crate) mod calibrate;
pub(crate) mod evaluate;
pub(crate) mod import;
pub(crate) mod info;
pub(crate) mod inpaint;
pub(crate) mod mask;
pub(crate) mod prepare;
pub(crate) mod sample;
pub(crate) mod score;
pub(crate) mod train;
