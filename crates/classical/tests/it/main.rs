//! Classical fills beside other implementations, and what must hold for each of them.

mod local_goldens;
mod material;
