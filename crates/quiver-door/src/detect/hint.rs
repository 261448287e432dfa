//! Reads the few words before a number: what they say the number is.

/// What the words before a number say.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Hint {
    Nothing,
    Phone,
    SocialSecurity,
    /// The number of a person in another country.
    National,
    Address,
    Version,
    /// An order, a part, a ticket: a number of a thing.
    Identifier,
}

enum Word {
    Says(Hint),
    /// It stands between a number and the word that matters.
    Filler,
    Unknown,
}

const REACH_BYTES: usize = 56;
const LONGEST_WORD_BYTES: usize = 16;
const MOST_WORDS: usize = 7;

/// The nearest word that says something. A phone's must come at once, the others may have two unknown words behind them.
pub(super) fn hint_before(bytes: &[u8], at: usize) -> Hint {
    let floor = at.saturating_sub(REACH_BYTES);
    super::work::spend(at - floor);
    let mut at = at;
    let mut unknown = 0;
    let mut fallback = Hint::Nothing;
    for _ in 0..MOST_WORDS {
        while at > floor && is_joint(bytes[at - 1]) {
            at -= 1;
        }
        let end = at;
        while at > floor && (bytes[at - 1].is_ascii_alphanumeric() || bytes[at - 1] >= 0x80) {
            at -= 1;
        }
        if at == end {
            return fallback;
        }
        match classify(&bytes[at..end]) {
            Word::Says(Hint::Phone) if unknown > 0 => return fallback,
            // "national id" and "tax id" are of a person, any other id of a thing.
            Word::Says(Hint::Identifier) if &bytes[at..end] == b"id" || &bytes[at..end] == b"ID" => {
                fallback = Hint::Identifier;
            }
            Word::Says(hint) if fallback == Hint::Nothing => return hint,
            Word::Says(hint @ (Hint::SocialSecurity | Hint::National)) => return hint,
            Word::Filler => {}
            Word::Says(_) | Word::Unknown if unknown == 2 || fallback != Hint::Nothing => return fallback,
            Word::Says(_) | Word::Unknown => unknown += 1,
        }
    }
    fallback
}

fn is_joint(byte: u8) -> bool {
    matches!(
        byte,
        b' ' | b':'
            | b'='
            | b'"'
            | b'\''
            | b'.'
            | b'#'
            | b'('
            | b')'
            | b'<'
            | b'>'
            | b'['
            | b'-'
            | b'_'
            | b'/'
            | b'+'
            | b'\\'
            | b'?'
            | b'&'
            | b'*'
            | b'`'
    )
}

fn classify(word: &[u8]) -> Word {
    if word.len() > LONGEST_WORD_BYTES {
        return Word::Unknown;
    }
    let mut buffer = [0_u8; LONGEST_WORD_BYTES];
    let lower = &mut buffer[..word.len()];
    lower.copy_from_slice(word);
    lower.make_ascii_lowercase();
    let mut lower: &[u8] = lower;
    for ending in [&b"number"[..], b"nummer", b"num", b"no", b"nr"] {
        if lower.len() > ending.len() + 1
            && let Some(stem) = lower.strip_suffix(ending)
        {
            lower = stem;
            break;
        }
    }
    if lower.iter().all(u8::is_ascii_digit) {
        return Word::Filler;
    }
    match lower {
        b"at" | b"me" | b"us" | b"is" | b"was" | b"on" | b"number" | b"num" | b"no" | b"nr" | b"nummer" | b"to"
        | b"under" | b"the" | b"my" | b"our" | b"your" | b"his" | b"her" | b"him" | b"them" | b"a" | b"an" | b"of"
        | b"for" | b"from" | b"now" | b"today" | b"please" | b"new" | b"old" | b"and" | b"or" | b"with" | b"as"
        | b"via" | b"by" | b"value" | b"back" | b"home" | b"work" | b"office" | b"s" | b"primary" | b"direct" => {
            Word::Filler
        }
        b"phone"
        | b"phones"
        | b"tel"
        | b"telephone"
        | b"telefon"
        | b"telefono"
        | b"t\xc3\xa9l\xc3\xa9phone"
        | b"t\xc3\xa9l"
        | b"tel\xc3\xa9fono"
        | b"telefone"
        | b"mobile"
        | b"mobil"
        | b"mobiltelefon"
        | b"mob"
        | b"cell"
        | b"cellphone"
        | b"handy"
        | b"fax"
        | b"whatsapp"
        | b"sms"
        | b"call"
        | b"calls"
        | b"called"
        | b"calling"
        | b"caller"
        | b"dial"
        | b"dialed"
        | b"hotline"
        | b"helpline"
        | b"ring"
        | b"text"
        | b"texted"
        | b"rufnummer"
        | b"rufn"
        | b"msisdn"
        | b"contact"
        | b"ph"
        | b"movil"
        | b"m\xc3\xb3vil"
        | b"portable"
        | b"celular"
        | b"anrufen"
        | b"anruf"
        | b"landline"
        | b"reach"
        | b"signal"
        | b"telegram"
        | b"voicemail"
        | b"callback"
        | b"\xe7\x94\xb5\xe8\xaf\x9d"
        | b"\xe6\x89\x8b\xe6\x9c\xba" => Word::Says(Hint::Phone),
        b"ssn" | b"ssns" | b"social" | b"security" | b"socialsecurity" | b"itin" => Word::Says(Hint::SocialSecurity),
        b"ni" | b"nino" | b"insurance" | b"aadhaar" | b"aadhar" | b"cpf" | b"sin" | b"nhs" | b"pesel" | b"bsn"
        | b"dni" | b"nie" | b"national" | b"tax" | b"taxpayer" | b"citizen" | b"personnummer" | b"steuer"
        | b"codice" | b"fiscale" | b"nir" => Word::Says(Hint::National),
        b"ip" | b"ips" | b"ipv4" | b"addr" | b"address" | b"host" | b"client" | b"remote" | b"peer" | b"server"
        | b"dns" | b"resolver" | b"nameserver" | b"ping" | b"request" | b"requests" | b"connection" | b"connect"
        | b"connected" | b"login" | b"logged" | b"source" | b"src" | b"dst" | b"destination" | b"gateway"
        | b"proxy" | b"http" | b"https" | b"tcp" | b"udp" | b"forwarded" | b"visitor" | b"attacker" | b"blocked"
        | b"banned" | b"traceroute" | b"ssh" | b"node" | b"machine" | b"router" | b"session" | b"user" | b"listen"
        | b"listening" | b"origin" | b"clientip" | b"remoteaddr" | b"sourceip" | b"ipaddress" | b"remoteip"
        | b"userip" | b"adresse" => Word::Says(Hint::Address),
        b"version" | b"versions" | b"ver" | b"v" | b"release" | b"released" | b"build" | b"firmware" | b"fw"
        | b"rev" | b"revision" | b"section" | b"chapter" | b"clause" | b"oid" | b"driver" | b"kernel" | b"sdk"
        | b"chrome" | b"chromium" | b"safari" | b"firefox" | b"edge" | b"opera" | b"upgraded" | b"upgrade"
        | b"upgrading" | b"updated" | b"update" | b"installed" | b"install" | b"semver" | b"patch" | b"tag"
        | b"library" | b"lib" | b"plugin" | b"app" | b"assembly" | b"assemblyversion" | b"package" | b"runtime"
        | b"bumped" | b"bump" | b"downgraded" | b"rollback" | b"software" | b"bios" | b"figure" | b"table"
        | b"fileversion" | b"agent" | b"schema" | b"spec" | b"requires" | b"engine" | b"model" => {
            Word::Says(Hint::Version)
        }
        b"room" | b"seat" | b"gate" | b"zip" | b"order" | b"orders" | b"part" | b"sku" | b"item" | b"ref"
        | b"reference" | b"invoice" | b"ticket" | b"case" | b"serial" | b"lot" | b"batch" | b"tracking" | b"isbn"
        | b"issn" | b"product" | b"code" | b"id" | b"ids" | b"article" | b"catalog" | b"catalogue" | b"shipment"
        | b"parcel" | b"po" | b"purchase" | b"upc" | b"ean" | b"gtin" | b"asin" | b"transaction" | b"txn"
        | b"receipt" | b"record" | b"job" | b"run" | b"count" | b"total" | b"bytes" | b"offset" | b"size" | b"seed"
        | b"row" | b"rows" | b"line" | b"range" | b"doi" | b"patent" | b"docket" | b"policy" | b"booking"
        | b"flight" => Word::Says(Hint::Identifier),
        _ => Word::Unknown,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[track_caller]
    fn check(text: &str, expected: Hint) {
        assert_eq!(hint_before(text.as_bytes(), text.len()), expected, "{text}");
    }

    #[test]
    fn the_nearest_telling_word_decides() {
        check("phone: ", Hint::Phone);
        check("\"phoneNumber\":\"", Hint::Phone);
        check("phone_number=", Hint::Phone);
        check("please call me back at ", Hint::Phone);
        check("call completed in ", Hint::Nothing);
        check("call id ", Hint::Identifier);
        check("SSN ", Hint::SocialSecurity);
        check("social security number is ", Hint::SocialSecurity);
        check("national ID: ", Hint::National);
        check("order number ", Hint::Identifier);
        check("order no. ", Hint::Identifier);
        check("version ", Hint::Version);
        check("upgraded from 1.2.3.4 to ", Hint::Version);
        check("client ip=", Hint::Address);
        check("", Hint::Nothing);
        check("phone, ", Hint::Nothing);
    }
}
