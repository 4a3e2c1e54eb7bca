//! The lines of a file, one at a time, each with its number.

use super::Format;
use super::person::{COLUMNS, Person};
use csv::ByteRecord;
use std::cell::RefCell;
use std::collections::VecDeque;
use std::fs::File;
use std::io::{self, BufRead, BufReader, Read};
use std::path::Path;
use std::rc::Rc;

/// The longest line, or row over several lines. The API takes less.
const LONGEST_BYTES: u64 = 1024 * 1024;

/// One line, or row that begins there.
#[derive(Debug)]
pub(super) struct Line {
    /// Its number in the file, from 1.
    pub(super) number: u64,
    /// Who it is about, or what is wrong with it.
    pub(super) person: Result<Person, String>,
}

/// The rest of a file.
pub(super) enum Input {
    Csv {
        rows: csv::Reader<Bounded<File>>,
        columns: Vec<String>,
        track: Rc<RefCell<Track>>,
    },
    Jsonl {
        lines: BufReader<File>,
        number: u64,
    },
}

impl Input {
    /// Opens a file.
    ///
    /// # Errors
    /// When it cannot be read, and when its header is none.
    pub(super) fn open(path: &Path, format: Format) -> Result<Self, String> {
        let unreadable = |error: io::Error| format!("{} cannot be read: {error}", path.display());
        let file = File::open(path).map_err(unreadable)?;
        if format == Format::Jsonl {
            let lines = BufReader::new(file);
            return Ok(Self::Jsonl { lines, number: 0 });
        }
        let track = Rc::new(RefCell::new(Track::default()));
        let bounded = Bounded {
            inner: file,
            track: Rc::clone(&track),
        };
        let mut rows = csv::ReaderBuilder::new()
            .delimiter(delimiter(path).map_err(unreadable)?)
            .flexible(true)
            .from_reader(bounded);
        let header = rows
            .byte_headers()
            .map_err(|error| format!("{}: {error}", path.display()))?;
        let columns = columns(header).map_err(|reason| format!("{}: {reason}", path.display()))?;
        Ok(Self::Csv { rows, columns, track })
    }

    /// The next line; `None` at the end.
    ///
    /// # Errors
    /// When the file cannot be read on.
    pub(super) fn next(&mut self) -> Result<Option<Line>, String> {
        match self {
            Self::Csv { rows, columns, track } => {
                let mut row = ByteRecord::new();
                track.borrow_mut().since_row = 0;
                let read = rows.read_byte_record(&mut row);
                let begin = row.position().unwrap_or(rows.position()).byte();
                let number = track.borrow_mut().line_at(begin);
                match read {
                    Ok(false) => Ok(None),
                    Ok(true) => Ok(Some(Line {
                        number,
                        person: person_of(columns, &row),
                    })),
                    Err(error) => Err(format!("line {number}: {error}")),
                }
            }
            Self::Jsonl { lines, number } => loop {
                let Some(line) = read_line(lines).map_err(|error| format!("line {}: {error}", *number + 1))? else {
                    return Ok(None);
                };
                *number += 1;
                let person = match line {
                    Ok(text) if text.iter().all(u8::is_ascii_whitespace) => continue,
                    Ok(text) => Person::of_json(&text),
                    Err(TooLong) => Err(format!("has more than {LONGEST_BYTES} bytes")),
                };
                let number = *number;
                return Ok(Some(Line { number, person }));
            },
        }
    }
}

struct TooLong;

/// A line without its end; what is too long is passed over and not held.
fn read_line(lines: &mut impl BufRead) -> io::Result<Option<Result<Vec<u8>, TooLong>>> {
    let mut line = Vec::new();
    let read = lines.by_ref().take(LONGEST_BYTES + 1).read_until(b'\n', &mut line)?;
    if read == 0 {
        return Ok(None);
    }
    if line.last() == Some(&b'\n') || line.len() as u64 <= LONGEST_BYTES {
        return Ok(Some(Ok(line)));
    }
    loop {
        let buffer = lines.fill_buf()?;
        let (used, is_over) = match buffer.iter().position(|byte| *byte == b'\n') {
            Some(end) => (end + 1, true),
            None => (buffer.len(), buffer.is_empty()),
        };
        lines.consume(used);
        if is_over {
            return Ok(Some(Err(TooLong)));
        }
    }
}

/// What stands between the cells: a semicolon where the header has some and no comma, as spreadsheets in much of Europe
/// write it.
fn delimiter(path: &Path) -> io::Result<u8> {
    let mut header = Vec::new();
    BufReader::new(File::open(path)?.take(LONGEST_BYTES)).read_until(b'\n', &mut header)?;
    let has = |byte| header.contains(&byte);
    Ok(if has(b';') && !has(b',') { b';' } else { b',' })
}

fn columns(header: &ByteRecord) -> Result<Vec<String>, String> {
    let mut columns: Vec<String> = Vec::with_capacity(header.len());
    for cell in header {
        let name = String::from_utf8_lossy(cell);
        let name = name.trim_start_matches('\u{feff}').trim().to_ascii_lowercase();
        if !COLUMNS.contains(&name.as_str()) {
            return Err(format!(
                "there is no column \"{name}\"; the columns are {}",
                COLUMNS.join(", ")
            ));
        }
        if columns.contains(&name) {
            return Err(format!("the column \"{name}\" is there twice"));
        }
        columns.push(name);
    }
    if columns.iter().all(|name| name != "user_name") {
        return Err("the column \"user_name\" is missing; the first line names the columns".to_owned());
    }
    Ok(columns)
}

fn person_of(columns: &[String], row: &ByteRecord) -> Result<Person, String> {
    if row.len() != columns.len() {
        return Err(format!("has {} cells; the header has {}", row.len(), columns.len()));
    }
    let cells: Result<Vec<(&str, &str)>, String> = columns
        .iter()
        .zip(row)
        .map(|(column, cell)| match std::str::from_utf8(cell) {
            Ok(cell) => Ok((column.as_str(), cell)),
            Err(_) => Err(format!("{column}: is no text in UTF-8")),
        })
        .collect();
    Person::of_row(cells?.into_iter())
}

/// A file of which no row is longer than it may be: a quote that is never closed would make the rest of the file one row.
pub(super) struct Bounded<R> {
    inner: R,
    track: Rc<RefCell<Track>>,
}

/// What went through the reader.
#[derive(Debug, Default)]
pub(super) struct Track {
    /// Bytes since the last row began.
    since_row: u64,
    /// Bytes in all.
    read: u64,
    /// Places of ends of lines that are not counted yet, and whether each is a line feed.
    ends: VecDeque<(u64, bool)>,
    /// Lines that were counted.
    lines: u64,
}

impl Track {
    fn add(&mut self, bytes: &[u8]) {
        for (place, byte) in (self.read..).zip(bytes) {
            if matches!(byte, b'\n' | b'\r') {
                self.ends.push_back((place, *byte == b'\n'));
            }
        }
        self.read += bytes.len() as u64;
        self.since_row += bytes.len() as u64;
    }

    /// The number of the line on which a row begins, whose bytes begin here. Those may be the end of the row before, and
    /// lines with nothing on them.
    fn line_at(&mut self, mut begin: u64) -> u64 {
        while let Some((place, is_line_feed)) = self.ends.front().copied().filter(|(place, _)| *place <= begin) {
            self.lines += u64::from(is_line_feed);
            begin += u64::from(place == begin);
            self.ends.pop_front();
        }
        self.lines + 1
    }
}

impl<R: Read> Read for Bounded<R> {
    fn read(&mut self, buffer: &mut [u8]) -> io::Result<usize> {
        let mut track = self.track.borrow_mut();
        if track.since_row > LONGEST_BYTES {
            let reason = format!("the row has more than {LONGEST_BYTES} bytes; is a quote not closed?");
            return Err(io::Error::other(reason));
        }
        let read = self.inner.read(buffer)?;
        track.add(&buffer[..read]);
        Ok(read)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// The number of a line, and who it is about or what is wrong with it.
    type Told = (u64, Result<String, String>);

    fn lines(name: &str, content: &[u8]) -> Result<Vec<Told>, String> {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join(name);
        std::fs::write(&path, content).unwrap();
        let mut input = Input::open(&path, Format::of(&path).unwrap())?;
        let mut lines = Vec::new();
        while let Some(line) = input.next()? {
            lines.push((line.number, line.person.map(|person| person.user.user_name)));
        }
        Ok(lines)
    }

    #[test]
    fn rows_have_the_numbers_of_the_lines_on_which_they_begin() {
        let content = b"\xef\xbb\xbfuser_name,display_name\nada,\"Ada\nLovelace\"\nbob\n\ncy,Cy\n\xff,x\n";
        let read = lines("a.csv", content).unwrap();
        let told: Vec<_> = read.iter().map(|(number, person)| (*number, person.is_ok())).collect();
        assert_eq!(told, [(2, true), (4, false), (6, true), (7, false)]);
        assert!(read[1].1.as_ref().unwrap_err().contains("has 1 cells"));
        assert!(read[3].1.as_ref().unwrap_err().contains("UTF-8"));
    }

    #[test]
    fn a_spreadsheet_may_put_semicolons_between_its_cells() {
        let read = lines("a.csv", b"user_name;department\r\nada;\"a;b\"\r\n").unwrap();
        assert_eq!(read, [(2, Ok("ada".to_owned()))]);
    }

    #[test]
    fn a_header_is_refused_by_the_name_that_is_wrong() {
        for (header, reason) in [
            ("user_name,shoe_size", "shoe_size"),
            ("display_name", "user_name"),
            ("user_name,user_name", "twice"),
            ("", "user_name"),
        ] {
            let error = lines("a.csv", header.as_bytes()).unwrap_err();
            assert!(error.contains(reason), "{error}");
        }
    }

    #[test]
    fn a_quote_that_is_never_closed_does_not_take_the_file_into_memory() {
        let mut content = b"user_name\nada\n\"bob\n".to_vec();
        content.extend(std::iter::repeat_n(b"cy\n", 1_000_000).flatten());
        let error = lines("a.csv", &content).unwrap_err();
        assert!(error.contains("line 3") && error.contains("quote"), "{error}");
    }

    #[test]
    fn a_line_of_json_that_is_too_long_is_told_and_the_rest_goes_on() {
        let mut content = b"{\"user_name\":\"ada\"}\n\n".to_vec();
        content.extend(std::iter::repeat_n(b'x', 3_000_000));
        content.extend(b"\n{\"user_name\":\"bob\"}");
        let read = lines("a.jsonl", &content).unwrap();
        assert_eq!(read.len(), 3);
        assert!(read[1].0 == 3 && read[1].1.as_ref().unwrap_err().contains("1048576"));
        assert_eq!(read[2], (4, Ok("bob".to_owned())));
    }
}
