//! The blocks that a layer's tar archive is cut into: what hashing and compression work on.

use std::io::Write as _;
use std::sync::Arc;

/// Size of a block in bytes. Fixed, as it decides where the compressor starts anew, so the digest too.
pub(crate) const BLOCK_SIZE: usize = 512 * 1024;

/// A piece of the archive; all but the last are full.
#[derive(Debug)]
pub(crate) struct Block {
    bytes: Box<[u8]>,
    length: usize,
}

impl Default for Block {
    /// An empty one.
    fn default() -> Self {
        Self { bytes: vec![0; BLOCK_SIZE].into_boxed_slice(), length: 0 }
    }
}

impl Block {
    /// What it holds.
    pub(crate) fn filled(&self) -> &[u8] {
        self.bytes.get(..self.length).unwrap_or_default()
    }

    /// The room that is left.
    pub(crate) fn spare(&mut self) -> &mut [u8] {
        self.bytes.get_mut(self.length..).unwrap_or_default()
    }

    /// Takes the first bytes of [`Self::spare`] in.
    pub(crate) fn extend(&mut self, length: usize) {
        self.length += length;
    }

    /// Makes it empty.
    pub(crate) fn clear(&mut self) {
        self.length = 0;
    }
}

/// The threads that take the blocks have ended, with an error of their own.
#[derive(Debug)]
pub(crate) struct ReceiverGone;

/// Where full blocks go.
pub(crate) type Emit<'a> = dyn FnMut(Arc<Block>) -> Result<(), ReceiverGone> + 'a;

/// Cuts bytes into blocks.
pub(crate) struct BlockWriter<'a> {
    emit: &'a mut Emit<'a>,
    current: Block,
    /// Blocks given away earlier, to be used again once all others let go of them.
    given: Vec<Arc<Block>>,
    written: u64,
}

impl<'a> BlockWriter<'a> {
    pub(crate) fn new(emit: &'a mut Emit<'a>) -> Self {
        Self { emit, current: Block::default(), given: Vec::new(), written: 0 }
    }

    /// Appends bytes.
    pub(crate) fn write(&mut self, mut bytes: &[u8]) -> Result<(), ReceiverGone> {
        while !bytes.is_empty() {
            let length = self.spare().write(bytes).unwrap_or_default();
            bytes = bytes.get(length..).unwrap_or_default();
            self.advance(length)?;
        }
        Ok(())
    }

    /// Room for at least one byte; [`Self::advance`] takes what was put there.
    pub(crate) fn spare(&mut self) -> &mut [u8] {
        self.current.spare()
    }

    /// Appends the first bytes of [`Self::spare`].
    pub(crate) fn advance(&mut self, length: usize) -> Result<(), ReceiverGone> {
        self.current.extend(length);
        self.written += length as u64;
        if self.current.length < BLOCK_SIZE { Ok(()) } else { self.give_away() }
    }

    /// Gives the last block away; returns the number of bytes written in all.
    pub(crate) fn finish(mut self) -> Result<u64, ReceiverGone> {
        if self.current.length > 0 {
            self.give_away()?;
        }
        Ok(self.written)
    }

    fn give_away(&mut self) -> Result<(), ReceiverGone> {
        let next = self.unused().unwrap_or_default();
        let full = Arc::new(std::mem::replace(&mut self.current, next));
        self.given.push(Arc::clone(&full));
        (self.emit)(full)
    }

    fn unused(&mut self) -> Option<Block> {
        let free = self.given.iter_mut().position(|block| Arc::get_mut(block).is_some())?;
        let mut block = Arc::into_inner(self.given.swap_remove(free))?;
        block.clear();
        Some(block)
    }
}

#[cfg(test)]
mod tests {
    use std::sync::Arc;

    use super::{BLOCK_SIZE, Block, BlockWriter, ReceiverGone};

    #[test]
    fn bytes_come_out_as_they_went_in() {
        let input: Vec<u8> = (0..=250).cycle().take(2 * BLOCK_SIZE + 77).collect();
        let mut blocks = Vec::new();
        let mut keep = |block: Arc<Block>| {
            blocks.push(block.filled().to_vec());
            Ok(())
        };
        let mut writer = BlockWriter::new(&mut keep);
        for piece in input.chunks(100_003) {
            writer.write(piece).unwrap();
        }
        assert_eq!(writer.finish().unwrap(), input.len() as u64);
        assert_eq!(blocks.iter().map(Vec::len).collect::<Vec<_>>(), [BLOCK_SIZE, BLOCK_SIZE, 77]);
        assert_eq!(blocks.concat(), input);
    }

    #[test]
    fn no_bytes_make_no_block() {
        let mut none = |_: Arc<Block>| Err(ReceiverGone);
        assert_eq!(BlockWriter::new(&mut none).finish().unwrap(), 0);
    }

    #[test]
    fn a_block_in_use_is_left_alone() {
        let mut first = Vec::new();
        let mut hold = |block: Arc<Block>| {
            if first.is_empty() {
                first.push(block);
            }
            Ok(())
        };
        let mut writer = BlockWriter::new(&mut hold);
        for fill in 1..=4 {
            writer.write(&vec![fill; BLOCK_SIZE]).unwrap();
        }
        // One is held, another was used again and again.
        assert_eq!(writer.given.len(), 2);
        drop(writer);
        assert!(first[0].filled().iter().all(|byte| *byte == 1));
    }
}
