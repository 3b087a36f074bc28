//! Writes gzipped tar archives, honest ones and hostile ones.

/// What an entry is.
#[derive(Clone, Copy)]
pub enum Kind {
    /// A regular file.
    File,
    /// A symbolic link; the content is its target.
    Symlink,
    /// A hard link; the content is its target.
    Hardlink,
}

/// A tar entry of the ustar format.
pub fn entry(name: &str, kind: Kind, content: &[u8]) -> Vec<u8> {
    let (flag, link, data): (u8, &[u8], &[u8]) = match kind {
        Kind::File => (b'0', b"", content),
        Kind::Symlink => (b'2', content, b""),
        Kind::Hardlink => (b'1', content, b""),
    };
    let mut out = header(name, flag, link, data.len() as u64);
    out.extend_from_slice(data);
    out.resize(out.len().next_multiple_of(512), 0);
    out
}

/// A tar header alone; what follows must hold `size` bytes, padded to 512.
pub fn header(name: &str, flag: u8, link: &[u8], size: u64) -> Vec<u8> {
    assert!(name.len() <= 100 && link.len() <= 100, "a name is too long for this format");
    let mut block = vec![0u8; 512];
    let mut put = |at: usize, bytes: &[u8]| block[at..at + bytes.len()].copy_from_slice(bytes);
    put(0, name.as_bytes());
    put(100, b"0000644\0");
    put(108, b"0000000\0");
    put(116, b"0000000\0");
    put(124, format!("{size:011o}\0").as_bytes());
    put(136, b"00000000000\0");
    put(148, b"        ");
    put(156, &[flag]);
    put(157, link);
    put(257, b"ustar\x0000");
    let sum: u32 = block.iter().map(|b| u32::from(*b)).sum();
    block[148..156].copy_from_slice(format!("{sum:06o}\0 ").as_bytes());
    block
}

/// A tar file of these entries, gzipped.
pub fn tgz(entries: &[Vec<u8>]) -> Vec<u8> {
    let mut tar = entries.concat();
    tar.extend_from_slice(&[0; 1024]);
    gzip(&tar)
}

/// A gzip file of stored blocks: no compression, which a test doesn't need.
pub fn gzip(data: &[u8]) -> Vec<u8> {
    let mut out = MAGIC.to_vec();
    let mut chunks = data.chunks(0xffff).peekable();
    if data.is_empty() {
        out.extend_from_slice(&[1, 0, 0, 0xff, 0xff]);
    }
    while let Some(chunk) = chunks.next() {
        let size = chunk.len() as u16;
        out.push(u8::from(chunks.peek().is_none()));
        out.extend_from_slice(&size.to_le_bytes());
        out.extend_from_slice(&(!size).to_le_bytes());
        out.extend_from_slice(chunk);
    }
    let mut crc = Crc::new();
    crc.add(data);
    out.extend_from_slice(&crc.sum().to_le_bytes());
    out.extend_from_slice(&(data.len() as u32).to_le_bytes());
    out
}

/// A gzip file of `head` and then `zeros` zero bytes, in about a thousandth of the space: a bomb. What is unpacked
/// ends without a tar trailer, and the check sum is right.
pub fn bomb(head: &[u8], zeros: u64) -> Vec<u8> {
    let mut out = MAGIC.to_vec();
    for chunk in head.chunks(0xffff) {
        let size = chunk.len() as u16;
        out.push(0);
        out.extend_from_slice(&size.to_le_bytes());
        out.extend_from_slice(&(!size).to_le_bytes());
        out.extend_from_slice(chunk);
    }
    // One block of the fixed codes: a literal zero, then copies of 258 bytes at distance 1, then the end.
    let mut bits = Bits { out, held: 0, count: 0 };
    bits.put(0b011, 3);
    bits.code(0b0011_0000, 8);
    let copies = (zeros - 1) / 258;
    for _ in 0..copies {
        bits.code(0b1100_0101, 8);
        bits.code(0, 5);
    }
    bits.code(0, 7);
    let mut out = bits.finish();
    let mut crc = Crc::new();
    crc.add(head);
    let made = 1 + copies * 258;
    let block = [0u8; 65536];
    let mut left = made;
    while left > 0 {
        let now = left.min(block.len() as u64);
        crc.add(&block[..now as usize]);
        left -= now;
    }
    out.extend_from_slice(&crc.sum().to_le_bytes());
    out.extend_from_slice(&((head.len() as u64 + made) as u32).to_le_bytes());
    out
}

const MAGIC: [u8; 10] = [0x1f, 0x8b, 8, 0, 0, 0, 0, 0, 0, 0xff];

/// Bits into bytes, the lowest first, as deflate wants them.
struct Bits {
    out: Vec<u8>,
    held: u32,
    count: u32,
}

impl Bits {
    fn put(&mut self, bits: u32, count: u32) {
        self.held |= bits << self.count;
        self.count += count;
        while self.count >= 8 {
            self.out.push(self.held as u8);
            self.held >>= 8;
            self.count -= 8;
        }
    }

    /// A Huffman code, which goes highest bit first.
    fn code(&mut self, code: u32, count: u32) {
        self.put(code.reverse_bits() >> (32 - count), count);
    }

    fn finish(mut self) -> Vec<u8> {
        if self.count > 0 {
            self.out.push(self.held as u8);
        }
        self.out
    }
}

/// CRC-32 of IEEE 802.3.
struct Crc {
    table: [u32; 256],
    sum: u32,
}

impl Crc {
    fn new() -> Self {
        let mut table = [0u32; 256];
        for (i, slot) in table.iter_mut().enumerate() {
            *slot = (0..8).fold(i as u32, |c, _| if c & 1 == 1 { 0xedb8_8320 ^ (c >> 1) } else { c >> 1 });
        }
        Crc { table, sum: !0 }
    }

    fn add(&mut self, bytes: &[u8]) {
        for b in bytes {
            self.sum = self.table[((self.sum ^ u32::from(*b)) & 0xff) as usize] ^ (self.sum >> 8);
        }
    }

    fn sum(&self) -> u32 {
        !self.sum
    }
}
