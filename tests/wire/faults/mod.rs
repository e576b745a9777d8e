//! The real program while the ground gives way: it is killed, its disk is full or broken, its file
//! descriptors run out, its clock jumps, servers vanish. Pulls go on, what was complete is kept,
//! and it recovers by itself.

mod clock;
mod descriptors;
mod disk;
mod kill;
mod network;
mod program;
mod signals;
