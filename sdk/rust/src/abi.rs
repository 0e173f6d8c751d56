// SPDX-License-Identifier: Apache-2.0
//! How values cross the border. A block is a length (u32, little-endian) and bytes. A string counts
//! a final zero in its length, data has none. An array is a count and strings.

use std::alloc::{alloc as alloc_bytes, dealloc, Layout};
use std::panic;

use crate::{log, Level, Params, Text};

const LENGTH_BYTES: usize = 4;
// The size of an allocation stands before it: whoever frees one knows only its address.
const PREFIX_BYTES: usize = 8;

fn layout(size: usize) -> Option<Layout> {
    Layout::from_size_align(size.checked_add(PREFIX_BYTES)?, PREFIX_BYTES).ok()
}

/// Memory for a block of the gateway; 0 if there is none left.
pub fn alloc(size: u32) -> u32 {
    let layout = match layout(size as usize) {
        Some(layout) => layout,
        None => return 0,
    };
    unsafe {
        let start = alloc_bytes(layout);
        if start.is_null() {
            return 0;
        }
        start.cast::<u32>().write(size);
        start.add(PREFIX_BYTES) as u32
    }
}

/// Frees what `alloc` returned.
pub fn free(address: u32) {
    if address == 0 {
        return;
    }
    unsafe {
        let start = (address as *mut u8).sub(PREFIX_BYTES);
        let size = start.cast::<u32>().read();
        if let Some(layout) = layout(size as usize) {
            dealloc(start, layout);
        }
    }
}

/// An argument, freed after the call.
pub struct Block(Vec<u8>);

impl Block {
    pub fn address(&self) -> u32 {
        self.0.as_ptr() as u32
    }
}

fn block(bytes: &[u8], end: &[u8]) -> Block {
    let length = bytes.len() + end.len();
    let mut out = Vec::with_capacity(LENGTH_BYTES + length);
    out.extend_from_slice(&(length as u32).to_le_bytes());
    out.extend_from_slice(bytes);
    out.extend_from_slice(end);
    Block(out)
}

pub fn string(text: &[u8]) -> Block {
    block(text, &[0])
}

pub fn data(bytes: &[u8]) -> Block {
    block(bytes, &[])
}

unsafe fn length_at(address: u32) -> usize {
    (address as *const u32).read_unaligned() as usize
}

unsafe fn bytes_at(address: u32) -> &'static [u8] {
    std::slice::from_raw_parts((address as usize + LENGTH_BYTES) as *const u8, length_at(address))
}

// The gateway has written a whole block at the address; these functions take it over.

pub fn take_data(address: u32) -> Vec<u8> {
    let bytes = unsafe { bytes_at(address) }.to_vec();
    free(address);
    bytes
}

pub fn take_string(address: u32) -> Text {
    let mut bytes = take_data(address);
    bytes.pop();
    Text::from(bytes)
}

pub fn take_array(address: u32) -> Vec<Text> {
    let mut at = address + LENGTH_BYTES as u32;
    let count = unsafe { length_at(address) };
    let texts = (0..count)
        .map(|_| {
            let bytes = unsafe { bytes_at(at) };
            at += (LENGTH_BYTES + bytes.len()) as u32;
            Text::from(bytes[..bytes.len().saturating_sub(1)].to_vec())
        })
        .collect();
    free(address);
    texts
}

/// Takes the parameters, and sends panics to the log of the gateway.
pub fn start(params: u32) -> Params {
    panic::set_hook(Box::new(|told| log(Level::Error, told.to_string())));
    let texts = take_array(params);
    texts.chunks_exact(2).map(|pair| (pair[0].to_string(), pair[1].to_string())).collect()
}
