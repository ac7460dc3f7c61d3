//! Ogg's checksum: CRC-32 with polynomial 04c11db7, not reflected, from zero (RFC 3533 §6, field 7).

const TABLE: [u32; 256] = table();

const fn table() -> [u32; 256] {
    let mut table = [0; 256];
    let mut byte = 0;
    while byte < 256 {
        let mut crc = (byte as u32) << 24;
        let mut bit = 0;
        while bit < 8 {
            crc = if crc & 0x8000_0000 != 0 {
                (crc << 1) ^ 0x04c1_1db7
            } else {
                crc << 1
            };
            bit += 1;
        }
        table[byte] = crc;
        byte += 1;
    }
    table
}

/// Goes on from `crc` (0 at the start) with `bytes`.
pub(super) fn update(crc: u32, bytes: &[u8]) -> u32 {
    bytes.iter().fold(crc, |crc, byte| {
        (crc << 8) ^ TABLE[usize::from((crc >> 24) as u8 ^ byte)]
    })
}

#[cfg(test)]
mod tests {
    use super::update;

    #[test]
    fn the_check_value_of_crc_32_without_reflection_and_complement() {
        // The catalogue's CRC-32/CKSUM differs only in complementing the end.
        assert_eq!(!update(0, b"123456789"), 0x765e_7680);
    }
}
