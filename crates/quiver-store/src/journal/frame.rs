//! Turns one frame into bytes and back; knows no file and no folder.
//!
//! ```text
//! magic "QFRM" | body length u32 | crc32c u32 | body
//! body: kind u8 | first offset u64 | rows u32 | received at u64 | producer position u64
//!       | stream length u8 | producer length u16 | stream | producer | payload
//! ```
//! Numbers are little-endian. The checksum starts from the journal's epoch and covers the length, so that neither
//! a flipped length nor a frame copied from another journal passes.

use super::error::JournalError;
use uuid::Uuid;

pub(crate) const FRAME_MAGIC: [u8; 4] = *b"QFRM";
/// Magic, length and checksum.
pub(crate) const PREFIX_BYTES: usize = 12;
/// The fixed part of the body.
const FIXED_BODY_BYTES: usize = 1 + 8 + 4 + 8 + 8 + 1 + 2;
/// The longest stream name.
pub const STREAM_NAME_LIMIT_BYTES: usize = u8::MAX as usize;
/// The longest producer name.
pub const PRODUCER_NAME_LIMIT_BYTES: usize = 1024;
/// No frame is longer, whatever the options say: a damaged length must not make a reader allocate more.
pub const FRAME_LIMIT_BYTES: u32 = 64 << 20;

/// What a frame says.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Kind {
    /// Rows of a stream.
    Rows,
    /// Offsets that were lost; recovery writes it so that the loss is counted once and never guessed again.
    Lost,
    /// The producers' positions at the start of a file, so that cutting older files forgets none.
    Positions,
}

impl Kind {
    fn code(self) -> u8 {
        match self {
            Self::Rows => 1,
            Self::Lost => 2,
            Self::Positions => 3,
        }
    }

    fn of(code: u8) -> Option<Self> {
        match code {
            1 => Some(Self::Rows),
            2 => Some(Self::Lost),
            3 => Some(Self::Positions),
            _ => None,
        }
    }
}

/// Rows handed to the journal.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct NewFrame<'a> {
    /// Which stream the rows belong to, such as `flight-delay/prediction`.
    pub stream: &'a str,
    /// Who sent them, or empty.
    pub producer: &'a str,
    /// Rows of the producer's source consumed after this frame.
    pub producer_position: u64,
    /// When they arrived, in microseconds since 1970.
    pub received_at_microseconds: i64,
    /// How many offsets the frame takes. Zero moves the producer's position only.
    pub row_count: u32,
    /// The rows, encoded by the caller.
    pub payload: &'a [u8],
}

/// Rows read back.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Frame {
    /// The offset of the first row.
    pub first_offset: u64,
    /// Which stream the rows belong to.
    pub stream: String,
    /// Who sent them, or empty.
    pub producer: String,
    /// Rows of the producer's source consumed after this frame.
    pub producer_position: u64,
    /// When they arrived, in microseconds since 1970.
    pub received_at_microseconds: i64,
    /// How many offsets the frame takes.
    pub row_count: u32,
    /// The rows, as the caller encoded them.
    pub payload: Vec<u8>,
}

impl Frame {
    /// Returns the offset after the last row.
    pub fn next_offset(&self) -> u64 {
        self.first_offset.saturating_add(u64::from(self.row_count))
    }
}

/// Encodes and decodes the frames of one journal.
#[derive(Debug, Clone, Copy)]
pub struct FrameCodec {
    seed: u32,
}

/// Why bytes are not a frame.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct NotAFrame(pub &'static str);

impl FrameCodec {
    /// Returns the codec of the journal with this epoch.
    pub fn new(epoch: Uuid) -> Self {
        Self { seed: crc32c::crc32c(epoch.as_bytes()) }
    }

    /// Appends the frame's bytes to `out`.
    ///
    /// # Errors
    /// When a name or the whole frame is over its limit; `out` is then unchanged.
    pub fn encode(
        &self,
        frame: &NewFrame<'_>,
        first_offset: u64,
        limit_bytes: u32,
        out: &mut Vec<u8>,
    ) -> Result<(), JournalError> {
        self.encode_kind(Kind::Rows, frame, first_offset, limit_bytes, out)
    }

    pub(crate) fn encode_kind(
        &self,
        kind: Kind,
        frame: &NewFrame<'_>,
        first_offset: u64,
        limit_bytes: u32,
        out: &mut Vec<u8>,
    ) -> Result<(), JournalError> {
        let stream_bytes = short("stream name", frame.stream, STREAM_NAME_LIMIT_BYTES)?;
        let producer_bytes = short("producer name", frame.producer, PRODUCER_NAME_LIMIT_BYTES)?;
        let limit_bytes = limit_bytes.min(FRAME_LIMIT_BYTES);
        let length_bytes = FIXED_BODY_BYTES + frame.stream.len() + frame.producer.len() + frame.payload.len();
        let length = u32::try_from(length_bytes).ok().filter(|length| *length <= limit_bytes).ok_or(
            JournalError::FrameTooLong { length_bytes: length_bytes as u64, limit_bytes: u64::from(limit_bytes) },
        )?;
        let start = out.len();
        out.reserve(PREFIX_BYTES + length_bytes);
        out.extend_from_slice(&FRAME_MAGIC);
        out.extend_from_slice(&length.to_le_bytes());
        out.extend_from_slice(&[0; 4]);
        out.push(kind.code());
        out.extend_from_slice(&first_offset.to_le_bytes());
        out.extend_from_slice(&frame.row_count.to_le_bytes());
        out.extend_from_slice(&frame.received_at_microseconds.to_le_bytes());
        out.extend_from_slice(&frame.producer_position.to_le_bytes());
        // Both lengths were checked against their limits above.
        out.push(stream_bytes as u8);
        out.extend_from_slice(&(producer_bytes as u16).to_le_bytes());
        out.extend_from_slice(frame.stream.as_bytes());
        out.extend_from_slice(frame.producer.as_bytes());
        out.extend_from_slice(frame.payload);
        let checksum = self.checksum(length, &out[start + PREFIX_BYTES..]);
        out[start + 8..start + 12].copy_from_slice(&checksum.to_le_bytes());
        Ok(())
    }

    /// Reads the length of the body that follows a prefix.
    ///
    /// # Errors
    /// When the bytes do not start a frame.
    pub fn body_length_bytes(prefix: &[u8; PREFIX_BYTES]) -> Result<u32, NotAFrame> {
        if prefix[..4] != FRAME_MAGIC {
            return Err(NotAFrame("no frame starts here"));
        }
        let length = u32::from_le_bytes([prefix[4], prefix[5], prefix[6], prefix[7]]);
        if length > FRAME_LIMIT_BYTES || (length as usize) < FIXED_BODY_BYTES {
            return Err(NotAFrame("frame length is out of bounds"));
        }
        Ok(length)
    }

    /// Reads one frame from its prefix and body.
    ///
    /// # Errors
    /// When anything differs from what was written.
    pub fn decode(&self, prefix: &[u8; PREFIX_BYTES], body: &[u8]) -> Result<Frame, NotAFrame> {
        match self.decode_kind(prefix, body)? {
            (Kind::Rows, frame) => Ok(frame),
            _ => Err(NotAFrame("frame holds no rows")),
        }
    }

    pub(crate) fn decode_kind(&self, prefix: &[u8; PREFIX_BYTES], body: &[u8]) -> Result<(Kind, Frame), NotAFrame> {
        let length = Self::body_length_bytes(prefix)?;
        if length as usize != body.len() {
            return Err(NotAFrame("frame is incomplete"));
        }
        let stored = u32::from_le_bytes([prefix[8], prefix[9], prefix[10], prefix[11]]);
        if stored != self.checksum(length, body) {
            return Err(NotAFrame("checksum does not match"));
        }
        let mut fields = Fields(body);
        let kind = Kind::of(u8::from_le_bytes(fields.take()?)).ok_or(NotAFrame("frame kind is unknown"))?;
        let first_offset = u64::from_le_bytes(fields.take()?);
        let row_count = u32::from_le_bytes(fields.take()?);
        let received_at_microseconds = i64::from_le_bytes(fields.take()?);
        let producer_position = u64::from_le_bytes(fields.take()?);
        let stream_length = usize::from(u8::from_le_bytes(fields.take()?));
        let producer_length = usize::from(u16::from_le_bytes(fields.take()?));
        let stream = fields.text(stream_length)?;
        let producer = fields.text(producer_length)?;
        let payload = fields.0.to_vec();
        if first_offset.checked_add(u64::from(row_count)).is_none() {
            return Err(NotAFrame("offset is out of bounds"));
        }
        let frame =
            Frame { first_offset, stream, producer, producer_position, received_at_microseconds, row_count, payload };
        Ok((kind, frame))
    }

    fn checksum(&self, length: u32, body: &[u8]) -> u32 {
        crc32c::crc32c_append(crc32c::crc32c_append(self.seed, &length.to_le_bytes()), body)
    }
}

fn short(what: &'static str, name: &str, limit_bytes: usize) -> Result<usize, JournalError> {
    if name.len() > limit_bytes {
        return Err(JournalError::NameTooLong { what, length_bytes: name.len(), limit_bytes });
    }
    Ok(name.len())
}

/// The part of a body that is still unread.
struct Fields<'a>(&'a [u8]);

impl Fields<'_> {
    fn take<const N: usize>(&mut self) -> Result<[u8; N], NotAFrame> {
        let (head, tail) = self.0.split_first_chunk::<N>().ok_or(NotAFrame("frame body is too short"))?;
        self.0 = tail;
        Ok(*head)
    }

    fn text(&mut self, length: usize) -> Result<String, NotAFrame> {
        let (head, tail) = self.0.split_at_checked(length).ok_or(NotAFrame("frame body is too short"))?;
        self.0 = tail;
        std::str::from_utf8(head).map(str::to_owned).map_err(|_| NotAFrame("name is not UTF-8"))
    }
}
